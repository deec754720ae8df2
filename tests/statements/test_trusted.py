"""What a trusted writer sends is stored or set aside, never lost (invariant 11)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from lrs import Engine, Settings
from lrs.auth.principal import Principal
from lrs.errors import InvalidStatement
from lrs.statements.deviations import ACTIVITY_ID, GROUP_ACTIVITY, SCORE_RANGE, mended
from lrs.statements.events import TRANSFORMER_VERSION
from lrs.statements.sqlite.verify import verify_records
from tests.samples import COURSE_A, COURSE_B, principal, statement

Run = Callable[[Callable[[Engine, Principal], Awaitable[Any]]], Any]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def play(scenario: Callable[[Engine, Principal], Awaitable[Any]]) -> Any:
        async def with_engine() -> Any:
            async with Engine(Settings(data=tmp_path)) as engine:
                engine.issuer.add_consumer("lms", trusted=True)
                issued = engine.issuer.add_key("lms")
                credential = f"{issued.key}:{issued.secret}".encode()
                header = "Basic " + base64.b64encode(credential).decode()
                return await scenario(engine, engine.authenticator.principal_for_authorization(header))

        return asyncio.run(asyncio.wait_for(with_engine(), 30))

    return play


def group_activity(**members: Any) -> dict[str, Any]:
    return statement(object={"objectType": "GroupActivity", "id": "https://lms.example.com/xblock/p"}, **members)


def exam() -> dict[str, Any]:
    made = statement()
    made["context"]["contextActivities"]["grouping"] = [{"id": "438AD672-1E21-4E4E-8E4D-0C7C3E6A0E0A"}]
    return made


def weightless() -> dict[str, Any]:
    return statement(result={"score": {"min": 0, "max": 0, "raw": 0}})


async def found(engine: Engine, **parameters: Any) -> list[dict[str, Any]]:
    return [one async for one in engine.query(ascending=True, **parameters)]


@pytest.mark.parametrize(
    ("made", "deviation"), [(group_activity(), GROUP_ACTIVITY), (exam(), ACTIVITY_ID), (weightless(), SCORE_RANGE)]
)
def test_a_known_deviation_is_stored_as_it_was_sent(run: Run, made: dict[str, Any], deviation: str) -> None:
    assert mended(made)[1] == {deviation}

    async def scenario(engine: Engine, lms: Principal) -> Any:
        assert await engine.append(made, principal=lms) == [made["id"]]
        (stored,) = await found(engine)
        return {name: stored[name] for name in made}, engine.aside.counts()["quarantined"]

    assert run(scenario) == (made, 0)


def test_a_deviating_statement_is_found_by_its_course_all_the_same(run: Run) -> None:
    made = group_activity(context={})
    made["object"]["id"] = "https://lms.example.com/xblock/block-v1:Org+A+2026+type@problem+block@x"

    async def scenario(engine: Engine, lms: Principal) -> Any:
        await engine.append(made, principal=lms)
        return [one["id"] for one in await found(engine, course=COURSE_A)]

    assert run(scenario) == [made["id"]]


def test_an_ordinary_writer_gets_the_strict_standard(run: Run) -> None:
    async def scenario(engine: Engine, _: Principal) -> Any:
        with pytest.raises(InvalidStatement):
            await engine.append(exam())
        return await found(engine)

    assert run(scenario) == []


def test_what_is_invalid_beyond_the_known_is_set_aside_and_its_neighbours_stored(run: Run) -> None:
    good, bad = statement(), exam() | {"verb": {"id": "no iri"}}

    async def scenario(engine: Engine, lms: Principal) -> Any:
        ids = await engine.append([good, bad], principal=lms)
        (aside,) = engine.aside.quarantined()
        stored = [one["id"] for one in await found(engine)]
        return ids, stored, aside.consumer, aside.problems[0]["path"], orjson.loads(aside.body)

    assert run(scenario) == ([good["id"], bad["id"]], [good["id"]], "lms", "$[1].verb.id", bad)


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,"a":2}', b"\xff\xfe", b"[[[[", b'"text"', b"[1,null]"])
def test_what_is_no_statement_at_all_is_set_aside_and_answered(run: Run, body: bytes) -> None:
    async def scenario(engine: Engine, lms: Principal) -> Any:
        return await engine.append(body, principal=lms), engine.aside.counts()["quarantined"] > 0

    assert run(scenario) == ([], True)


def test_what_is_outside_the_grant_of_a_trusted_writer_is_set_aside(tmp_path: Path) -> None:
    inside, outside = statement(course=COURSE_A), statement(course=COURSE_B)

    async def scenario() -> Any:
        async with Engine(Settings(data=tmp_path)) as engine:
            lms = replace(principal("lms", courses=(COURSE_A,)), trusted=True)
            await engine.append([inside, outside], principal=lms)
            (aside,) = engine.aside.quarantined()
            return [one["id"] for one in await found(engine)], orjson.loads(aside.body)["id"]

    assert asyncio.run(scenario()) == ([inside["id"]], outside["id"])


def test_a_conflict_costs_a_batch_nothing_and_both_contents_are_kept(run: Run) -> None:
    made, fresh = statement(), statement(block="b2")
    other = made | {"verb": {"id": "http://example.com/other"}}

    async def scenario(engine: Engine, lms: Principal) -> Any:
        await engine.append(made, principal=lms)
        ids = await engine.append([other, fresh], principal=lms)
        (conflict,) = engine.aside.conflicts()
        stored = [one["id"] for one in await found(engine)]
        return ids, stored, conflict.kept["verb"]["id"], conflict.refused["verb"]["id"]

    assert run(scenario) == (
        [made["id"], fresh["id"]],
        [made["id"], fresh["id"]],
        made["verb"]["id"],
        "http://example.com/other",
    )


def versioned(made: dict[str, Any], version: str) -> dict[str, Any]:
    return made | {"context": made["context"] | {"extensions": {TRANSFORMER_VERSION: version}}}


def test_the_same_id_from_another_version_of_the_transformer_is_the_same_statement(run: Run) -> None:
    made = statement()

    async def scenario(engine: Engine, lms: Principal) -> Any:
        await engine.append(versioned(made, "erb@1"), principal=lms)
        await engine.append([versioned(made, "erb@2"), statement(block="b2")], principal=lms)
        return len(await found(engine)), engine.aside.counts()

    assert run(scenario) == (2, {"quarantined": 0, "conflicts": 0, "repeats": 1})


@pytest.mark.parametrize("together", [True, False])
def test_the_same_event_under_another_id_is_kept_once_and_counted(run: Run, together: bool) -> None:
    made = statement(timestamp="2026-11-22T00:31:00.280000+00:00")
    again = versioned(made, "erb@2") | {"id": str(uuid4()), "timestamp": "2026-11-22T01:31:00.28+01:00"}

    async def scenario(engine: Engine, lms: Principal) -> Any:
        for batch in [[made, again]] if together else [[made], [again]]:
            await engine.append(batch, principal=lms)
        return [one["id"] for one in await found(engine)], engine.aside.counts()["repeats"]

    assert run(scenario) == ([made["id"]], 1)


@pytest.mark.parametrize(
    "difference",
    [
        {"result": {"success": True}},
        {"object": {"id": "https://lms.example.com/xblock/other"}},
        {"timestamp": "2026-11-22T10:00:00.001Z"},
    ],
)
def test_another_event_of_the_same_learner_is_stored(run: Run, difference: dict[str, Any]) -> None:
    made = statement()

    async def scenario(engine: Engine, lms: Principal) -> Any:
        await engine.append([made, made | difference | {"id": str(uuid4())}], principal=lms)
        return len(await found(engine)), engine.aside.counts()["repeats"]

    assert run(scenario) == (2, 0)


def test_a_log_with_known_deviations_is_proven_whole(run: Run) -> None:
    async def scenario(engine: Engine, lms: Principal) -> Any:
        await engine.append([group_activity(), exam(), weightless()], principal=lms)
        with engine._store.snapshot() as connection:
            return list(verify_records(connection))[-1]

    assert run(scenario) == 3


def test_a_retry_stores_what_is_valid_by_now_and_leaves_the_rest(run: Run) -> None:
    bad = statement() | {"verb": {"id": "no iri"}}

    async def scenario(engine: Engine, lms: Principal) -> Any:
        await engine.append(bad, principal=lms)
        first = await engine.retry(1)
        with engine._store.writing() as connection:
            connection.execute("UPDATE quarantine SET body = CAST(replace(body, 'no iri', 'x:y') AS BLOB)")
        second = await engine.retry(1)
        return first, second, engine.aside.counts()["quarantined"], [one["id"] for one in await found(engine)]

    assert run(scenario) == (False, True, 0, [bad["id"]])
