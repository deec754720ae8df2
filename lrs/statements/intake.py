"""Statements on their way in: from the bytes of a request to drafts that may be stored.

Everything that can be refused is refused here, before the writer sees it (invariant 10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from lrs.auth.principal import Principal
from lrs.errors import Forbidden, InvalidParameter, InvalidStatement, LrsError, Problem, TooLarge
from lrs.limits import Limits
from lrs.statements.deviations import mended
from lrs.statements.events import event_key
from lrs.statements.keys import DEVIATION, Keys
from lrs.statements.match import permits_writing
from lrs.statements.prepare import Authorship, prepare
from lrs.statements.record import Draft, SetAside
from lrs.xapi.decode import decode_json
from lrs.xapi.uuids import is_uuid
from lrs.xapi.validate import validator

CHUNK_STATEMENTS = 50
"""How many statements are prepared at a stretch, so that a large batch lets others have their turn."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Prepared statements: ``ids`` of all of them in order, drafts to store, and what was set aside."""

    ids: list[str]
    drafts: list[Draft]
    set_aside: list[SetAside]

    def take(self, draft: Draft) -> None:
        """Add a draft and its id."""
        self.drafts.append(draft)
        digits = draft.id.hex()
        self.ids.append(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")


class _Author(NamedTuple):
    """Who sends, and under which version of the standard."""

    principal: Principal
    authorship: Authorship
    version: str


class Intake:
    """Decodes, validates and prepares what one credential sends under one version of the standard."""

    def __init__(self, limits: Limits, new_id: Callable[[], UUID]) -> None:
        self._limits = limits
        self._new_id = new_id
        self._latest: tuple[Principal, Authorship] | None = None

    def decode(self, body: bytes) -> list[Any]:
        """The statements in ``body``: a JSON object, or an array of at most ``batch_statements_max`` of them.

        Raises MalformedJson, InvalidStatement or TooLarge; whether they are valid statements is not yet asked.
        """
        value = self.decode_one(body)
        statements = value if isinstance(value, list) else [value]
        if len(statements) > self._limits.batch_statements_max:
            raise TooLarge(f"{len(statements)} statements at once; at most {self._limits.batch_statements_max}")
        return statements

    def decode_one(self, body: bytes) -> Any:
        """The JSON value in ``body``; MalformedJson when it is none that we accept."""
        return decode_json(body, depth_max=self._limits.json_depth_max)

    def chunks(self, statements: Sequence[Any], principal: Principal, version: str, *, alone: bool) -> Iterator[Chunk]:
        """``statements`` prepared, in chunks; ``alone`` says that they are one object and not an array (for paths).

        Raises InvalidStatement with the path of everything that is wrong with the first bad one, unless the writer is
        trusted: then what is bad is set aside.
        """
        author = _Author(principal, self._authorship(principal), version)
        for start in range(0, len(statements), CHUNK_STATEMENTS):
            chunk = Chunk([], [], [])
            for index, statement in enumerate(statements[start : start + CHUNK_STATEMENTS], start):
                path = "$" if alone else f"$[{index}]"
                if principal.trusted:
                    self._take_leniently(statement, path, author, chunk)
                else:
                    validator(version).check(statement, path)
                    chunk.take(prepare(statement, author.authorship, version=version, new_id=self._new_id))
            yield chunk

    def _authorship(self, principal: Principal) -> Authorship:
        """That of ``principal``; kept for the next request, which is most often of the same writer."""
        latest = self._latest
        if latest is None or latest[0] is not principal:
            latest = self._latest = principal, Authorship.of(principal)
        return latest[1]

    def _take_leniently(self, statement: Any, path: str, author: _Author, chunk: Chunk) -> None:
        """Prepare what is valid but for known deviations; set aside all else (invariant 11)."""
        judge = validator(author.version)
        deviations: frozenset[str] = frozenset()
        # A known deviation is never valid, and most statements have none.
        if not judge.accepts(statement):
            mended_copy, deviations = mended(statement)
            try:
                judge.check(mended_copy, path)
            except InvalidStatement as error:
                chunk.set_aside.append(set_aside(orjson.dumps(statement), error, author.principal, author.version))
                given = statement.get("id") if isinstance(statement, dict) else None
                if isinstance(given, str) and is_uuid(given):
                    chunk.ids.append(given)
                return
        known_by = event_key(statement)
        draft = prepare(statement, author.authorship, version=author.version, new_id=self._new_id, event_key=known_by)
        if deviations:
            draft = draft._replace(keys=draft.keys | {DEVIATION + name for name in deviations})
        chunk.take(draft)


def set_aside(body: bytes, error: LrsError, principal: Principal, version: str) -> SetAside:
    """What is kept of ``body``, which ``principal`` sent and ``error`` speaks of."""
    problems = error.problems or (Problem("$", error.code, error.message),)
    reason = orjson.dumps([{"path": p.path, "rule": p.rule, "reason": p.reason} for p in problems])
    return SetAside(body, reason, principal.consumer, version)


def refuse_repeated_ids(drafts: Sequence[Draft]) -> None:
    """InvalidStatement when two statements of one batch have the same id (Communication 2.1.2, 9274.1.1 4.1.6.1)."""
    seen: set[bytes] = set()
    for index, draft in enumerate(drafts):
        if draft.id in seen:
            problem = Problem(f"$[{index}].id", "unique", "is the id of another statement in the batch")
            raise InvalidStatement("two statements of the batch have the same id", problems=(problem,))
        seen.add(draft.id)


def with_id(statement: Any, statement_id: str) -> Any:
    """The statement of a PUT, with the id of its URL, which is in lower case.

    InvalidParameter when it has another (Communication 2.1.1).
    """
    if not isinstance(statement, dict):
        raise InvalidStatement(
            "PUT takes one statement", problems=(Problem("$", "type", "must be an object, not an array"),)
        )
    given = statement.get("id")
    if given is None:
        return {"id": statement_id, **statement}
    if str(given).lower() != statement_id:
        raise InvalidParameter("the statement's id differs from statementId")
    return statement


def refused_by_grant(draft: Draft, target: Keys | None, principal: Principal) -> Forbidden | None:
    """Why ``principal`` may not write ``draft``, if it may not; ``target`` as for ``permits_writing``."""
    if permits_writing(principal.grant, draft, target):
        return None
    # Of a statement that it refers to, and that the writer may not see, nothing is told.
    named = ", ".join(sorted(draft.courses)) or "no course"
    refers = " and refers to another statement" if draft.refers_to else ""
    identity = UUID(bytes=draft.id)
    return Forbidden(f"statement {identity} names {named}{refers}, which is outside the grant of {principal.consumer}")
