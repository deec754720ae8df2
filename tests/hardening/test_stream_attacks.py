"""Websockets that ask for what they must not, send too much, take too little, or stay too long.

Frames that break the rules are in ``tests/faults/test_frames.py``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.hardening.conftest import AUTH_TIMEOUT_S, CONNECTIONS_PER_TOKEN_MAX, MIB, Target
from tests.hardening.wire import BINARY, CONTINUATION, PING, PONG, TEXT, WAIT_S, Wire, frame, handshake, wire
from tests.samples import COURSE_A, COURSE_B, statement
from tests.system.access import authorization, token_for, token_of
from tests.system.numbers import scrape, total

STREAM = "/xapi/stream"


@contextmanager
def opened(
    target: Target, *, token: str | None = "", query: str = "", receive_bytes: int | None = None
) -> Iterator[Wire]:
    """An open websocket, of the honest client or of ``token``; of a stranger when that is None."""
    headers = {} if token is None else authorization(token or target.token)
    with wire(target.port, receive_bytes=receive_bytes) as made:
        made.send(handshake(f"{STREAM}{query}", headers))
        assert made.status() == 101
        if token is not None:
            assert made.message()["type"] == "hello"
        yield made


def text(**members: Any) -> bytes:
    return frame(TEXT, json.dumps(members).encode())


def code_after(target: Target, *frames: bytes, token: str | None = "") -> int:
    """The code with which a connection ends on which ``frames`` come."""
    with opened(target, token=token) as made:
        for one in frames:
            made.send(one)
        return made.close_code()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"subscribe"',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"type":"unsubscribe","sub":"a","sub":"b"}',
        b'{"type":"unsubscribe","sub":NaN}',
        b'{"type":"unsubscribe","sub":"\\ud800"}',
        b'{"type":"unsubscribe","sub":"\\u0000"}',
        b'{"type":"unsubscribe","sub":%s}' % (b"9" * 5_000),
        b"\xef\xbb\xbf{}",
    ],
)
def test_a_frame_that_is_not_acceptable_json(target: Target, body: bytes) -> None:
    """The same JSON attacks as over HTTP, a depth bomb among them: 4501."""
    assert code_after(target, frame(TEXT, body)) == 4501


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"type": None},
        {"type": "nonsense"},
        {"type": ["subscribe"]},
        {"type": "subscribe"},
        {"type": "subscribe", "sub": 1},
        {"type": "subscribe", "sub": ""},
        {"type": "subscribe", "sub": "a" * 65},
        {"type": "subscribe", "sub": "\u0430"},
        {"type": "subscribe", "sub": "a", "extra": 1},
        {"type": "subscribe", "sub": "a", "filter": []},
        {"type": "subscribe", "sub": "a", "filter": {"course": []}},
        {"type": "subscribe", "sub": "a", "filter": {"course": COURSE_A}},
        {"type": "subscribe", "sub": "a", "filter": {"course": [None]}},
        {"type": "subscribe", "sub": "a", "filter": {"course": ["course-v1:*+*+*"]}},
        {"type": "subscribe", "sub": "a", "filter": {"course": [f"course-v1:O+C+{n}" for n in range(201)]}},
        {"type": "subscribe", "sub": "a", "filter": {"actor": [{"name": "ann"}]}},
        {"type": "subscribe", "sub": "a", "filter": {"nonsense": ["x"]}},
        {"type": "subscribe", "sub": "a", "after": 1},
        {"type": "subscribe", "sub": "a", "after": ""},
        {"type": "subscribe", "sub": "a", "after": "A" * 30},
        {"type": "subscribe", "sub": "a", "after": "\u00e9" * 30},
        {"type": "subscribe", "sub": "a", "after": "x", "from": "now"},
        {"type": "subscribe", "sub": "a", "from": {"stored": "yesterday"}},
        {"type": "subscribe", "sub": "a", "from": {"stored": "0000-00-00T00:00:00Z"}},
        {"type": "unsubscribe", "sub": "a"},
        {"type": "auth", "token": ""},
        {"type": "auth", "token": 1},
        {"type": "auth", "token": "x" * 20_000},
        {"type": "auth", "token": "[" * 2_000},
    ],
    ids=lambda request_: str(request_)[:60],
)
def test_a_request_that_can_not_be(target: Target, request_: dict[str, Any]) -> None:
    """An error that names the request, and the connection goes on."""
    with opened(target) as made:
        made.send(text(**request_, id=7))
        answer = made.message()
        assert (answer["type"], answer["re"]) == ("error", 7)
        made.send(text(type="subscribe", sub="good", id=8))
        assert made.message()["re"] == 8


def test_an_id_that_can_not_be_echoed(target: Target) -> None:
    """Have the server send what the client made up, at length: it says that the id is wrong, and does not repeat it."""
    for wrong in ("x" * 65, 2**53, 1.5, True, None, [1], {"a": 1}):
        with opened(target) as made:
            made.send(text(type="unsubscribe", sub="a", id=wrong))
            answer = made.message()
            assert "re" not in answer
            assert answer["message"].startswith("id must be ")


def test_a_thousand_subscriptions(target: Target) -> None:
    """More than sixteen are refused, and whoever goes on asking is closed."""
    with opened(target) as made:
        for number in range(1_000):
            made.send(text(type="subscribe", sub=f"s{number}", filter={"course": [COURSE_A]}))
        *heard, code = made.messages()
    assert [one["type"] for one in heard].count("subscribed") <= 16
    assert any("at most 16 subscriptions" in one.get("message", "") for one in heard)
    assert code == 4013


def test_a_flood_of_requests(target: Target) -> None:
    """Ten thousand good frames at once: 4013."""
    assert code_after(target, text(type="unsubscribe", sub="a") * 10_000) in (0, 4013)


@pytest.mark.parametrize(
    "flood",
    [frame(PING, b"x" * 125), frame(PONG), frame(CONTINUATION, final=False)],
    ids=["pings", "pongs", "pieces"],
)
@pytest.mark.parametrize("stranger", [False, True])
def test_a_flood_below_the_protocol(target: Target, flood: bytes, stranger: bool) -> None:
    """Thirty megabytes of what no application sees, from a client that takes no answer: 4013, or simply cut off."""
    with opened(target, token=None if stranger else "", receive_bytes=4096) as made:
        made.send(frame(TEXT, final=False))
        for _ in range(30):
            made.send(flood * (MIB // len(flood)))
        assert made.close_code() in (0, 4013)


def test_a_reader_that_takes_nothing(target: Target) -> None:
    """Ask for everything and read none of it: the server keeps little for it, and closes it in the end (4008)."""
    large = [statement(result={"response": "x" * 100_000}) for _ in range(100)]
    assert target.request("POST", json=large).status_code == 200
    with opened(target, query="?from=beginning", receive_bytes=4096) as made:
        deadline = time.monotonic() + WAIT_S
        while not made.ended():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_strangers_that_stay(target: Target) -> None:
    """Fifty sockets that send no token: ten are let in, the others hear 503, and all are closed after a second."""
    deadline = time.monotonic() + WAIT_S
    while not strangers_are_refused(target):
        # It took so long that the first had been closed before the last came.
        assert time.monotonic() < deadline
    wait_until_alone(target)
    with opened(target, token=None) as again:
        again.send(text(type="auth", token=target.token))
        assert again.message()["type"] == "hello"


def wait_until_alone(target: Target) -> None:
    """Until the server has forgotten all connections that there were."""
    deadline = time.monotonic() + WAIT_S
    while total(scrape(target.server), "lrs_stream_connections"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def strangers_are_refused(target: Target) -> bool:
    """Whether fifty came within the second that each is given; only then it is told how many are let in."""
    wait_until_alone(target)
    with ExitStack() as stack:
        wires = [stack.enter_context(wire(target.port)) for _ in range(50)]
        began_s = time.monotonic()
        for one in wires:
            one.send(handshake(STREAM))
        statuses = [one.status() for one in wires]
        in_time = time.monotonic() - began_s < AUTH_TIMEOUT_S
        if in_time:
            assert sorted(statuses) == [101] * 10 + [503] * 40
        with opened(target) as honest:
            honest.send(text(type="subscribe", sub="s1"))
            assert honest.message()["type"] == "subscribed"
        let_in = [one for one, status in zip(wires, statuses, strict=True) if status == 101]
        assert {one.close_code() for one in let_in} == {4502}
    return in_time


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (text(type="subscribe", sub="s1"), 4502),
        (text(type="auth"), 4502),
        (text(type="auth", token=1), 4502),
        (text(type="auth", token="wrong"), 4500),
        (text(type="auth", token="x" * 20_000), 4502),
        (frame(TEXT, b"[" * 10_000), 4502),
        (frame(BINARY, b"x"), 1003),
        (frame(TEXT, b"x" * 70_000), 1009),
    ],
    ids=["subscribe", "no token", "no text", "wrong token", "too long", "depth", "binary", "too large"],
)
def test_a_first_frame_that_is_no_good_token(target: Target, first: bytes, code: int) -> None:
    """A stranger has one frame."""
    assert code_after(target, first, token=None) == code


def test_more_connections_than_a_credential_may_have(target: Target) -> None:
    """One more than it may have is refused before it is open; another credential is let in."""
    token = token_for(target.server, "greedy", "stream")
    with ExitStack() as stack:
        wires = [stack.enter_context(wire(target.port)) for _ in range(CONNECTIONS_PER_TOKEN_MAX + 5)]
        for one in wires:
            one.send(handshake(STREAM, authorization(token)))
        assert sorted(one.status() for one in wires) == [101] * CONNECTIONS_PER_TOKEN_MAX + [429] * 5
        with opened(target) as honest:
            honest.send(text(type="subscribe", sub="s1"))
            assert honest.message()["type"] == "subscribed"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://127.0.0.1.evil.example",
        "http://localhost:8080.evil.example",
        "http://evil.example/localhost:8080",
        "http://localhost:8080@evil.example",
        "file://",
        "",
        "\u00e9",
        "http://[::1",
        "x" * 5_000,
    ],
)
def test_a_page_of_another_origin(target: Target, origin: str) -> None:
    """Open the stream from a page that the user happens to visit (RFC 6455 10.2): 403, whatever the credential."""
    with wire(target.port) as made:
        made.send(handshake(STREAM, {**authorization(target.token), "Origin": origin}))
        assert made.status() in (400, 403)


def test_a_token_in_the_subprotocol_that_is_none(target: Target) -> None:
    """Garbage, a depth bomb, and a good token in a spelling of its own: told by the close code."""
    for hidden in ("", "!!!!", "A" * 4_000, "W1tbW1tb" * 100, target.token):
        with wire(target.port) as made:
            made.send(handshake(STREAM, {"Sec-WebSocket-Protocol": f"xapi-stream.v1, bearer.b64u.{hidden}"}))
            head = made.until(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")
            assert b"bearer" not in head
            assert made.close_code() == 4500


def test_a_thousand_subprotocols(target: Target) -> None:
    """Only the one that is spoken comes back."""
    offered = ", ".join(f"p{number}" for number in range(1_000))
    with wire(target.port) as made:
        made.send(handshake(STREAM, {**authorization(target.token), "Sec-WebSocket-Protocol": offered}))
        head = made.until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"sec-websocket-protocol" not in head.lower()


@pytest.mark.parametrize(
    "query",
    [
        "?nonsense=1",
        "?after=x",
        "?from=yesterday",
        "?course=",
        "?course=*",
        "?actor=%5B%5B",
        "?verb=x",
        "?after=x&from=now",
    ],
)
def test_an_url_that_asks_for_what_can_not_be(target: Target, query: str) -> None:
    """A connection without purpose is told why and closed."""
    with opened(target, query=query) as made:
        assert made.close_code() == 4501


def test_a_course_beyond_the_grant(target: Target) -> None:
    """By URL the connection is closed, as a subscription it is an error; neither shows anything."""
    token = token_of(target.server, "engine")
    with opened(target, token=token, query=f"?course={COURSE_B.replace('+', '%2B')}&from=beginning") as made:
        assert made.close_code() == 4507
    with opened(target, token=token) as made:
        made.send(text(type="subscribe", sub="s1", filter={"course": [COURSE_A, COURSE_B]}, **{"from": "beginning"}))
        made.send(text(type="subscribe", sub="s2", **{"from": "now"}))
        heard = [made.message() for _ in range(3)]
    assert [one.get("code", one["type"]) for one in heard] == ["forbidden", "subscribed", "live"]


def test_a_token_of_another_consumer_for_a_connection_that_is_open(target: Target) -> None:
    """Take over a connection, or carry its subscriptions over to a wider grant."""
    with opened(target, token=token_of(target.server, "engine")) as made:
        made.send(text(type="auth", id=1, token=target.token))
        assert made.message()["code"] == "forbidden"


def test_connections_that_break_off(target: Target) -> None:
    """Two hundred handshakes, each cut off at another place."""
    whole = handshake(STREAM, authorization(target.token)) + text(type="subscribe", sub="s1", **{"from": "beginning"})
    for number in range(200):
        with wire(target.port) as made:
            made.send(whole[: len(whole) * number // 200])
