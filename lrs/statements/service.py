"""The order of steps for whoever stores or reads statements, over HTTP or in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from lrs.auth.principal import Principal
from lrs.auth.scopes import STATEMENTS_READ_MINE, STATEMENTS_WRITE
from lrs.limits import Limits
from lrs.statements.continuation import Continuation, Continuations
from lrs.statements.intake import Intake, require_grant
from lrs.statements.log import Page, StatementLog
from lrs.statements.match import UNRESTRICTED_VISIBILITY, visibility
from lrs.statements.parameters import StatementQuery
from lrs.statements.record import Draft, Record


class Statements:
    """Storing and reading, each with its scope and grant checked first."""

    def __init__(
        self, log: StatementLog, continuations: Continuations, limits: Limits, new_id: Callable[[], UUID]
    ) -> None:
        self._log = log
        self._continuations = continuations
        self.intake = Intake(limits, new_id)

    async def store(
        self, statements: Sequence[Any], principal: Principal, version: str, *, alone: bool
    ) -> Sequence[Draft]:
        """Store all of ``statements`` or none, durably; returns their drafts, which have the ids, in order.

        ``alone``: they came as one object and not as an array (for the paths in errors). Raises Forbidden,
        InvalidStatement, Conflict, StoreUnavailable.
        """
        principal.require(STATEMENTS_WRITE)
        drafts: list[Draft] = []
        for chunk in self.intake.prepare(statements, principal, version, alone=alone):
            drafts += chunk
            if len(drafts) < len(statements):
                await asyncio.sleep(0)
        if principal.grant.courses is not None:
            await asyncio.to_thread(require_grant, drafts, principal, self._courses)
        await self._log.append(drafts)
        return drafts

    async def find(self, query: StatementQuery, principal: Principal) -> Record | None:
        """The one statement that ``query`` names, voided or not as asked, if ``principal`` may see it."""
        principal.require(STATEMENTS_READ_MINE)
        assert query.statement_id is not None
        return await asyncio.to_thread(self._log.find, query.statement_id, visibility(principal), voided=query.voided)

    async def page(self, query: StatementQuery, principal: Principal, cursor: str | None = None) -> Page:
        """The page of ``query``, from its beginning or beyond ``cursor``."""
        principal.require(STATEMENTS_READ_MINE)
        selection = query.selection
        if cursor is not None:
            selection = replace(selection, beyond=self._log.cursors.open(cursor))
        return await asyncio.to_thread(self._log.read, selection, visibility(principal))

    def continuation(self, page: Page, query_string: str, principal: Principal) -> str:
        """The text with which ``continued`` finds the place after ``page``; empty when there is nothing more."""
        if not page.more:
            return ""
        place = Continuation(self._log.cursors.seal(page.through), query_string)
        return self._continuations.write(place, principal.visibility_digest())

    def continued(self, text: str, principal: Principal) -> Continuation:
        """The place and query in ``text``; InvalidParameter when it is not this reader's."""
        return self._continuations.read(text, principal.visibility_digest())

    def consistent_through_us(self) -> int:
        """See ``StatementLog``; to be asked before the read that it describes."""
        return self._log.consistent_through_us()

    def _courses(self, draft: Draft) -> frozenset[str]:
        """The courses of ``draft``, with those of what it refers to."""
        target = draft.refers_to
        if target is None:
            return draft.courses
        for voided in (False, True):
            record = self._log.find(target, UNRESTRICTED_VISIBILITY, voided=voided)
            if record is not None:
                return draft.courses | record.courses
        return draft.courses
