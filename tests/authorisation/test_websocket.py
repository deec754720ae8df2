"""The stream over real websockets, for every scope and grant (invariant 4)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.authorisation.matrix import Matrix, ids
from tests.authorisation.stated import COURSES, FOREIGN, GRANTS, SCOPES, Reader

WAIT_S = 60


class Socket:
    """Where the application of the matrix listens."""

    def __init__(self, matrix: Matrix, address: str) -> None:
        self.matrix = matrix
        self.address = address

    def connect(self, reader: Reader, query: str) -> ClientConnection:
        authorization = self.matrix.client(reader).authorization or ""
        url = f"ws://{self.address}/xapi/stream?{query}"
        return connect(url, additional_headers={"Authorization": authorization}, open_timeout=WAIT_S, compression=None)


@pytest.fixture(scope="module")
def socket(matrix: Matrix) -> Iterator[Socket]:
    app = matrix.server._app
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", ws="websockets-sansio", log_config=None))
    serving = asyncio.run_coroutine_threadsafe(server.serve(), matrix.server._loop)

    async def started() -> None:
        while not server.started:  # noqa: ASYNC110 - the server tells it in no other way.
            await asyncio.sleep(0.01)

    matrix.run(started())
    host, port = server.servers[0].sockets[0].getsockname()
    yield Socket(matrix, f"{host}:{port}")
    server.should_exit = True
    serving.result(WAIT_S)


def told(client: ClientConnection) -> list[dict[str, Any]]:
    """The statements in the frames until the subscription is live."""
    got: list[dict[str, Any]] = []
    while (frame := json.loads(client.recv(WAIT_S)))["type"] != "live":
        got += frame.get("statements", [])
    return got


@pytest.mark.parametrize("grant", GRANTS)
def test_a_subscriber_is_told_what_the_model_finds(socket: Socket, grant: str) -> None:
    reader = Reader("engine", ("stream",), grant)
    with socket.connect(reader, "from=beginning") as client:
        assert ids(told(client)) == socket.matrix.world.followed(reader)
    for key in COURSES:
        if key == FOREIGN:
            continue
        with socket.connect(reader, f"from=beginning&course={quote(key)}") as client:
            if GRANTS[grant].permits(frozenset({key})):
                assert ids(told(client)) == socket.matrix.world.followed(reader, (("course", key),))
            else:
                frames = [json.loads(client.recv(WAIT_S)) for _ in range(2)]
                assert [frame.get("code") for frame in frames] == [None, "forbidden"]


@pytest.mark.parametrize("scopes", SCOPES, ids=" ".join)
def test_a_handshake_needs_the_right_to_stream(socket: Socket, scopes: tuple[str, ...]) -> None:
    reader = Reader("lms", scopes, "one")
    if reader.has("stream"):
        with socket.connect(reader, "from=beginning") as client:
            assert ids(told(client)) == socket.matrix.world.followed(reader)
        return
    with pytest.raises(InvalidStatus) as caught:
        socket.connect(reader, "from=beginning")
    assert caught.value.response.status_code == 403
