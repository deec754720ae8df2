"""The application as a whole: how requests reach a resource, and what a start loads."""

from __future__ import annotations

import subprocess
import sys
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


def test_what_explains_refusals_is_no_part_of_the_start(tmp_path: Path) -> None:
    """It takes a tenth of the time until the first answer, and is there soon after."""
    script = (
        "import sys; from pathlib import Path; from lrs import Settings, create_app; "
        "from starlette.testclient import TestClient; "
        f"app = create_app(Settings(data=Path({str(tmp_path)!r}))); print('jsonschema' in sys.modules); "
        "client = TestClient(app); client.__enter__(); client.__exit__(); print('jsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
