"""An administrator at work: a browser that has logged in, and a program with the scope admin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from lrs.admin.http.desk import Desk
from lrs.admin.service import Administration
from tests.door.client import Client, Server, serving

PASSWORD = "correct horse battery staple"
OWN_PAGE = {"X-LRS-CSRF": "1", "Origin": "http://lrs"}


class Browser:
    """Keeps the cookie of the server, and sends what a page of ours would send."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cookie: str | None = None

    def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """The answer of ``path`` below /admin/api. A header of "" is left out."""
        sent = {**OWN_PAGE, **({"Cookie": f"lrs_admin={self.cookie}"} if self.cookie else {}), **(headers or {})}
        kept = {name: value for name, value in sent.items() if value}
        answer = self.server.request(method, f"/admin/api{path}", headers=kept, **more)
        # All browsers of a test share one client, and keep their cookies themselves.
        self.server._http.cookies.clear()
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0].partition("=")[2].strip('"')
        return answer

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self.request("POST", path, json=json, **more)

    def patch(self, path: str, json: Any, match: str | None = None, **more: Any) -> httpx.Response:
        headers = {} if match is None else {"If-Match": match}
        return self.request("PATCH", path, json=json, headers=headers, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.request("DELETE", path, **more)

    def json(self, path: str, **parameters: Any) -> Any:
        """What GET answers."""
        answer = self.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


class Program(Browser):
    """The same with a credential instead of the cookie, and without what only pages send."""

    def __init__(self, client: Client) -> None:
        super().__init__(client.server)
        self.client = client

    def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        sent = {"Authorization": self.client.authorization or "", **(headers or {})}
        return self.server.request(method, f"/admin/api{path}", headers=sent, **more)


@contextmanager
def administered(folder: Path, **settings: Any) -> Iterator[Browser]:
    """A server, and a browser in which its first administrator, ``admin``, has logged in."""
    with serving(folder, **settings) as server:
        yield logged_in(server)


def desk_of(server: Server) -> Desk:
    desk = server._app._desk
    assert desk is not None
    return desk


def administration_of(server: Server) -> Administration:
    return desk_of(server).administration


def logged_in(server: Server) -> Browser:
    """A new browser of the first administrator."""
    browser = Browser(server)
    link = administration_of(server).accounts.first_link()
    if link is not None:
        answer = browser.post("/password-link", {"link": link.secret, "password": PASSWORD})
    else:
        answer = browser.post("/session", {"name": "admin", "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return browser


def acts(browser: Browser, **parameters: Any) -> list[str]:
    """What the audit trail has, oldest first."""
    return [entry["act"] for entry in reversed(browser.json("/audit", limit=500, **parameters)["items"])]
