"""Pages of statements, from what is asked to the bytes of the answer; the same whichever way a request goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from lrs.auth.principal import Principal
from lrs.door.parameters import pairs
from lrs.errors import InvalidParameter
from lrs.limits import Limits
from lrs.statements.formats import formatted
from lrs.statements.http.kept import Asked, Kept
from lrs.statements.log import Changes, Page
from lrs.statements.pages import statement_result
from lrs.statements.parameters import StatementQuery, parse_query
from lrs.statements.service import Statements

_QUERIES_REMEMBERED = 1024
_REMEMBERED_BYTES_MAX = 1024


class Wanted(NamedTuple):
    """What a query string asks for.

    ``parameters``: those of its first page, as a query string. ``cursor``: where a later page begins, None for the
    first one.
    """

    query: StatementQuery
    parameters: str
    cursor: str | None = None


class Paging:
    """Reads queries, and makes the pages that answer them; ``path`` is that of the Statement Resource."""

    def __init__(self, statements: Statements, limits: Limits, path: str) -> None:
        self._statements = statements
        self._limits = limits
        self.path = path
        # Who polls asks the same again and again.
        self._remembered = lru_cache(_QUERIES_REMEMBERED)(self._parsed)

    def wanted(self, query_string: bytes, principal: Principal) -> Wanted:
        """What ``principal`` asks for. Raises InvalidParameter."""
        if query_string.startswith(b"more="):
            return self._continued(query_string, principal)
        parsed = self._remembered if len(query_string) <= _REMEMBERED_BYTES_MAX else self._parsed
        return parsed(query_string)

    def _parsed(self, query_string: bytes) -> Wanted:
        given = pairs(query_string, "the query string")
        if any(name == "more" for name, _ in given):
            raise InvalidParameter("more stands alone: it holds the other parameters")
        return Wanted(parse_query(given, self._limits), urlencode(given))

    def _continued(self, query_string: bytes, principal: Principal) -> Wanted:
        given = pairs(query_string, "the query string")
        if len(given) > 1:
            raise InvalidParameter("more stands alone: it holds the other parameters")
        cursor, parameters = self._statements.continued(given[0][1], principal)
        query = parse_query(parse_qsl(parameters, keep_blank_values=True), self._limits)
        return Wanted(query, parameters, cursor)

    def reading(self, asked: Asked, wanted: Wanted) -> Callable[[], Kept]:
        """What reads the page and makes its answer; to be called in a thread that may block."""

        def read() -> Kept:
            page, cursor = self._statements.page_now(wanted.query, asked.principal, wanted.cursor)
            return Kept(self.body(page, asked, wanted), cursor, len(page.records))

        return read

    def body(self, page: Page | Changes, asked: Asked, wanted: Wanted) -> bytes:
        """The StatementResult with ``page``."""
        more = self._statements.continuation(page, wanted.parameters, asked.principal)
        if more:
            more = f"{quote(asked.prefix)}{self.path}?more={more}"
        payloads = [record.payload for record in page.records]
        if wanted.query.format != "exact":
            payloads = [formatted(payload, wanted.query.format, asked.language) for payload in payloads]
        return statement_result(payloads, more)
