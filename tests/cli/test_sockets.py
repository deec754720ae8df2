from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lrs.cli import sockets
from lrs.config import Settings
from lrs.limits import Limits
from lrs.subscriptions.frames import Frame
from tests.hardening.wire import CONTINUATION, PING, PONG, TEXT, Wire, frame, handshake, wire
from tests.samples import statement
from tests.subscriptions.served import PATIENCE_S, Served, wait_until


@contextmanager
def deaf_client(served: Served, *, receive_bytes: int = 4096) -> Iterator[socket.socket]:
    """A connection to the whole stream whose client does nothing but what the test does."""
    host, port = served.address.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.sendall(
            b"GET /xapi/stream?from=beginning HTTP/1.1\r\nHost: lrs\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Authorization: Bearer engine\r\n\r\n"
        )
        wait_until(lambda: len(served.sessions))
        yield client


@pytest.fixture(autouse=True)
def short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "LINGER_S", 0.05)


def test_a_client_that_takes_nothing_loses_its_socket_too() -> None:
    """Invariant 7: what waits for it in the server does not stay."""
    limits = Limits(send_blocked_s=0.1, credential_check_s=0.02)
    with Served(Settings(limits=limits)) as served, deaf_client(served):
        for _ in range(60):
            served.put(*(statement(result={"response": "x" * 20_000}) for _ in range(10)))
        wait_until(lambda: not served.sockets)
        assert len(served.sessions) == 0


def test_a_client_that_does_not_answer_a_ping_is_closed_with_4009() -> None:
    with Served(ws_ping_interval=0.05, ws_ping_timeout=0.05) as served, deaf_client(served) as client:
        heard = b""
        while piece := client.recv(4096):
            heard += piece
        assert heard.endswith(b"\x88\x09" + (4009).to_bytes(2, "big") + b"no_pong")
        wait_until(lambda: not len(served.sessions))
        assert served.sessions.traffic.closes == {"4009": 1}


@pytest.mark.parametrize(
    "flood",
    [
        frame(PING) * 10_000,
        frame(PONG) * 10_000,
        frame(TEXT, final=False) + frame(CONTINUATION, final=False) * 10_000,
    ],
    ids=["pings", "pongs", "empty pieces of one message"],
)
def test_a_flood_of_what_is_no_message_is_closed_with_4013(flood: bytes) -> None:
    """Else each ping would be answered into memory, and each piece kept, for as long as they come (invariant 7)."""
    with Served() as served, deaf_client(served, receive_bytes=1_000_000) as client:
        connection = Wire(client)
        connection.until(b"\r\n\r\n")
        connection.send(flood)
        assert connection.close_code() == 4013
        wait_until(lambda: served.sessions.traffic.closes == {"4013": 1})


def test_some_pings_and_pieces_are_taken_and_answered() -> None:
    with Served() as served, deaf_client(served) as client:
        connection = Wire(client)
        connection.send(frame(PING, b"there?") * 20)
        for _ in range(20):
            connection.until(b"\x8a\x06there?")
        text = b'{"type":"unsubscribe","sub":"none","id":"pieces"}'
        pieces = [frame(CONTINUATION, bytes([byte]), final=False) for byte in text]
        connection.send(frame(TEXT, final=False) + b"".join(pieces) + frame(CONTINUATION))
        assert connection.until(b'"re":"pieces"').endswith(b'{"type":"error","re":"pieces"')


def test_what_is_live_is_written_past_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    take = sockets.Sockets.take

    def recorded(connection: sockets.Sockets, sent: Frame) -> bool:
        written.append(sent.data)
        return take(connection, sent)

    monkeypatch.setattr(sockets.Sockets, "take", recorded)
    with Served() as served, served.connect("?from=now") as client:
        while b'"type":"live"' not in client.recv(PATIENCE_S, decode=False):
            pass
        (made,) = served.put(statement())
        heard = client.recv(PATIENCE_S, decode=False)
        assert made.encode() in heard
        assert written == [heard]


def test_text_that_is_not_utf_8_is_closed_with_1007(caplog: pytest.LogCaptureFixture) -> None:
    """RFC 6455 8.1; the fault is the client's, and leaves no trace in the log."""
    with Served() as served, deaf_client(served) as client:
        connection = Wire(client)
        connection.until(b"\r\n\r\n")
        connection.send(frame(TEXT, b"\xff", final=False) + frame(CONTINUATION, b"\xfe"))
        assert connection.close_code() == 1007
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def port_of(served: Served) -> int:
    return int(served.address.split(":")[1])


@pytest.mark.parametrize(
    "headers",
    [{f"X-{number}": "1" for number in range(200)}, {"Content-Length": "5"}, {"Transfer-Encoding": "chunked"}],
    ids=["too many headers", "a body", "a chunked body"],
)
def test_an_opening_that_cannot_be_read_is_answered_and_ended(headers: dict[str, str]) -> None:
    """Else everybody could hold as many sockets as there are, without a credential and for ever."""
    with Served() as served, wire(port_of(served)) as made:
        made.send(handshake("/xapi/stream", headers) + b"hello")
        assert made.status() == 400
        assert made.rest() == b""
        wait_until(lambda: not served.sockets)


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/xapi/stream", "x" * 8192, 401),
        ("/xapi/stream", "x" * 60_000, 401),
        ("/xapi/stream?" + "&".join(["verb=https://example.com/verbs/some"] * 199), "engine", 101),
    ],
    ids=["long token", "too long token", "long query"],
)
def test_an_opening_with_long_lines_is_read(path: str, token: str, status: int) -> None:
    """Tokens and queries may be as long as the settings say, and no shorter than over HTTP."""
    with Served() as served, wire(port_of(served)) as made:
        made.send(handshake(path, {"Authorization": f"Bearer {token}"}))
        assert made.status() == status


def test_a_refused_opening_is_no_fault_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with Served() as served, wire(port_of(served)) as made:
        made.send(handshake("/xapi/stream", {"Authorization": "Bearer wrong"}))
        assert made.status() == 401
        assert made.rest() == b""
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
