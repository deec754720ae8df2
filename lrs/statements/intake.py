"""Statements on their way in: from the bytes of a request to drafts that may be stored.

Everything that can be refused is refused here, before the writer sees it (invariant 10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from lrs.auth.principal import Principal
from lrs.errors import Forbidden, InvalidParameter, InvalidStatement, Problem, TooLarge
from lrs.limits import Limits
from lrs.statements.prepare import Authorship, prepare
from lrs.statements.record import Draft
from lrs.xapi.decode import decode_json
from lrs.xapi.validate import validator

CHUNK_STATEMENTS = 50
"""How many statements are prepared at a stretch, so that a large batch lets others have their turn."""


class Intake:
    """Decodes, validates and prepares what one credential sends under one version of the standard."""

    def __init__(self, limits: Limits, new_id: Callable[[], UUID]) -> None:
        self._limits = limits
        self._new_id = new_id

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

    def prepare(
        self, statements: Sequence[Any], principal: Principal, version: str, *, alone: bool
    ) -> Iterator[list[Draft]]:
        """Drafts of ``statements``, in chunks; ``alone`` says that they are one object and not an array (for paths).

        Raises InvalidStatement with the path of everything that is wrong with the first bad one.
        """
        check = validator(version).check
        authorship = Authorship.of(principal)
        for start in range(0, len(statements), CHUNK_STATEMENTS):
            chunk = []
            for index, statement in enumerate(statements[start : start + CHUNK_STATEMENTS], start):
                check(statement, "$" if alone else f"$[{index}]")
                chunk.append(prepare(statement, authorship, version=version, new_id=self._new_id))
            yield chunk


def with_id(statement: Any, statement_id: UUID) -> Any:
    """The statement of a PUT, with the id of its URL; InvalidParameter when it has another (Communication 2.1.1)."""
    if not isinstance(statement, dict):
        raise InvalidStatement(
            "PUT takes one statement", problems=(Problem("$", "type", "must be an object, not an array"),)
        )
    given = statement.get("id")
    if given is None:
        return {"id": str(statement_id), **statement}
    if str(given).lower() != str(statement_id):
        raise InvalidParameter("the statement's id differs from statementId")
    return statement


def require_grant(drafts: Sequence[Draft], principal: Principal, courses_of: Callable[[Draft], frozenset[str]]) -> None:
    """Forbidden if ``principal`` would write outside its grant.

    ``courses_of`` gives the courses of a draft with those of the statement that it refers to, so that what belongs
    to a course can be voided by whoever may write there, and by nobody else.
    """
    for draft in drafts:
        courses = courses_of(draft)
        if not principal.grant.permits(courses):
            named = ", ".join(sorted(courses)) or "no course"
            statement = UUID(bytes=draft.id)
            raise Forbidden(f"statement {statement} names {named}, outside the grant of {principal.consumer}")
