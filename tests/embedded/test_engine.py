"""The store without a server keeps the same promises as the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from lrs import Engine, Settings, create_app
from lrs.errors import Conflict, Forbidden, InvalidStatement
from lrs.subscriptions.starts import After
from tests.samples import COURSE_A, COURSE_B, principal, statement

VERSION = {"X-Experience-API-Version": "1.0.3"}


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 30))


async def all_of(found: AsyncIterator[dict[str, Any]]) -> list[str]:
    return [one["id"] async for one in found]


def test_what_is_appended_is_found_across_pages(tmp_path: Path) -> None:
    made = [statement() for _ in range(25)]

    async def scenario() -> list[str]:
        async with Engine(Settings(data=tmp_path)) as engine:
            await engine.append(made)
            return await all_of(engine.query(limit=10, ascending=True))

    assert run(scenario()) == [one["id"] for one in made]


def test_an_agent_and_courses_are_given_as_python_objects(tmp_path: Path) -> None:
    wanted = statement(learner="ann", course=COURSE_A)

    async def scenario() -> list[str]:
        async with Engine(Settings(data=tmp_path)) as engine:
            await engine.append([wanted, statement(learner="bob"), statement(course="course-v1:Org+Z+1")])
            return await all_of(engine.query(agent=wanted["actor"], course=[COURSE_A, COURSE_B]))

    assert run(scenario()) == [wanted["id"]]


def test_an_invalid_statement_is_refused_with_the_path_of_what_is_wrong(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Engine(Settings(data=tmp_path)) as engine:
            await engine.append([statement(), statement(verb="no iri")])

    with pytest.raises(InvalidStatement) as caught:
        run(scenario())
    assert caught.value.problems[0].path == "$[1].verb.id"


def test_a_conflict_refuses_all_that_came_with_it(tmp_path: Path) -> None:
    made = statement()

    async def scenario() -> list[str]:
        async with Engine(Settings(data=tmp_path)) as engine:
            await engine.append(made)
            with pytest.raises(Conflict):
                await engine.append([statement(), made | {"verb": {"id": "http://example.com/other"}}])
            return await all_of(engine.query())

    assert run(scenario()) == [made["id"]]


def test_a_restricted_principal_neither_sees_nor_writes_nor_subscribes_beyond_its_grant(tmp_path: Path) -> None:
    """Invariant 4 and invariant 8: one predicate on every way in and out."""
    restricted = principal("engine", number=5, courses=(COURSE_A,))
    mine, other = statement(course=COURSE_A), statement(course=COURSE_B)

    async def scenario() -> list[str]:
        async with Engine(Settings(data=tmp_path)) as engine:
            await engine.append([mine, other, statement(course=None)])
            for refused in (statement(course=COURSE_B), statement(course=None)):
                with pytest.raises(Forbidden):
                    await engine.append(refused, principal=restricted)
            with pytest.raises(Forbidden):
                engine.subscribe(principal=restricted, course=[COURSE_B])
            assert await all_of(engine.query(principal=restricted, statementId=other["id"])) == []
            return await all_of(engine.query(principal=restricted))

    assert run(scenario()) == [mine["id"]]


def test_a_subscription_goes_on_where_its_cursor_was_kept(tmp_path: Path) -> None:
    """Invariant 5."""
    made = [statement() for _ in range(3)]

    async def next_ids(engine: Engine, count: int, **start: Any) -> tuple[list[str], str]:
        found: list[str] = []
        async with engine.subscribe(course=[COURSE_A], **start) as subscription:
            async for batch in subscription:
                found += [one["id"] for one in made for payload in batch.payloads if one["id"].encode() in payload]
                if len(found) >= count:
                    return found, batch.cursor
        return found, ""

    async def scenario() -> tuple[list[str], list[str]]:
        async with Engine(Settings(data=tmp_path)) as engine:
            await engine.append(made[0])
            first, cursor = await next_ids(engine, 1, start="beginning")
            await engine.append(made[1:])
        async with Engine(Settings(data=tmp_path)) as engine:
            second, _ = await next_ids(engine, 2, start=After(cursor))
        return first, second

    assert run(scenario()) == ([made[0]["id"]], [made[1]["id"], made[2]["id"]])


def test_two_applications_in_one_process_keep_their_stores_apart(tmp_path: Path) -> None:
    async def scenario() -> list[int]:
        apps = [create_app(Settings(data=tmp_path / name)) for name in ("one", "two")]
        outer = Starlette(routes=[Mount("/one", apps[0]), Mount("/two", apps[1])])
        engine = await apps[0].start()
        engine.issuer.add_consumer("lms", scopes=frozenset({"all"}))
        issued = engine.issuer.add_key("lms")
        transport = httpx.ASGITransport(app=outer)
        async with httpx.AsyncClient(transport=transport, base_url="http://lrs", headers=VERSION) as client:
            codes = []
            for prefix in ("/one", "/two"):
                answer = await client.post(
                    f"{prefix}/xapi/statements", json=statement(), auth=(issued.key, issued.secret)
                )
                codes.append(answer.status_code)
        for app in apps:
            await app.stop()
        return codes

    assert run(scenario()) == [200, 401]


def test_an_application_mounted_without_lifespan_answers_pages_that_can_be_followed(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        app = create_app(Settings(data=tmp_path))
        engine = await app.start()
        await engine.append([statement() for _ in range(5)])
        engine.issuer.add_consumer("reader", scopes=frozenset({"all/read"}))
        issued = engine.issuer.add_key("reader")
        outer = Starlette(routes=[Mount("/deep/prefix", app)])
        auth = (issued.key, issued.secret)
        found: list[str] = []
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=outer), base_url="http://lrs", headers=VERSION, auth=auth
        ) as client:
            path = "/deep/prefix/xapi/statements?limit=2"
            while path:
                answer = (await client.get(path)).json()
                found += [one["id"] for one in answer["statements"]]
                path = answer["more"]
        await app.stop()
        return found

    assert len(set(run(scenario()))) == 5


def test_an_application_opens_again_after_it_was_stopped(tmp_path: Path) -> None:
    async def scenario() -> bool:
        app = create_app(Settings(data=tmp_path))
        made = statement()
        await (await app.start()).append(made)
        await app.stop()
        found = await all_of((await app.start()).query(statementId=made["id"]))
        await app.stop()
        return found == [made["id"]]

    assert run(scenario())
