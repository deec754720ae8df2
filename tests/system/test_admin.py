"""A person administers a running server, with several processes on one store."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import httpx

from tests.system.access import WAIT_S
from tests.system.server import Server, running

PASSWORD = "correct horse battery staple"


def own_page(server: Server) -> dict[str, str]:
    return {"X-LRS-CSRF": "1", "Origin": server.url}


def first_link(server: Server) -> str | None:
    found = re.search(r"http://\S+/admin/password#(\S+)", server.output)
    return found[1] if found else None


def wait_for_both(browser: httpx.Client, api: str) -> None:
    """Until it is told that there are two processes: the second may have only begun to start."""
    deadline = time.monotonic() + WAIT_S
    while browser.get(f"{api}/statistics").json()["processes"] != 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_first_start_prints_a_link_and_the_next_one_does_not(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2") as server:
        link = first_link(server)
        assert link is not None
        assert f"{server.url}/admin/password#{link}" in server.output
        api = f"{server.url}/admin/api"
        # There is no TLS, and no certificate need be read.
        options: dict[str, Any] = {"headers": own_page(server), "timeout": WAIT_S, "verify": False, "trust_env": False}
        with httpx.Client(**options) as browser:
            answer = browser.post(f"{api}/password-link", json={"link": link, "password": PASSWORD})
            assert answer.status_code == 201
            cookies = dict(browser.cookies)

        def client() -> httpx.Client:
            return httpx.Client(**options, cookies=cookies)

        def status() -> int:
            # Each time on a new connection, which either process may take.
            with client() as anew:
                return anew.get(f"{api}/session").status_code

        assert {status() for _ in range(12)} == {200}
        with client() as browser:
            made = browser.post(f"{api}/consumers", json={"name": "engine"})
            assert made.status_code == 201
            key = browser.post(f"{api}/keys", json={"consumer": "engine"}).json()
            wait_for_both(browser, api)
            assert browser.delete(f"{api}/session").status_code == 204
        assert {status() for _ in range(12)} == {401}
        assert [entry["actor"] for entry in server.run_json("audit", "--act", "key")] == ["admin:admin"]
        server.stop()
        output = server.output
        for secret in (link, PASSWORD, key["secret"], *cookies.values()):
            assert secret not in output.replace(f"{server.url}/admin/password#{link}", "")
    with running(tmp_path / "data") as again:
        assert first_link(again) is None
