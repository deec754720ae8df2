"""Clients of the whole application, each with a credential of its own."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from lrs import Settings, create_app
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.engine import Engine

VERSION = "X-Experience-API-Version"


class Client:
    """Sends requests with one credential and, unless a header says otherwise, one version."""

    def __init__(self, server: Server, authorization: str | None, version: str) -> None:
        self.server = server
        self.authorization = authorization
        self.version = version

    def speaking(self, version: str) -> Client:
        return Client(self.server, self.authorization, version)

    def request(self, method: str, path: str, *, headers: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """The answer of ``path``, below the base; a header of "" is left out."""
        sent = {VERSION: self.version, **({"Authorization": self.authorization} if self.authorization else {})}
        kept = {name: value for name, value in (sent | (headers or {})).items() if value}
        return self.server.request(method, f"/xapi/{path}", headers=kept, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def put(self, path: str, **more: Any) -> httpx.Response:
        return self.request("PUT", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.request("DELETE", path, **more)


class Server:
    """An application on a store of its own, in an event loop of its own, so that tests and their threads just call."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._app = create_app(Settings(data=folder, **settings))
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=self._app), base_url="http://lrs")
        self.engine: Engine = self._run(self._app.start())

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer: httpx.Response = self._run(self._http.request(method, path, **more))
        return answer

    def client(
        self,
        name: str,
        *scopes: str,
        courses: tuple[str, ...] | None = None,
        version: str = "1.0.3",
        trusted: bool = False,
    ) -> Client:
        """A new consumer with these scopes and this grant (None: every course), by Basic credentials."""
        grant = UNRESTRICTED if courses is None else Grant.of(courses)
        self.engine.issuer.add_consumer(name, scopes=frozenset(scopes), grant=grant, trusted=trusted)
        key = self.engine.issuer.add_key(name)
        return Client(self, "Basic " + base64.b64encode(f"{key.key}:{key.secret}".encode()).decode(), version)

    def stranger(self, version: str = "1.0.3") -> Client:
        return Client(self, None, version)

    def close(self) -> None:
        self._run(self._http.aclose())
        self._run(self._app.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[Server]:
    server = Server(folder, **settings)
    try:
        yield server
    finally:
        server.close()
