"""The API for administrators below the prefix of another application."""

from __future__ import annotations

from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from lrs import Settings, create_app
from tests.admin.desk import OWN_PAGE, PASSWORD


async def test_cookie_and_addresses_have_the_prefix(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path))
    outer = Starlette(routes=[Mount("/lrs", app)])
    transport = httpx.ASGITransport(app=outer)
    async with httpx.AsyncClient(transport=transport, base_url="http://lrs", headers=OWN_PAGE) as browser:
        assert (await browser.get("/lrs/admin/api/session")).status_code == 401
        assert app._desk is not None
        link = app._desk.administration.accounts.first_link()
        assert link is not None
        begun = await browser.post("/lrs/admin/api/password-link", json={"link": link.secret, "password": PASSWORD})
        assert "Path=/lrs/admin;" in begun.headers["set-cookie"]
        made = await browser.post("/lrs/admin/api/consumers", json={"name": "engine"})
        assert made.headers["location"] == "/lrs/admin/api/consumers/1"
        assert (await browser.get(made.headers["location"])).status_code == 200
        assert (await browser.delete("/lrs/admin/api/session")).status_code == 204
        assert not browser.cookies
    await app.stop()
