"""Requests as bytes, made before the clock starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from lrs.simulation.mix import wire

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """An xAPI endpoint and how to speak to it. ``authorization`` is the whole header value, empty for none."""

    scheme: str
    host: str
    port: int
    path: str
    authorization: str
    version: str = "1.0.3"

    @classmethod
    def of(cls, url: str, authorization: str) -> Target:
        """Raises ValueError if ``url`` is no URL of HTTP."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.query:
            raise ValueError("a URL such as http://127.0.0.1:8080/xapi")
        path = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~")
        return cls(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], path, authorization)

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and port, as in the header ``Host``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The endpoint as a URL, without credentials."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def below(self, path: str) -> Target:
        """The same server with the endpoint at ``path``."""
        return replace(self, path=path)

    def request(self, method: str, resource: str, body: bytes | None = None) -> bytes:
        """A request for ``resource`` (with its query) below the endpoint; ``body`` is JSON."""
        lines = [
            f"{method} {self.path}/{resource} HTTP/1.1",
            f"Host: {self.authority}",
            "Accept-Encoding: identity",
            f"X-Experience-API-Version: {self.version}",
        ]
        if self.authorization:
            lines.append(f"Authorization: {self.authorization}")
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "\r\n"]).encode() + (body or b"")


class Writing(NamedTuple):
    """One way of writing. ``batch``: statements in each request, 0 for a single one that is no array."""

    name: str
    method: str
    batch: int

    @property
    def each(self) -> int:
        """Statements in a request."""
        return max(self.batch, 1)


def writings(batch: int) -> Sequence[Writing]:
    """The ways of writing that are measured."""
    return (
        Writing("PUT of one", "PUT", 0),
        Writing("POST of one", "POST", 0),
        Writing(f"POST of {batch}", "POST", batch),
    )


def written(target: Target, writing: Writing, made: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """The requests that write all that is ``made``; statements that are too few for a batch are left."""
    while len(part := list(islice(made, writing.each))) == writing.each:
        if target.version.startswith("2"):
            for statement in part:
                statement["version"] = "2.0.0"
        body = b"[" + b", ".join(map(wire, part)) + b"]" if writing.batch else wire(part[0])
        query = f"?statementId={part[0]['id']}" if writing.method == "PUT" else ""
        yield target.request(writing.method, f"statements{query}", body)
