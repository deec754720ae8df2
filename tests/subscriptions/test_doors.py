"""What went through each door of the stream is counted."""

from __future__ import annotations

import json
import urllib.request

import pytest

from lrs.subscriptions.closing import SERVER_STOPS
from lrs.subscriptions.doors import LEFT, Door, Traffic
from tests.samples import COURSE_B, statement
from tests.subscriptions.served import Served, hear, wait_until


def test_closes_are_counted_by_code_and_those_of_clients_apart() -> None:
    traffic = Traffic()
    for closing in (SERVER_STOPS, None, SERVER_STOPS):
        traffic.closed(closing)
    assert traffic.closes == {"1001": 2, LEFT: 1}


def test_statements_sent_to_a_live_reader_are_counted_with_their_delay() -> None:
    with Served() as served:
        sent = served.sessions.traffic.sent[Door.WEBSOCKET]
        with served.connect("?from=now") as client:
            while hear(client)["type"] != "live":
                pass
            served.put(statement(), statement())
            frame = hear(client)
            assert frame["type"] == "statements"
            wait_until(lambda: sent.statements == len(frame["statements"]))
            assert sent.size_bytes > 0
            assert [guest.door for guest in served.sessions] == [Door.WEBSOCKET]
            assert [len(guest.subscriptions) for guest in served.sessions] == [1]
        wait_until(lambda: served.sessions.traffic.closes[LEFT] == 1)


def test_statements_that_were_caught_up_with_have_no_delay() -> None:
    """They would tell how long the reader was away, not how quick the server is."""
    with Served() as served:
        sent = served.sessions.traffic.sent[Door.WEBSOCKET]
        served.put(statement())
        with served.connect("?from=beginning") as client:
            while hear(client)["type"] != "statements":
                pass
            wait_until(lambda: sent.statements == 1)
        assert sum(sent.delay.counts) == 0
        assert served.sessions.hub.pages.begun >= 1


@pytest.mark.parametrize(("door", "accept"), [(Door.EVENTS, "text/event-stream"), (Door.CHANGES, "*/*")])
def test_the_other_doors_are_counted_apart(door: Door, accept: str) -> None:
    path = "stream" if door is Door.EVENTS else "changes"
    with Served() as served:
        served.put(statement(), statement(course=COURSE_B))
        request = urllib.request.Request(
            f"http://{served.address}/xapi/{path}?from=beginning",
            headers={"Authorization": "Bearer engine", "Accept": accept},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            if door is Door.CHANGES:
                assert len(json.load(answer)["statements"]) == 1
            wait_until(lambda: served.sessions.traffic.sent[door].statements == 1)
        assert served.sessions.traffic.sent[Door.WEBSOCKET].statements == 0
