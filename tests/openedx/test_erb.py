"""Open edX's own event-routing-backends (ERB) delivers to the real server: by every way it has, and across restarts."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.openedx.erb import PYTHON, Erb, basic, bearer
from tests.openedx.erb_project.platform_stand_in import pseudonym
from tests.openedx.tracking_events import COURSE, LMS, OTHER_COURSE, Session, log_line
from tests.system.access import WAIT_S, add_consumer, authorization, key_of, token_of
from tests.system.server import Server

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="`make test-openedx` makes the environment with ERB")

Route = Callable[[Server], dict[str, str]]


def with_key(server: Server) -> dict[str, str]:
    return basic(server.endpoint, *key_of(server, "lms"))


def with_token(server: Server) -> dict[str, str]:
    return bearer(server.endpoint, token_of(server, "lms"))


@pytest.fixture(scope="module")
def erb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erb]:
    """One ERB for all tests; each names the server to send to."""
    with Erb(tmp_path_factory.mktemp("erb")) as started:
        yield started


@pytest.fixture
def platform(server: Server) -> Server:
    """The server, with an LMS registered as the documentation says, and a reader of everything."""
    register(server)
    return server


def register(server: Server) -> None:
    server.run("consumer", "add", "lms", "--openedx")
    add_consumer(server, "reader", "all/read")


def stored(server: Server) -> list[dict[str, Any]]:
    """All statements, by the query that every xAPI client knows."""
    headers = {**authorization(token_of(server, "reader")), "X-Experience-API-Version": "1.0.3"}
    found: list[dict[str, Any]] = []
    more = "statements?ascending=true"
    while more:
        request = urllib.request.Request(urljoin(server.endpoint, more), headers=headers)
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            page = json.load(answer)
        found += page["statements"]
        more = page["more"]
    return found


def ids(statements: list[dict[str, Any]]) -> list[str]:
    return sorted(statement["id"] for statement in statements)


def instants(statements: list[dict[str, Any]]) -> set[str]:
    """When what they tell of happened; every event of ours has an instant of its own."""
    return {statement["timestamp"].replace(" ", "T") for statement in statements}


def meaning(statement: dict[str, Any]) -> dict[str, Any]:
    """What must come out of the server as ERB made it. TinCan, its client, drops empty values and spells out types."""
    return {
        "id": statement["id"],
        "actor": statement["actor"]["account"],
        "verb": statement["verb"],
        "object": statement["object"]["id"],
        "result": statement.get("result"),
        "parents": [one["id"] for one in statement["context"].get("contextActivities", {}).get("parent", [])],
        "extensions": statement["context"]["extensions"],
    }


def story(statement: dict[str, Any]) -> str:
    """Who did what with what and when: the same for one event, under whatever id ERB sends it."""
    told = meaning(statement)
    instant = statement["timestamp"].replace(" ", "T")
    return json.dumps([told["actor"], told["verb"]["id"], told["object"], instant], sort_keys=True)


def quarantined(server: Server) -> list[Any]:
    return list(server.run_json("quarantine", "list"))


def by_id(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {statement["id"]: meaning(statement) for statement in statements}


def test_every_event_that_erb_translates_is_among_ours(erb: Erb) -> None:
    names = {event["name"] for event in [*Session(1).everything(), *Session(1).exams()]}
    assert erb.translates - names == set()


@pytest.mark.parametrize("route", [with_key, with_token])
@pytest.mark.parametrize("batch_size", [0, 20])
def test_every_event_arrives(platform: Server, erb: Erb, route: Route, batch_size: int) -> None:
    """Each alone by PUT, or 20 at a time by POST; with a key and with a token."""
    events = list(Session(7).everything())
    erb.send_to(route(platform), batch_size=batch_size)
    erb.emit(events[:-1])
    erb.finish(events[-1])
    assert (erb.failed, erb.retried) == ({}, set())
    kept = stored(platform)
    assert ids(kept) == sorted(erb.sent) == sorted(erb.made)
    assert by_id(kept) == by_id(list(erb.made.values()))
    assert quarantined(platform) == []
    assert instants(kept) == {event["timestamp"] for event in events}


def test_the_learner_is_a_pseudonym_and_the_course_is_found(platform: Server, erb: Erb) -> None:
    """A reader of one course gets its statements and no other, whichever place ERB puts the course in."""
    platform.run("consumer", "set", "reader", "--course", OTHER_COURSE)
    erb.send_to(with_key(platform))
    erb.emit([*Session(3, COURSE).everything(), *Session(4, OTHER_COURSE).everything()])
    erb.wait()
    kept = stored(platform)
    account = {"homePage": LMS, "name": str(pseudonym(4))}
    assert all(statement["actor"]["account"] == account for statement in kept)
    assert len(kept) == len(erb.made) / 2


def test_a_tracking_log_arrives_in_one_request(platform: Server, erb: Erb) -> None:
    """ERB's command replays a log in batches of 10,000 events; this is one of 1,220."""
    events = [event for learner in range(1, 21) for event in Session(learner).everything()]
    erb.send_to(with_key(platform))
    erb.replay([log_line(event) for event in events])
    erb.wait()
    assert (erb.failed, erb.retried) == ({}, set())
    assert ids(stored(platform)) == sorted(erb.made)
    assert len(erb.made) > len(events) > 1000


@pytest.mark.parametrize("batch_size", [0, 10])
@pytest.mark.parametrize("end", [Server.kill, Server.stop])
def test_what_erb_counts_as_sent_survives_a_restart(
    platform: Server, erb: Erb, batch_size: int, end: Callable[[Server], Any]
) -> None:
    """The server ends in the middle, and starts again on the same store. Then the log is replayed to fill the gap."""
    before = [event for learner in range(1, 5) for event in Session(learner).everything()]
    after = [event for learner in range(5, 7) for event in Session(learner).everything()]
    erb.send_to(with_key(platform), batch_size=batch_size)
    erb.emit(before)
    erb.wait_for_sent(60)
    end(platform)
    platform.start()
    erb.emit(after[:-1])
    erb.finish(after[-1])
    assert erb.sent | erb.failed.keys() == set(erb.made)
    assert erb.sent <= set(ids(stored(platform)))
    erb.replay([log_line(event) for event in [*before, *after]])
    erb.wait()
    kept = stored(platform)
    assert instants(kept) == {event["timestamp"] for event in [*before, *after]}
    assert sorted(map(story, kept)) == sorted({story(statement) for statement in erb.made.values()})


@pytest.mark.parametrize("batch_size", [0, 10])
def test_erb_notices_no_restart_behind_an_inherited_socket(tmp_path: Path, erb: Erb, batch_size: int) -> None:
    """The socket stays open while the server ends and starts: ERB waits, where it would give up at once if refused."""
    events = [event for learner in range(1, 5) for event in Session(learner).everything()]
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        server = Server(tmp_path / "data", descriptors=(listener.fileno(),))
        try:
            server.start("--fd", str(listener.fileno()))
            register(server)
            erb.send_to(with_key(server), batch_size=batch_size)
            erb.emit(events[:-1])
            erb.wait_for_sent(60)
            server.stop()
            server.start("--fd", str(listener.fileno()))
            erb.finish(events[-1])
            assert (erb.failed, erb.retried) == ({}, set())
            assert ids(stored(server)) == sorted(erb.made)
        finally:
            server.close()


def test_what_erb_makes_against_the_standard_is_stored_all_the_same(platform: Server, erb: Erb) -> None:
    """Attempts at exams that are named by no IRI, and a grade of nothing to earn."""
    session = Session(9)
    events = [*session.exams(), session.subsection_grade(earned=0.0, possible=0.0)]
    erb.send_to(with_key(platform))
    # As they are emitted, ERB fails to translate events of exams; in the form of the log it succeeds.
    erb.replay([log_line(event) for event in events])
    erb.wait()
    kept = stored(platform)
    assert instants(kept) == {event["timestamp"] for event in events}
    assert by_id(kept) == by_id(list(erb.made.values()))
    assert quarantined(platform) == []


@pytest.mark.parametrize("batch_size", [0, 20])
def test_what_cannot_be_stored_stands_in_quarantine_and_its_neighbours_are_stored(
    platform: Server, erb: Erb, batch_size: int
) -> None:
    """A subsection with extra credit, whose score ERB scales beyond 1."""
    session = Session(9)
    extra_credit = session.subsection_grade(earned=5.0, possible=4.0)
    others = list(session.video())
    erb.send_to(with_key(platform), batch_size=batch_size)
    erb.emit([extra_credit, *others[:-1]])
    erb.finish(others[-1])
    assert (erb.failed, erb.retried) == ({}, set())
    assert instants(stored(platform)) == {event["timestamp"] for event in others}
    (aside,) = quarantined(platform)
    assert extra_credit["timestamp"] in platform.run("quarantine", "show", str(aside["number"]))


def test_an_ordinary_writer_gets_the_standard_and_erb_gives_up(server: Server, erb: Erb) -> None:
    """What is refused ERB tries again three times, and then counts as failed: nothing is lost in silence."""
    add_consumer(server, "lms", "statements/write")
    erb.send_to(with_key(server))
    erb.emit([Session(9).subsection_grade(earned=5.0, possible=4.0)])
    erb.wait()
    assert erb.retried == erb.failed.keys() == erb.made.keys()
    assert erb.sent == set()
