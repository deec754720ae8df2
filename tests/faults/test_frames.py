"""What the Autobahn fuzzing client checks for, over raw sockets; its cases are named by their numbers.

``autobahntestsuite`` 25.10.1 of PyPI is Python 2 code that can't be imported by Python 3, so it can't be run here.

Messages are echoed as it wants by their ``id``, and binary ones are refused. Floods, and text that is not UTF-8 in two
pieces, are in ``tests/cli/test_sockets.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.hardening.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Wire,
    frame,
    handshake,
    wire,
)
from tests.system.access import authorization, token_for
from tests.system.server import Server, running

PROTOCOL_ERROR, NOT_TEXT, NOT_UTF8, TOO_LARGE, INVALID_REQUEST = 1002, 1003, 1007, 1009, 4501
NORMAL = 1000
FRAME_BYTES_MAX = 65_536

ECHO = b'{"type":"unsubscribe","sub":"none","id":"echo"}'
ECHOED = b'{"type":"error","re":"echo"'

KAPPA = "κόσμε".encode()
SURROGATE = b"\xed\xa0\x80"
TOO_HIGH = b"\xf4\x90\x80\x80"
OVERLONG = b"\xc0\xaf"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    with running(
        tmp_path_factory.mktemp("frames") / "data", LRS_CLIENT_FRAMES_BURST="1000", LRS_CONNECTIONS_PER_TOKEN_MAX="1000"
    ) as server:
        yield server, token_for(server, "engine", "stream", "statements/read")


@contextmanager
def open_stream(target: tuple[Server, str]) -> Iterator[Wire]:
    server, token = target
    with wire(server.port) as made:
        made.send(handshake("/xapi/stream", authorization(token)))
        assert made.status() == 101
        yield made


@pytest.fixture
def stream(target: tuple[Server, str]) -> Iterator[Wire]:
    """An open connection; after the attack the same server echoes to another, and has logged no fault."""
    with open_stream(target) as made:
        yield made
    with open_stream(target) as other:
        other.send(frame(TEXT, ECHO))
        assert other.until(ECHOED).endswith(ECHOED)
    assert "Traceback" not in target[0].output


def bits(opcode: int, data: bytes = b"", *, reserved: int = 0, final: bool = True) -> bytes:
    """A frame with some of the three reserved bits set."""
    made = frame(opcode, data, final=final)
    return bytes([made[0] | reserved << 4]) + made[1:]


def unmasked(opcode: int, data: bytes) -> bytes:
    return bytes([0x80 | opcode, len(data)]) + data


def with_length(opcode: int, size: bytes) -> bytes:
    """The head of a frame whose length is written as in ``size``, the first byte of which has the mask's bit."""
    return bytes([0x80 | opcode]) + size + bytes(4)


def closing(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


REFUSED = {
    # 1.2: binary messages are not what this protocol has.
    "binary": (frame(BINARY, b"\x00\xff"), NOT_TEXT),
    "empty binary": (frame(BINARY), NOT_TEXT),
    "fragmented binary": (frame(BINARY, b"a", final=False) + frame(CONTINUATION, b"b"), NOT_TEXT),
    # 1.1.1: text that is no frame of the protocol.
    "empty text": (frame(TEXT), INVALID_REQUEST),
    "text of empty fragments": (
        frame(TEXT, final=False) + frame(CONTINUATION, final=False) + frame(CONTINUATION),
        INVALID_REQUEST,
    ),
    "text that is no JSON": (frame(TEXT, KAPPA), INVALID_REQUEST),
    # 2.5, 7.3.6: control frames of more than 125 bytes.
    "long ping": (frame(PING, b"x" * 126), PROTOCOL_ERROR),
    "long pong": (frame(PONG, b"x" * 126), PROTOCOL_ERROR),
    "long close": (closing(1000, b"x" * 124), PROTOCOL_ERROR),
    # 3: reserved bits; the first is that of compression, which was not agreed on.
    **{f"reserved bits {n} of text": (bits(TEXT, ECHO, reserved=n), PROTOCOL_ERROR) for n in range(1, 8)},
    "reserved bit of a ping": (bits(PING, reserved=4), PROTOCOL_ERROR),
    "reserved bit of a close": (bits(CLOSE, reserved=4), PROTOCOL_ERROR),
    "reserved bit of a continuation": (
        frame(TEXT, b"{", final=False) + bits(CONTINUATION, b"}", reserved=4),
        PROTOCOL_ERROR,
    ),
    # 4: opcodes that mean nothing.
    **{f"opcode {n}": (frame(n, b"x"), PROTOCOL_ERROR) for n in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "opcode 3 in a message": (frame(TEXT, b"{", final=False) + frame(3), PROTOCOL_ERROR),
    # 5: fragmentation.
    "fragmented ping": (frame(PING, b"a", final=False) + frame(CONTINUATION, b"b"), PROTOCOL_ERROR),
    "fragmented pong": (frame(PONG, b"a", final=False) + frame(CONTINUATION, b"b"), PROTOCOL_ERROR),
    "fragmented close": (frame(CLOSE, b"\x03\xe8", final=False) + frame(CONTINUATION), PROTOCOL_ERROR),
    "continuation of nothing": (frame(CONTINUATION, b"x"), PROTOCOL_ERROR),
    "unfinished continuation of nothing": (frame(CONTINUATION, b"x", final=False), PROTOCOL_ERROR),
    "continuation after the end": (frame(TEXT, ECHO) + frame(CONTINUATION, b"x"), PROTOCOL_ERROR),
    "text in a text": (frame(TEXT, b"{", final=False) + frame(TEXT, b"}"), PROTOCOL_ERROR),
    "binary in a text": (frame(TEXT, b"{", final=False) + frame(BINARY, b"}"), PROTOCOL_ERROR),
    # 5.1 of RFC 6455: clients mask.
    "unmasked text": (unmasked(TEXT, ECHO), PROTOCOL_ERROR),
    "unmasked ping": (unmasked(PING, b""), PROTOCOL_ERROR),
    "unmasked close": (unmasked(CLOSE, b"\x03\xe8"), PROTOCOL_ERROR),
    # 6: text that is not UTF-8, whole and in pieces.
    **{
        f"{name}{how}": (made, NOT_UTF8)
        for name, bad in (
            ("surrogate", SURROGATE),
            ("overlong", OVERLONG),
            ("too high", TOO_HIGH),
            ("cut short", KAPPA[:-1]),
            ("lone byte", b"\x80"),
            ("impossible byte", b"\xfe"),
        )
        for how, made in (
            ("", frame(TEXT, KAPPA + bad)),
            (
                " over three pieces",
                frame(TEXT, KAPPA + bad[:1], final=False)
                + frame(CONTINUATION, bad[1:], final=False)
                + frame(CONTINUATION),
            ),
        )
    },
    "not UTF-8 with a ping within": (
        frame(TEXT, SURROGATE[:1], final=False) + frame(PING) + frame(CONTINUATION, SURROGATE[1:]),
        NOT_UTF8,
    ),
    # 7.3, 7.5, 7.9: what a close may hold.
    "close of one byte": (frame(CLOSE, b"\x03"), PROTOCOL_ERROR),
    "close whose reason is not UTF-8": (closing(1000, SURROGATE), NOT_UTF8),
    **{
        f"close with {code}": (closing(code), PROTOCOL_ERROR)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    # 9: size, and lengths that nobody would send.
    "large": (frame(TEXT, b"x" * (FRAME_BYTES_MAX + 1)), TOO_LARGE),
    "large in pieces": (
        frame(TEXT, b"x" * FRAME_BYTES_MAX, final=False) + frame(CONTINUATION, b"x", final=False),
        TOO_LARGE,
    ),
    "large in two pieces": (
        frame(TEXT, b"x" * 60_000, final=False) + frame(CONTINUATION, b"x" * 60_000),
        TOO_LARGE,
    ),
    "a length of many bytes": (with_length(TEXT, b"\xff" + (2**62).to_bytes(8, "big")), TOO_LARGE),
}


@pytest.mark.parametrize(("attack", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_an_attack_is_closed_with_the_code_of_its_fault(stream: Wire, attack: bytes, code: int) -> None:
    stream.send(attack)
    assert stream.close_code() == code
    stream.send(closing(NORMAL))
    assert stream.rest() == b""


@pytest.mark.parametrize("size", [b"\xfe" + (100).to_bytes(2, "big"), b"\xff" + (1 << 63).to_bytes(8, "big")])
def test_a_length_that_is_written_wrongly_harms_nobody(stream: Wire, size: bytes) -> None:
    """RFC 6455 5.2 wants the shortest form, and no length of 64 bits."""
    stream.send(with_length(TEXT, size) + b"x" * 100)
    stream.end_sending()
    assert stream.close_code() in {0, PROTOCOL_ERROR, TOO_LARGE, INVALID_REQUEST}


TAKEN = {
    "whole": frame(TEXT, ECHO),
    "a byte at a time": frame(TEXT, final=False)
    + b"".join(frame(CONTINUATION, bytes([byte]), final=False) for byte in ECHO)
    + frame(CONTINUATION),
    "with pings within": frame(TEXT, ECHO[:9], final=False)
    + frame(PING, b"1")
    + frame(CONTINUATION, ECHO[9:20], final=False)
    + frame(PING, b"2")
    + frame(CONTINUATION, ECHO[20:]),
    "after a pong that nobody asked for": frame(PONG, b"so") + frame(TEXT, ECHO),
    "with a letter over two pieces": frame(TEXT, b'{"type":"unsubscribe","sub":"\xc3', final=False)
    + frame(CONTINUATION, b'\xa9","id":"echo"}'),
    "as large as allowed": frame(TEXT, ECHO[:-1].ljust(FRAME_BYTES_MAX - 1) + b"}"),
    "large in many pieces": frame(TEXT, ECHO[:-1], final=False)
    + frame(CONTINUATION, b" " * 1000, final=False) * 60
    + frame(CONTINUATION, b"}"),
}


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN.keys())
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "byte for byte"])
def test_a_message_is_heard_however_it_comes(stream: Wire, sent: bytes, at_once: bool) -> None:
    if at_once:
        stream.send(sent)
    else:
        for at in range(0, len(sent), max(1, len(sent) // 300)):
            stream.send(sent[at : at + max(1, len(sent) // 300)])
    assert stream.until(ECHOED).endswith(ECHOED)


@pytest.mark.parametrize("data", [b"", b"\x00\xff\xfe", b"x" * 125], ids=["empty", "bytes", "longest"])
def test_a_ping_is_answered_with_what_it_held(stream: Wire, data: bytes) -> None:
    """2.1 to 2.4."""
    answer = bytes([0x80 | PONG, len(data)]) + data
    stream.send(frame(PING, data))
    assert stream.until(answer).endswith(answer)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_a_good_close_is_answered_with_its_code(stream: Wire, code: int) -> None:
    """7.7; what comes after it is not heard."""
    stream.send(closing(code, b"x" * 123) + frame(TEXT, ECHO) + frame(PING))
    assert stream.close_code() == code
    assert stream.rest() == b""


def test_a_close_without_a_code_is_answered(stream: Wire) -> None:
    """7.3.1; the answer has no code either, or that of a normal end."""
    stream.send(frame(CLOSE))
    assert stream.close_code() in {0, NORMAL}
    assert stream.rest() == b""


def test_a_close_within_a_message_ends_it(stream: Wire) -> None:
    """7.1.5; the message is not heard, and that it is not whole may be told."""
    stream.send(frame(TEXT, ECHO[:9], final=False) + closing(NORMAL) + frame(CONTINUATION, ECHO[9:]))
    assert stream.close_code() in {NORMAL, PROTOCOL_ERROR}
    assert stream.rest() == b""
