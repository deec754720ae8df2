"""The short way in for plain writes: a PUT or POST of a small JSON body that there is nothing to say about but yes.

Most requests are of this kind, and what an ASGI application may ask of its server costs more than storing a
statement. So a server that can (``lrs.cli.requests``) asks here first. Whatever is not plain, or goes wrong for any
reason, is left to ``Resource``, which begins anew and says what is the matter: here nothing is ever refused, so the two
ways can't disagree about a refusal, and for the same success they give the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from lrs.auth.authenticate import Authenticator
from lrs.auth.principal import Principal
from lrs.door.http import VERSION_HEADER
from lrs.errors import LrsError
from lrs.statements.service import Statements
from lrs.xapi.versions import VERSIONS

BODY_BYTES_MAX = 32 * 1024
"""A body beyond this is not plain."""

_UUID = rb"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_PUT_QUERY = re.compile(rb"statementId=(" + _UUID + rb")")
_VERSIONS = {version.encode(): version for version in VERSIONS}
_SEEN_ONCE = frozenset({b"authorization", b"content-type", b"content-length", VERSION_HEADER.lower().encode()})
_NOT_PLAIN = frozenset({b"transfer-encoding", b"expect", b"x-request-id", b"traceparent"})


class Answer(NamedTuple):
    """A success: ``headers`` are whole lines, each with its end."""

    status: int
    headers: bytes
    body: bytes


Tell = Callable[[Answer | None], None]
"""Is called with the answer once the statements are durable, or with None if the request has to go the other way."""


class PlainWrite(NamedTuple):
    """A plain request whose body has yet to come."""

    principal: Principal
    version: str
    statement_id: str | None
    """In lower case, for a PUT; None for a POST."""
    began_s: float = 0.0


class Watch(Protocol):
    """Sees the writes that were answered."""

    def now_s(self) -> float:
        """The time, by a clock of its own."""

    def answered(self, route: str, method: str, status: int, began_s: float) -> str:
        """Take note of one that began at ``began_s``, and give it the id that its answer is to have."""


class PlainWrites:
    """Takes plain writes at ``path``; ``headers`` are those that every answer of this resource has."""

    def __init__(
        self,
        path: str,
        statements: Statements,
        authenticator: Authenticator,
        headers: Callable[[str], Mapping[str, str]],
    ) -> None:
        self._path = path
        self._statements = statements
        self._authenticator = authenticator
        self._headers = headers
        self._lines: tuple[Mapping[str, str], bytes] = {}, b""
        self.watch: Watch | None = None

    def begin(self, scope: Mapping[str, Any]) -> PlainWrite | None:
        """The write that a request with this ASGI ``scope`` makes; None if it is not plain."""
        if scope["path"] != self._path:
            return None
        statement_id = None
        match scope["method"]:
            case "PUT":
                found = _PUT_QUERY.fullmatch(scope["query_string"])
                if found is None:
                    return None
                statement_id = found[1].decode().lower()
            case "POST" if not scope["query_string"]:
                pass
            case _:
                return None
        given: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in _SEEN_ONCE:
                if name in given:
                    return None
                given[name] = value
            elif name in _NOT_PLAIN:
                return None
        return self._plain(given, statement_id)

    def _plain(self, given: Mapping[bytes, bytes], statement_id: str | None) -> PlainWrite | None:
        length = given.get(b"content-length", b"")
        media_type = given.get(b"content-type", b"")
        version = _VERSIONS.get(given.get(b"x-experience-api-version", b""))
        if version is None or not length.isdigit() or len(length) > 6 or int(length) > BODY_BYTES_MAX:
            return None
        if media_type != b"application/json" and media_type.partition(b";")[0].strip().lower() != b"application/json":
            return None
        try:
            authorization = given.get(b"authorization", b"").decode("latin-1")
            principal = self._authenticator.principal_for_authorization(authorization)
        except LrsError:
            return None
        allowances = self._authenticator.allowances
        if allowances is not None and allowances.limited(principal):
            # What is counted has to be counted once, and may be refused with an answer.
            return None
        return PlainWrite(principal, version, statement_id, self.watch.now_s() if self.watch else 0.0)

    def store(self, write: PlainWrite, body: bytes, tell: Tell) -> bool:
        """Begin to store what ``write`` brings; False if it has to go the other way: then ``tell`` is not called."""
        lines = self._common_lines("POST" if write.statement_id is None else "PUT")

        def answer(outcome: Sequence[str] | Exception) -> None:
            if isinstance(outcome, Exception):
                tell(None)
            else:
                tell(self._noted(write, _success(write, outcome, lines)))

        try:
            return self._statements.store_soon(body, write.principal, write.version, write.statement_id, answer)
        except LrsError:
            return False

    def _noted(self, write: PlainWrite, answer: Answer) -> Answer:
        """``answer`` with the id of its request, where somebody watches."""
        if self.watch is None:
            return answer
        method = "POST" if write.statement_id is None else "PUT"
        request_id = self.watch.answered(self._path, method, answer.status, write.began_s)
        return answer._replace(headers=b"%bx-request-id: %b\r\n" % (answer.headers, request_id.encode()))

    def _common_lines(self, method: str) -> bytes:
        """The headers that every answer has, as lines; made anew only when they change."""
        headers = self._headers(method)
        if headers is not self._lines[0]:
            text = "".join([f"{name.lower()}: {value}\r\n" for name, value in headers.items()])
            self._lines = headers, text.encode()
        return self._lines[1]


def _success(write: PlainWrite, ids: Sequence[str], lines: bytes) -> Answer:
    version = b"x-experience-api-version: %b\r\n" % write.version.encode()
    if write.statement_id is not None:
        return Answer(204, version + lines, b"")
    body = orjson.dumps(ids)
    about = b"content-length: %d\r\ncontent-type: application/json\r\n" % len(body)
    return Answer(200, about + version + lines, body)
