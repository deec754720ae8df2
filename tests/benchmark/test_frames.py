"""As much of a websocket as a benchmark needs is right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from lrs.benchmark.frames import TEXT, client_frame, first_frame, handshake
from lrs.benchmark.requests import Target

SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000]


def sent(payload: bytes) -> bytes:
    """A frame of a server."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_of_a_server_is_found(size: int) -> None:
    payload = b"x" * size
    found = first_frame(sent(payload) + b"more")
    assert found is not None
    opcode, begin, end = found
    assert (opcode, sent(payload)[begin:end]) == (TEXT, payload)


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_that_is_not_whole_is_waited_for(size: int) -> None:
    whole = sent(b"x" * size)
    for cut in {0, 1, 2, 3, 5, 9, len(whole) - 1}:
        if cut < len(whole):
            assert first_frame(whole[:cut]) is None


@given(st.binary(max_size=300))
def test_a_frame_of_a_client_is_one(payload: bytes) -> None:
    reader = StreamReader()
    reader.feed_data(client_frame(TEXT, payload))
    parsing = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    frame = done.value.value
    assert (frame.opcode, frame.data, frame.fin) == (Opcode.TEXT, payload, True)


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_of_a_client_of_any_size_is_one(size: int) -> None:
    assert client_frame(TEXT, b"x" * size)[-size or None :] in (b"x" * size, client_frame(TEXT, b""))


def test_a_handshake_asks_for_the_protocol() -> None:
    target = Target.of("http://127.0.0.1:8080/xapi", "Bearer t")
    lines = handshake(target, "stream?from=now", ("xapi-stream.v1",)).decode().split("\r\n")
    assert lines[0] == "GET /xapi/stream?from=now HTTP/1.1"
    assert {"Sec-WebSocket-Protocol: xapi-stream.v1", "Authorization: Bearer t"} <= set(lines)
    assert lines[-2:] == ["", ""]
