from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator

import pytest
import uvicorn

from lrs.limits import Limits
from tests.door.client import serving
from tests.pseudonyms.world import World

SEED = int(os.environ["SEED"])


@pytest.fixture(scope="module", params=[SEED], ids=lambda seed: f"SEED={seed}")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server with statements at random; ``SEED=… pytest …`` makes it again."""
    limits = Limits(page_statements_max=40, server_frame_statements_max=20, described_from_max=10_000)
    with serving(tmp_path_factory.mktemp("data"), limits=limits) as server:
        yield World(server, random.Random(request.param), 120)


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    """Where the application of the world listens."""
    server = uvicorn.Server(
        uvicorn.Config(world.server._app, port=0, lifespan="off", ws="websockets-sansio", log_config=None)
    )
    serving_ = asyncio.run_coroutine_threadsafe(server.serve(), world.server._loop)

    async def started() -> None:
        while not server.started:  # noqa: ASYNC110 - the server tells it in no other way.
            await asyncio.sleep(0.01)

    world.server._run(started())
    host, port = server.servers[0].sockets[0].getsockname()
    yield f"{host}:{port}"
    server.should_exit = True
    serving_.result(20)
