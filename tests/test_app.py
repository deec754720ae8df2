"""Requests reach a resource by the short way and by the long one, with the same answer."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from lrs import Settings, create_app


async def _answers(app: ASGIApp) -> list[tuple[int, bytes]]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://lrs.example") as client:
        asked = [await client.get(path) for path in ("/xapi/statements", "/xapi/about", "/xapi/nothing")]
        asked.append(await client.request("PATCH", "/xapi/statements"))
    return [(answer.status_code, answer.content) for answer in asked]


@pytest.mark.parametrize("origins", [(), ("https://page.example",)])
async def test_middleware_that_is_added_sees_every_request(tmp_path: Path, origins: tuple[str, ...]) -> None:
    """Without any, requests for a resource go straight to it."""
    plain = create_app(Settings(data=tmp_path, allowed_origins=origins))
    watched = create_app(Settings(data=tmp_path))
    seen: list[str] = []

    class Watch:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["path"])
            await self.app(scope, receive, send)

    watched.add_middleware(Watch)
    try:
        assert await _answers(watched) == await _answers(plain)
    finally:
        await watched.stop()
        await plain.stop()
    assert seen == ["/xapi/statements", "/xapi/about", "/xapi/nothing", "/xapi/statements"]
