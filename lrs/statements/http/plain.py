"""The short way for plain requests: a small write that there is nothing to say about but yes, and a page.

Most requests are of these kinds, and what an ASGI application may ask of its server costs more than storing a
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
from lrs.auth.scopes import STATEMENTS_READ_MINE
from lrs.door.http import CURSOR_HEADER, VERSION_HEADER
from lrs.errors import LrsError, StoreUnavailable
from lrs.statements.http.kept import Asked, Kept, KeptPages
from lrs.statements.http.paging import Paging, Wanted
from lrs.statements.service import Statements
from lrs.xapi.versions import VERSIONS

BODY_BYTES_MAX = 32 * 1024
"""A body beyond this is not plain."""

QUERY_BYTES_MAX = 2 * 1024
"""Nor is a query string."""

_UUID = rb"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_PUT_QUERY = re.compile(rb"statementId=(" + _UUID + rb")")
_VERSIONS = {version.encode(): version for version in VERSIONS}
_SEEN_ONCE = frozenset(
    {b"authorization", b"content-type", b"content-length", b"accept-language", VERSION_HEADER.lower().encode()}
)
_CURSOR = CURSOR_HEADER.lower().encode() + b": %b\r\n"
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


class PlainRead(NamedTuple):
    """A plain request for a page that has to be read. ``lines``: the headers of its answer, asked for before."""

    asked: Asked
    wanted: Wanted
    lines: bytes
    began_s: float


class Watch(Protocol):
    """Sees the writes that were answered."""

    def now_s(self) -> float:
        """The time, by a clock of its own."""

    def answered(self, route: str, method: str, status: int, began_s: float) -> str:
        """Take note of one that began at ``began_s``, and give it the id that its answer is to have."""


class PlainRequests:
    """Takes plain requests to the path of ``paging``; ``headers`` are those that every answer there has."""

    def __init__(
        self,
        statements: Statements,
        authenticator: Authenticator,
        headers: Callable[[str], Mapping[str, str]],
        paging: Paging,
        kept: KeptPages,
    ) -> None:
        self._path = paging.path
        self._statements = statements
        self._authenticator = authenticator
        self._headers = headers
        self._paging = paging
        self._kept = kept
        self._lines: tuple[Mapping[str, str], bytes] = {}, b""
        self.watch: Watch | None = None

    def begin(self, scope: Mapping[str, Any]) -> PlainWrite | PlainRead | Answer | None:
        """The answer to a request with this ASGI ``scope``, or what it wants done first; None if it is not plain."""
        if scope["path"] != self._path:
            return None
        given: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in _SEEN_ONCE:
                if name in given:
                    return None
                given[name] = value
            elif name in _NOT_PLAIN:
                return None
        query_string = scope["query_string"]
        match scope["method"]:
            case "PUT":
                found = _PUT_QUERY.fullmatch(query_string)
                return self._write(given, found[1].decode().lower()) if found is not None else None
            case "POST" if not query_string:
                return self._write(given, None)
            case "GET":
                return self._page(given, query_string, scope.get("root_path", ""))
        return None

    def _sender(self, given: Mapping[bytes, bytes]) -> tuple[Principal, str] | None:
        """Who sends a request with these headers, and in which version; None where there is more to say or to count."""
        version = _VERSIONS.get(given.get(b"x-experience-api-version", b""))
        if version is None:
            return None
        principal = self._authenticator.known(given.get(b"authorization", b"").decode("latin-1"))
        if principal is None:
            return None
        allowances = self._authenticator.allowances
        if allowances is not None and allowances.limited(principal):
            # What is counted has to be counted once, and may be refused with an answer.
            return None
        return principal, version

    def _page(self, given: Mapping[bytes, bytes], query_string: bytes, prefix: str) -> PlainRead | Answer | None:
        began_s = self.watch.now_s() if self.watch else 0.0
        if b"content-length" in given or len(query_string) > QUERY_BYTES_MAX:
            return None
        sender = self._sender(given)
        if sender is None or not sender[0].allows(STATEMENTS_READ_MINE):
            return None
        asked = Asked(sender[0], query_string, given.get(b"accept-language", b"").decode("latin-1"), prefix)
        # How far the log is complete has to be asked before the page is read, or known to be that of now.
        lines = _version(sender[1]) + self._common_lines("GET")
        page = self._kept.find(asked)
        if page is not None:
            return self._paged(asked, page, lines, began_s)
        try:
            wanted = self._paging.wanted(query_string, sender[0])
        except LrsError:
            return None
        if wanted.query.statement_id is not None or wanted.query.attachments:
            return None
        return PlainRead(asked, wanted, lines, began_s)

    def read(self, read: PlainRead, tell: Tell) -> None:
        """Begin to read the page that ``read`` asks for."""
        revision = self._kept.at

        def answer(page: Kept | Exception) -> None:
            if isinstance(page, Exception):
                tell(None)
                return
            self._kept.keep(read.asked, page, revision)
            tell(self._paged(read.asked, page, read.lines, read.began_s))

        try:
            self._statements.readers.read_soon(self._paging.reading(read.asked, read.wanted), answer)
        except StoreUnavailable:
            tell(None)

    def _paged(self, asked: Asked, page: Kept, lines: bytes, began_s: float) -> Answer:
        self._statements.reads.queried(asked.principal.consumer_id, page.statements)
        answer = _content(page.body, lines)
        if page.cursor is not None:
            answer = answer._replace(headers=_CURSOR % page.cursor.encode() + answer.headers)
        return self._noted("GET", began_s, answer)

    def _write(self, given: Mapping[bytes, bytes], statement_id: str | None) -> PlainWrite | None:
        length = given.get(b"content-length", b"")
        media_type = given.get(b"content-type", b"")
        if not length.isdigit() or len(length) > 6 or int(length) > BODY_BYTES_MAX:
            return None
        if media_type != b"application/json" and media_type.partition(b";")[0].strip().lower() != b"application/json":
            return None
        began_s = self.watch.now_s() if self.watch else 0.0
        sender = self._sender(given)
        return None if sender is None else PlainWrite(*sender, statement_id, began_s)

    def store(self, write: PlainWrite, body: bytes, tell: Tell) -> bool:
        """Begin to store what ``write`` brings; False if it has to go the other way: then ``tell`` is not called."""
        method = "POST" if write.statement_id is None else "PUT"
        lines = _version(write.version) + self._common_lines(method)

        def answer(outcome: Sequence[str] | Exception) -> None:
            if isinstance(outcome, Exception):
                tell(None)
                return
            made = Answer(204, lines, b"") if method == "PUT" else _content(orjson.dumps(outcome), lines)
            tell(self._noted(method, write.began_s, made))

        try:
            return self._statements.store_soon(body, write.principal, write.version, write.statement_id, answer)
        except LrsError:
            return False

    def _noted(self, method: str, began_s: float, answer: Answer) -> Answer:
        """``answer`` with the id of its request, where somebody watches."""
        if self.watch is None:
            return answer
        request_id = self.watch.answered(self._path, method, answer.status, began_s)
        return answer._replace(headers=b"%bx-request-id: %b\r\n" % (answer.headers, request_id.encode()))

    def _common_lines(self, method: str) -> bytes:
        """The headers that every answer has, as lines; made anew only when they change."""
        headers = self._headers(method)
        if headers is not self._lines[0]:
            text = "".join([f"{name.lower()}: {value}\r\n" for name, value in headers.items()])
            self._lines = headers, text.encode()
        return self._lines[1]


def _version(version: str) -> bytes:
    return b"x-experience-api-version: %b\r\n" % version.encode()


def _content(body: bytes, lines: bytes) -> Answer:
    return Answer(200, b"content-length: %d\r\ncontent-type: application/json\r\n%b" % (len(body), lines), body)
