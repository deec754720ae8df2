"""The order of steps for whoever stores or reads statements, over HTTP or in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from lrs.auth.principal import Principal
from lrs.auth.scopes import STATEMENTS_READ_MINE, STATEMENTS_WRITE
from lrs.errors import MalformedJson, RequestError
from lrs.limits import Limits
from lrs.statements.continuation import Continuation, Continuations
from lrs.statements.intake import Intake, refuse_repeated_ids, refused_by_grant, set_aside
from lrs.statements.log import Page, StatementLog
from lrs.statements.match import UNRESTRICTED_VISIBILITY, visibility
from lrs.statements.parameters import StatementQuery
from lrs.statements.record import Append, Draft, Record, SetAside


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
    ) -> Sequence[str]:
        """Store all of ``statements`` or none, durably; returns their ids, in order.

        ``alone``: they came as one object and not as an array (for the paths in errors). Raises Forbidden,
        InvalidStatement, Conflict, StoreUnavailable. From a trusted writer, only the last: what can't be stored is set
        aside, and an id without a UUID's form is left out of the answer.
        """
        ids, job = await self.prepare(statements, principal, version, alone=alone)
        await self._log.append(job)
        return ids

    async def prepare(
        self, statements: Sequence[Any], principal: Principal, version: str, *, alone: bool
    ) -> tuple[Sequence[str], Append]:
        """(ids in order, what is to be appended) for ``statements``, every check passed; see ``store``."""
        principal.require(STATEMENTS_WRITE)
        ids: list[str] = []
        drafts: list[Draft] = []
        aside: list[SetAside] = []
        for chunk in self.intake.chunks(statements, principal, version, alone=alone):
            ids += chunk.ids
            drafts += chunk.drafts
            aside += chunk.set_aside
            if len(drafts) < len(statements):
                await asyncio.sleep(0)
        if not principal.trusted:
            refuse_repeated_ids(drafts)
        if principal.grant.courses is not None:
            drafts = await asyncio.to_thread(self._granted, drafts, aside, principal, version)
        return ids, Append(drafts, principal.trusted, aside)

    async def store_body(self, body: bytes, principal: Principal, version: str) -> Sequence[str]:
        """The same for a JSON body with one statement or an array of them; also raises MalformedJson and TooLarge."""
        principal.require(STATEMENTS_WRITE)
        try:
            statements = self.intake.decode(body)
        except MalformedJson as error:
            if not principal.trusted:
                raise
            await self._log.append(Append((), lenient=True, set_aside=[set_aside(body, error, principal, version)]))
            return []
        return await self.store(statements, principal, version, alone=not body.lstrip().startswith(b"["))

    async def retry(self, body: bytes, principal: Principal, version: str) -> bool:
        """Store ``body``, which was set aside, if all of it can be stored now; else leave things as they are."""
        try:
            statements = self.intake.decode(body)
        except RequestError:
            return False
        _, job = await self.prepare(statements, principal, version, alone=len(statements) == 1)
        if job.set_aside:
            return False
        await self._log.append(job)
        return True

    def _granted(
        self, drafts: Sequence[Draft], aside: list[SetAside], principal: Principal, version: str
    ) -> list[Draft]:
        """Those of ``drafts`` that ``principal`` may write; the others are refused, or set aside if it is trusted."""
        granted = []
        for draft in drafts:
            refusal = refused_by_grant(draft, self._courses(draft), principal)
            if refusal is None:
                granted.append(draft)
            elif principal.trusted:
                aside.append(set_aside(draft.body + b"}", refusal, principal, version))
            else:
                raise refusal
        return granted

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
