"""The Statement Resource as clients see it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from lrs import Settings, create_app
from lrs.auth.grants import UNRESTRICTED, Grant
from tests.samples import COURSE_A, COURSE_B, agent, statement, voiding

PATH = "/xapi/statements"
Scenario = Callable[["Client"], Awaitable[Any]]


class Client(httpx.AsyncClient):
    """A client of one application; ``of`` gives others with credentials of their own."""

    app: Any

    async def of(
        self, name: str, *scopes: str, courses: tuple[str, ...] | None = None, trusted: bool = False
    ) -> Client:
        engine = await self.app.start()
        grant = UNRESTRICTED if courses is None else Grant.of(courses)
        engine.issuer.add_consumer(name, scopes=frozenset(scopes), grant=grant, trusted=trusted)
        issued = engine.issuer.add_key(name)
        return client_for(self.app, auth=(issued.key, issued.secret))

    async def ids(self, **parameters: Any) -> list[str]:
        answer = await self.get(PATH, params=parameters)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["statements"]]


def client_for(app: Any, **options: Any) -> Client:
    made = Client(
        transport=httpx.ASGITransport(app=app),
        base_url="http://lrs",
        headers={"X-Experience-API-Version": "1.0.3"},
        **options,
    )
    made.app = app
    return made


@asynccontextmanager
async def serving(folder: Path, **settings: Any) -> AsyncIterator[Client]:
    app = create_app(Settings(data=folder, **settings))
    try:
        yield await client_for(app).of("lms", "all")
    finally:
        await app.stop()


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Scenario], Any]:
    def play(scenario: Scenario) -> Any:
        async def on_server() -> Any:
            async with serving(tmp_path) as client:
                return await scenario(client)

        return asyncio.run(asyncio.wait_for(on_server(), 60))

    return play


Run = Callable[[Scenario], Any]


def test_post_of_one_answers_its_id_in_an_array(run: Run) -> None:
    made = statement()

    async def scenario(client: Client) -> Any:
        answer = await client.post(PATH, json=made)
        return answer.status_code, answer.json()

    assert run(scenario) == (200, [made["id"]])


def test_post_of_many_answers_their_ids_in_order(run: Run) -> None:
    made = [statement() for _ in range(120)]

    async def scenario(client: Client) -> Any:
        return (await client.post(PATH, json=made)).json()

    assert run(scenario) == [one["id"] for one in made]


def test_post_as_erb_does_it_with_a_bare_question_mark(run: Run) -> None:
    async def scenario(client: Client) -> Any:
        return (await client.post(PATH + "?", json=[statement()])).status_code

    assert run(scenario) == 200


def test_an_empty_array_stores_nothing_and_answers_no_ids(run: Run) -> None:
    async def scenario(client: Client) -> Any:
        answer = await client.post(PATH, json=[])
        return answer.status_code, answer.json()

    assert run(scenario) == (200, [])


def test_put_answers_204_and_gives_the_id_of_the_url(run: Run) -> None:
    made = statement()
    statement_id = made.pop("id")

    async def scenario(client: Client) -> Any:
        answer = await client.put(PATH, params={"statementId": statement_id}, json=made)
        found = await client.get(PATH, params={"statementId": statement_id})
        return answer.status_code, answer.content, found.json()["id"]

    assert run(scenario) == (204, b"", statement_id)


def test_put_takes_an_id_in_another_case_for_the_same(run: Run) -> None:
    made = statement()

    async def scenario(client: Client) -> Any:
        return (await client.put(PATH, params={"statementId": made["id"].upper()}, json=made)).status_code

    assert run(scenario) == 204


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"statementId": "not-a-uuid"},
        {"statementId": str(uuid4())},
        {"statementid": str(uuid4())},
        {"statementId": str(uuid4()), "format": "exact"},
    ],
)
def test_put_with_a_missing_bad_or_differing_id_is_refused(run: Run, parameters: dict[str, str]) -> None:
    async def scenario(client: Client) -> Any:
        return (await client.put(PATH, params=parameters, json=statement())).status_code

    assert run(scenario) == 400


def test_the_same_statement_again_succeeds_and_changes_nothing(run: Run) -> None:
    made = statement()

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=made)
        before = (await client.get(PATH, params={"statementId": made["id"]})).content
        codes = [
            (await client.post(PATH, json=made)).status_code,
            (await client.put(PATH, params={"statementId": made["id"]}, json=made)).status_code,
        ]
        after = (await client.get(PATH, params={"statementId": made["id"]})).content
        return codes, before == after

    assert run(scenario) == ([200, 204], True)


def test_another_content_under_a_taken_id_is_a_conflict_and_nothing_of_the_batch_is_stored(run: Run) -> None:
    made = statement()

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=made)
        answer = await client.post(PATH, json=[statement(), made | {"verb": {"id": "http://example.com/other"}}])
        return answer.status_code, answer.json()["code"], await client.ids()

    assert run(scenario) == (409, "conflict", [made["id"]])


def test_one_bad_statement_refuses_the_batch_and_the_answer_says_where(run: Run) -> None:
    bad = statement(actor={"objectType": "Agent", "mbox": "ann@example.com"})

    async def scenario(client: Client) -> Any:
        answer = await client.post(PATH, json=[statement(), bad])
        return answer.status_code, answer.json()["errors"][0]["path"], await client.ids()

    assert run(scenario) == (400, "$[1].actor.mbox", [])


def test_what_the_client_says_of_authority_and_stored_is_replaced(run: Run) -> None:
    """Invariant 8."""
    claimed = statement(authority=agent("somebody else"), stored="2001-01-01T00:00:00.000Z")

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=claimed)
        found = (await client.get(PATH, params={"statementId": claimed["id"]})).json()
        return found["authority"]["account"]["name"], found["stored"] > "2026"

    assert run(scenario) == ("lms", True)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 400),
    ],
)
def test_statements_are_taken_as_json_only(run: Run, content_type: str, status: int) -> None:
    async def scenario(client: Client) -> Any:
        body = httpx.Request("POST", "http://x", json=statement()).content
        return (await client.post(PATH, content=body, headers={"Content-Type": content_type})).status_code

    assert run(scenario) == status


def test_a_body_beyond_the_limit_is_refused_also_when_its_length_is_not_told(tmp_path: Path) -> None:
    from lrs.limits import Limits

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b" " * 1000

    async def scenario() -> list[int]:
        async with serving(tmp_path, limits=Limits(body_bytes_max=10_000)) as client:
            return [
                (await client.post(PATH, content=b" " * 20_000)).status_code,
                (await client.post(PATH, content=chunks())).status_code,
                (await client.post(PATH, json=statement())).status_code,
            ]

    assert asyncio.run(scenario()) == [413, 413, 200]


def test_more_statements_than_allowed_are_refused(tmp_path: Path) -> None:
    from lrs.limits import Limits

    async def scenario() -> list[int]:
        async with serving(tmp_path, limits=Limits(batch_statements_max=2)) as client:
            return [(await client.post(PATH, json=[statement() for _ in range(count)])).status_code for count in (2, 3)]

    assert asyncio.run(scenario()) == [200, 413]


def test_the_newest_comes_first_unless_ascending_is_asked(run: Run) -> None:
    made = [statement() for _ in range(3)]
    order = [one["id"] for one in made]

    async def scenario(client: Client) -> Any:
        for one in made:
            await client.post(PATH, json=one)
        return await client.ids(), await client.ids(ascending="true")

    assert run(scenario) == (order[::-1], order)


def test_pages_are_followed_by_more_without_gap_or_repetition_under_writes(run: Run) -> None:
    made = [statement() for _ in range(11)]

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=made)
        found, path = [], f"{PATH}?limit=4"
        while path:
            answer = (await client.get(path)).json()
            found += [one["id"] for one in answer["statements"]]
            path = answer["more"]
            await client.post(PATH, json=statement())
        return found

    assert run(scenario) == [one["id"] for one in made[::-1]]


def test_more_keeps_the_conditions_of_the_first_query(run: Run) -> None:
    made = [statement(learner="ann" if number % 2 else "bob", course=COURSE_A) for number in range(8)]

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=made)
        query: dict[str, str | int] = {"agent": json.dumps(agent("ann")), "limit": 3}
        first = (await client.get(PATH, params={**query, "course": COURSE_A})).json()
        second = (await client.get(first["more"])).json()
        return [one["id"] for one in first["statements"] + second["statements"]], second["more"]

    assert run(scenario) == ([one["id"] for one in made[::-1] if one["actor"] == agent("ann")], "")


def test_more_is_of_no_use_to_another_reader(run: Run) -> None:
    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=[statement() for _ in range(3)])
        more = (await client.get(PATH, params={"limit": 1})).json()["more"]
        other = await client.of("other", "all/read")
        return (await other.get(more)).status_code, (await client.get(more)).status_code

    assert run(scenario) == (400, 200)


def test_damaged_more_is_refused(run: Run) -> None:
    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=[statement() for _ in range(3)])
        more = (await client.get(PATH, params={"limit": 1})).json()["more"]
        return (await client.get(more[:-4] + "AAAA")).status_code, (await client.get(more + "&limit=2")).status_code

    assert run(scenario) == (400, 400)


@pytest.mark.parametrize(
    "query",
    [
        "StatementId=x", "Limit=1", "unknown=1", "limit=-1", "limit=x", "limit=1.5", "limit=1&limit=2", "ascending=yes",
        "since=yesterday", "until=2026-13-01T00:00:00Z", "format=pretty", "verb=noscheme", "activity=noscheme",
        "agent=notjson", 'agent={"name":"x"}', 'agent={"mbox":"x"}', "registration=1", "related_agents=1",
        "statementId=x", f"statementId={uuid4()}&limit=1", f"statementId={uuid4()}&voidedStatementId={uuid4()}",
        f"statementId={uuid4()}&course={COURSE_A}", "course=nonsense", "attachments=maybe",
    ],
)  # fmt: skip
def test_a_parameter_that_is_unknown_malformed_or_out_of_place_is_refused(run: Run, query: str) -> None:
    async def scenario(client: Client) -> Any:
        answer = await client.get(f"{PATH}?{query}")
        return answer.status_code, "x-experience-api-consistent-through" in answer.headers

    assert run(scenario) == (400, True)


def test_a_voided_statement_is_absent_but_found_by_voided_statement_id(run: Run) -> None:
    made = statement()

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=made)
        void = voiding(made["id"])
        await client.post(PATH, json=void)
        plain = await client.get(PATH, params={"statementId": made["id"]})
        voided = await client.get(PATH, params={"voidedStatementId": made["id"]})
        return plain.status_code, voided.json()["id"] == made["id"], await client.ids() == [void["id"]]

    assert run(scenario) == (404, True, True)


def test_course_finds_the_statements_of_a_course_also_when_its_plus_signs_became_blanks(run: Run) -> None:
    wanted = statement(course=COURSE_A)

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=[wanted, statement(course=COURSE_B), statement(course=None)])
        unencoded = await client.get(f"{PATH}?course={COURSE_A}")
        return await client.ids(course=COURSE_A), [one["id"] for one in unencoded.json()["statements"]]

    assert run(scenario) == ([wanted["id"]], [wanted["id"]])


def test_what_is_outside_the_grant_is_as_absent_as_what_does_not_exist(run: Run) -> None:
    """Invariant 4."""
    other = statement(course=COURSE_B)

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=[statement(course=COURSE_A), other])
        reader = await client.of("engine", "statements/read", courses=(COURSE_A,))
        forbidden = await reader.get(PATH, params={"statementId": other["id"]})
        unknown = await reader.get(PATH, params={"statementId": str(uuid4())})
        return forbidden.status_code, forbidden.content == unknown.content, len(await reader.ids())

    assert run(scenario) == (404, True, 1)


def test_a_restricted_writer_may_void_in_its_course_and_not_elsewhere(run: Run) -> None:
    mine, other = statement(course=COURSE_A), statement(course=COURSE_B)

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=[mine, other])
        writer = await client.of("author", "statements/write", courses=(COURSE_A,))
        return [
            (await writer.post(PATH, json=voiding(one))).status_code for one in (mine["id"], other["id"], str(uuid4()))
        ]

    assert run(scenario) == [200, 403, 403]


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (("statements/write",), (200, 403)),
        (("statements/read",), (403, 200)),
        (("statements/read/mine",), (403, 200)),
        (("all/read",), (403, 200)),
        (("all",), (200, 200)),
        (("admin",), (403, 403)),
        (("stream",), (403, 403)),
    ],
)
def test_each_scope_allows_what_it_says(run: Run, scopes: tuple[str, ...], expected: tuple[int, int]) -> None:
    async def scenario(client: Client) -> Any:
        other = await client.of("other", *scopes)
        return (await other.post(PATH, json=statement())).status_code, (await other.get(PATH)).status_code

    assert run(scenario) == expected


def test_who_may_read_its_own_sees_nothing_of_others(run: Run) -> None:
    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=statement())
        other = await client.of("other", "statements/write", "statements/read/mine")
        mine = statement()
        await other.post(PATH, json=mine)
        return await other.ids() == [mine["id"]]

    assert run(scenario)


def test_head_answers_as_get_without_a_body(run: Run) -> None:
    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=statement())
        get, head = await client.get(PATH), await client.head(PATH)
        return head.status_code, head.content, head.headers["content-length"] == str(len(get.content))

    assert run(scenario) == (200, b"", True)


def test_another_method_is_told_which_are_allowed(run: Run) -> None:
    async def scenario(client: Client) -> Any:
        answer = await client.patch(PATH, json={})
        return answer.status_code, answer.headers["allow"]

    assert run(scenario) == (405, "GET, HEAD, POST, PUT")


@pytest.mark.parametrize("version", ["BAD", "0.9", "1.1.0", "3.0", ""])
def test_a_version_that_is_not_spoken_here_is_refused(run: Run, version: str) -> None:
    async def scenario(client: Client) -> Any:
        answer = await client.get(PATH, headers={"X-Experience-API-Version": version})
        return answer.status_code, answer.headers["x-experience-api-version"][:2] in ("1.", "2.")

    assert run(scenario) == (400, True)


def test_every_answer_names_its_version_and_get_how_far_the_log_is_complete(run: Run) -> None:
    async def scenario(client: Client) -> Any:
        stranger = client_for(client.app)
        answers = [await client.get(PATH), await stranger.get(PATH), await client.get(f"{PATH}?bad=1")]
        return [
            (answer.headers["x-experience-api-version"], "x-experience-api-consistent-through" in answer.headers)
            for answer in answers
        ]

    assert run(scenario) == [("1.0.3", True)] * 3


def test_a_stranger_is_asked_for_credentials(run: Run) -> None:
    async def scenario(client: Client) -> Any:
        answer = await client_for(client.app).post(PATH, json=statement())
        return answer.status_code, [value.split()[0] for value in answer.headers.get_list("www-authenticate")]

    assert run(scenario) == (401, ["Bearer", "Basic"])


def test_one_statement_has_an_etag_and_the_time_of_its_storing(run: Run) -> None:
    made = statement()

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=made)
        answer = await client.get(PATH, params={"statementId": made["id"]})
        return answer.headers["etag"][0], answer.headers["last-modified"][-3:]

    assert run(scenario) == ('"', "GMT")


def test_ids_format_leaves_only_what_identifies(run: Run) -> None:
    made = statement()

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=made)
        return (await client.get(PATH, params={"statementId": made["id"], "format": "ids"})).json()

    found = run(scenario)
    assert found["verb"] == {"id": made["verb"]["id"]}
    assert found["object"] == {"id": made["object"]["id"]}
    assert found["context"]["contextActivities"]["parent"] == [{"id": "https://lms.example.com/course/" + COURSE_A}]
    assert found["actor"] == made["actor"]


def test_canonical_format_answers_in_the_language_asked_for(run: Run) -> None:
    display = {"en-GB": "colour", "fr-FR": "couleur"}
    made = statement(verb="http://example.com/v") | {"verb": {"id": "http://example.com/v", "display": display}}

    async def scenario(client: Client) -> Any:
        await client.post(PATH, json=made)
        query = {"statementId": made["id"], "format": "canonical"}
        answer = await client.get(PATH, params=query, headers={"Accept-Language": "fr"})
        return answer.json()["verb"]["display"]

    assert run(scenario) == {"fr-FR": "couleur"}


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"id":"x"}', b'{"id":"00000000-0000-4000-8000-000000000000"}'])
def test_put_from_a_trusted_writer_always_succeeds_and_loses_nothing(run: Run, body: bytes) -> None:
    """Invariant 11."""

    async def scenario(client: Client) -> Any:
        engine = await client.app.start()
        trusted = await client.of("openedx", "statements/write", trusted=True)
        answer = await trusted.put(
            PATH, params={"statementId": str(uuid4())}, content=body, headers={"Content-Type": "application/json"}
        )
        return answer.status_code, [one.body for one in engine.aside.quarantined()] == [body]

    assert run(scenario) == (204, True)
