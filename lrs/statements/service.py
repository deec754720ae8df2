"""The order of steps for whoever stores or reads statements, over HTTP or in the same process."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from lrs.auth.principal import Principal
from lrs.auth.reads import Reads
from lrs.auth.scopes import STATEMENTS_READ_MINE, STATEMENTS_WRITE
from lrs.errors import Conflict, CursorInvalid, InvalidAttachment, LrsError, MalformedJson, RequestError
from lrs.limits import Limits
from lrs.statements.attachments import AttachmentIndex, require_wanted, with_data
from lrs.statements.continuation import Continuation, Continuations
from lrs.statements.disclosing import Disclosing
from lrs.statements.intake import Intake, refuse_repeated_ids, refused_by_grant, set_aside, with_id
from lrs.statements.keys import WRITER, Keys
from lrs.statements.log import Changes, Page, StatementLog
from lrs.statements.match import UNRESTRICTED_VISIBILITY, Visibility, visibility, with_target
from lrs.statements.parameters import BEGINNING, StatementQuery
from lrs.statements.record import Append, Attachment, Draft, Place, Position, Record, SetAside, StatementId
from lrs.storage.files import ContentFiles, Upload
from lrs.storage.readers import Readers
from lrs.xapi.uuids import is_uuid

Receive = Callable[[Upload, Collection[str]], Awaitable[None]]
"""Takes data into an upload, all of it under names that are among those given."""


Allow = Callable[[Principal, int], None]
"""Is told who is about to store how many statements; raises RateLimited when that is too much."""


class Found(NamedTuple):
    """A page of a query. ``cursor``: what comes after it is not in this page, nor on those that continue it; None for
    those.
    """

    page: Page | Changes
    cursor: str | None


class Statements:
    """Storing and reading, each with its scope and grant checked first."""

    def __init__(
        self,
        log: StatementLog,
        *,
        files: ContentFiles,
        attachments: AttachmentIndex,
        continuations: Continuations,
        limits: Limits,
        new_id: Callable[[], UUID],
        allow: Allow = lambda _principal, _count: None,
        disclosing: Disclosing | None = None,
    ) -> None:
        self._log = log
        self._disclosing = disclosing or Disclosing()
        self.files = files
        self.attachments = attachments
        self._continuations = continuations
        self._limits = limits
        self.intake = Intake(limits, new_id)
        self._allow = allow
        self.refused: Counter[str] = Counter()
        """How many statements were refused, by the code of the error."""
        self.reads = Reads()
        self.readers = Readers(limits.reading_threads)

    async def store(
        self, statements: Sequence[Any], principal: Principal, version: str, *, alone: bool
    ) -> Sequence[str]:
        """Store all of ``statements`` or none, durably; returns their ids, in order.

        ``alone``: they came as one object and not as an array (for the paths in errors). Raises Forbidden,
        InvalidStatement, Conflict, StoreUnavailable. From a trusted writer, only the last: what can't be stored is set
        aside, and an id without a UUID's form is left out of the answer.
        """
        try:
            ids, job = await self.prepare(statements, principal, version, alone=alone)
            await self._log.append(job)
        except LrsError as error:
            self.refused[error.code] += len(statements)
            raise
        return ids

    async def store_with_data(
        self, statements: Sequence[Any], principal: Principal, version: str, *, alone: bool, receive: Receive
    ) -> Sequence[str]:
        """The same with data for their attachments, which ``receive`` takes in once the statements are found good.

        Also raises InvalidAttachment, and what ``receive`` does. The data is on disk before the log refers to it.
        """
        try:
            return await self._store_with_data(statements, principal, version, alone=alone, receive=receive)
        except LrsError as error:
            self.refused[error.code] += len(statements)
            raise

    async def _store_with_data(
        self, statements: Sequence[Any], principal: Principal, version: str, *, alone: bool, receive: Receive
    ) -> Sequence[str]:
        ids, job = await self._drafted(statements, principal, version, alone=alone)
        wanted = frozenset(one.name for draft in job.drafts for one in draft.attachments)
        with self.files.upload(self._limits.attachments_memory_bytes_max) as upload:
            await receive(upload, wanted)
            job = await asyncio.to_thread(self._with_data, job, upload, version, alone=alone)
            await asyncio.to_thread(upload.keep, list(upload.names))
            await self._log.append(job)
            upload.settle(await asyncio.to_thread(self.attachments.referred, upload.names))
        return ids

    async def store_given(
        self, body: bytes, data: Mapping[str, bytes], principal: Principal, version: str
    ) -> Sequence[str]:
        """Store the statements in ``body``, which is JSON, with ``data`` for their attachments by sha2."""

        async def receive(upload: Upload, wanted: Collection[str]) -> None:
            for sha2, content in data.items():
                name = sha2.lower()
                require_wanted(name, wanted)
                upload.begin(name)
                await asyncio.to_thread(upload.write, content)
                if not upload.end():
                    raise InvalidAttachment(f"the data given as {name} has another hash")

        statements, alone = self.intake.decode(body), not body.lstrip().startswith(b"[")
        return await self.store_with_data(statements, principal, version, alone=alone, receive=receive)

    async def prepare(
        self, statements: Sequence[Any], principal: Principal, version: str, *, alone: bool
    ) -> tuple[Sequence[str], Append]:
        """(ids in order, what is to be appended) for ``statements``, every check passed; see ``store``."""
        ids, job = await self._drafted(statements, principal, version, alone=alone)
        return ids, self.without_data(job, version, alone=alone)

    def without_data(self, job: Append, version: str, *, alone: bool) -> Append:
        """``job``, which came without data, with the attachments of its drafts checked; see ``store``."""
        if any(draft.attachments for draft in job.drafts):
            return self._with_data(job, None, version, alone=alone)
        return job

    async def _drafted(
        self, statements: Sequence[Any], principal: Principal, version: str, *, alone: bool
    ) -> tuple[Sequence[str], Append]:
        """The same before it is known which data came with them."""
        principal.require(STATEMENTS_WRITE)
        self._allow(principal, len(statements))
        ids: list[str] = []
        drafts: list[Draft] = []
        aside: list[SetAside] = []
        if not principal.disclosure.plain:
            statements = await asyncio.to_thread(self._meant, statements, principal)
        for chunk in self.intake.chunks(statements, principal, version, alone=alone):
            ids += chunk.ids
            drafts += chunk.drafts
            aside += chunk.set_aside
            if len(drafts) < len(statements):
                await asyncio.sleep(0)
        if not principal.trusted:
            refuse_repeated_ids(drafts)
        if principal.grant.limited:
            drafts = await asyncio.to_thread(self._granted, drafts, aside, principal, version)
        return ids, Append(drafts, principal.trusted, aside)

    async def store_body(self, body: bytes, principal: Principal, version: str) -> Sequence[str]:
        """The same for a JSON body with one statement or an array of them; also raises MalformedJson and TooLarge."""
        principal.require(STATEMENTS_WRITE)
        try:
            statements = self.intake.decode(body)
        except MalformedJson as error:
            await self._set_aside_or_raise(body, error, principal, version)
            return []
        return await self.store(statements, principal, version, alone=not body.lstrip().startswith(b"["))

    async def store_under(self, statement_id: str, body: bytes, principal: Principal, version: str) -> None:
        """Store the one statement in ``body`` under ``statement_id``; InvalidParameter when it has another id."""
        principal.require(STATEMENTS_WRITE)
        try:
            statement = with_id(self.intake.decode_one(body), statement_id)
        except RequestError as error:
            await self._set_aside_or_raise(body, error, principal, version)
        else:
            await self.store([statement], principal, version, alone=True)

    def store_soon(
        self,
        body: bytes,
        principal: Principal,
        version: str,
        statement_id: str | None,
        tell: Callable[[Sequence[str] | Exception], None],
    ) -> bool:
        """Begin to store what is in ``body``, under ``statement_id`` if one is given, without waiting for anything.

        True: ``tell`` will be called in the running event loop with the ids once they are durable, or with what refused
        them. False, or any LrsError: nothing was begun, because there is more to do, to wait for or to say than this
        can; that is the matter of ``store_body`` and ``store_under``.
        """
        job, ids = self._job_at_once(body, principal, version, statement_id)
        if job is None:
            return False

        def stored(outcome: Sequence[Position] | Exception) -> None:
            tell(outcome if isinstance(outcome, Exception) else ids)

        return self._log.append_soon(job, stored)

    def _job_at_once(
        self, body: bytes, principal: Principal, version: str, statement_id: str | None
    ) -> tuple[Append | None, Sequence[str]]:
        """What is to be appended, and its ids; None where that takes more than one look at the statements."""
        principal.require(STATEMENTS_WRITE)
        if principal.grant.limited or not principal.disclosure.plain:
            return None, ()
        if statement_id is None:
            statements = self.intake.decode(body)
        else:
            statements = [with_id(self.intake.decode_one(body), statement_id)]
        chunks = list(self.intake.chunks(statements, principal, version, alone=True))
        if len(chunks) != 1:
            return None, ()
        ids, drafts, aside = chunks[0].ids, chunks[0].drafts, chunks[0].set_aside
        if aside or any(draft.attachments for draft in drafts):
            return None, ()
        if not principal.trusted:
            refuse_repeated_ids(drafts)
        return Append(drafts, principal.trusted), ids

    async def _set_aside_or_raise(self, body: bytes, error: LrsError, principal: Principal, version: str) -> None:
        """Keep from a trusted writer what is no statement at all; refuse it to others."""
        if not principal.trusted:
            self.refused[error.code] += 1
            raise error
        await self._log.append(Append((), lenient=True, set_aside=[set_aside(body, error, principal, version)]))

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

    def _with_data(self, job: Append, upload: Upload | None, version: str, *, alone: bool) -> Append:
        """``job`` with its attachments checked against what came in ``upload``."""
        drafts = []
        for index, draft in enumerate(job.drafts):
            # What was set aside shifts the others, so their places are not known.
            path = "$" if alone or job.lenient else f"$[{index}]"
            if draft.attachments:
                draft = with_data(  # noqa: PLW2901
                    draft, upload, path=path, version=version, lenient=job.lenient, limits=self._limits
                )
            drafts.append(draft)
        return replace(job, drafts=drafts)

    def _meant(self, statements: Sequence[Any], principal: Principal) -> Sequence[Any]:
        """``statements`` with those whom a writer means that is not shown learners as stored.

        Conflict for what another one has stored: whether it is the same would tell what was hidden.
        """
        for statement in statements:
            given = statement.get("id") if isinstance(statement, dict) else None
            if isinstance(given, str) and is_uuid(given):
                self._refuse_foreign(StatementId(UUID(given).bytes), given, principal)
        return [self._disclosing.statement(principal, statement) for statement in statements]

    def _refuse_foreign(self, statement_id: StatementId, text: str, principal: Principal) -> None:
        for voided in (False, True):
            found = self._log.find(statement_id, UNRESTRICTED_VISIBILITY, voided=voided)
            if found is not None and f"{WRITER}{principal.consumer_id}" not in found.keys:
                raise Conflict(f"statement {text} is already stored; it was left as it is")

    def _granted(
        self, drafts: Sequence[Draft], aside: list[SetAside], principal: Principal, version: str
    ) -> list[Draft]:
        """Those of ``drafts`` that ``principal`` may write; the others are refused, or set aside if it is trusted."""
        granted = []
        before: dict[StatementId, Keys] = {}
        for draft in drafts:
            target = self._target(draft, before)
            refusal = refused_by_grant(draft, target, principal)
            if refusal is None:
                granted.append(draft)
                before[draft.id] = with_target(draft, target)
            elif principal.trusted:
                aside.append(set_aside(draft.body + b"}", refusal, principal, version))
            else:
                raise refusal
        return granted

    async def find(self, query: StatementQuery, principal: Principal) -> Record | None:
        """The one statement that ``query`` names, voided or not as asked, if ``principal`` may see it."""
        principal.require(STATEMENTS_READ_MINE)
        assert query.statement_id is not None
        find = partial(self._log.find, query.statement_id, visibility(principal), voided=query.voided)
        return await self.readers.read(find)

    async def page(self, query: StatementQuery, principal: Principal, cursor: str | None = None) -> Found:
        """The page of ``query``, from its beginning or beyond ``cursor``, which a page before gave to continue with.

        Raises CursorInvalid or EpochChanged for a cursor that does not fit this log.
        """
        return await self.readers.read(self.page_now, query, principal, cursor)

    def page_now(self, query: StatementQuery, principal: Principal, cursor: str | None = None) -> Found:
        """The same; blocks while it reads."""
        principal.require(STATEMENTS_READ_MINE)
        sight = visibility(principal)
        if query.after is not None:
            text = query.after if cursor is None else cursor
            place = Place(0) if text == BEGINNING else self._log.cursors.open(text)
            return self._changes(query, sight, place)
        if cursor is None:
            return self._first_page(query, sight)
        selection = replace(query.selection, beyond=Position(self._log.cursors.open(cursor)))
        return Found(self._log.read(selection, sight), None)

    def _first_page(self, query: StatementQuery, sight: Visibility) -> Found:
        page = self._log.read(query.selection, sight)
        return Found(page, self._log.cursors.seal(page.end))

    def _changes(self, query: StatementQuery, sight: Visibility, after: Place) -> Found:
        if after > self._log.end():
            raise CursorInvalid("this cursor is ahead of the log")
        wanted = query.selection
        page = self._log.changes(wanted.filter, sight, after=after, limit=wanted.limit, bytes_max=wanted.bytes_max)
        return Found(page, self._log.cursors.seal(page.through))

    def close(self) -> None:
        """End the threads that read; blocks until they are done."""
        self.readers.close()

    def clear(self) -> int:
        """Delete data that came with no statement, left behind by refusals and crashes; returns how many files."""
        return self.files.clear(self.attachments.referred)

    async def data_of(self, records: Sequence[Record], principal: Principal) -> Sequence[Attachment]:
        """What came with ``records``, which were found by ``find`` or ``page`` and so may be seen; each hash once.

        Nothing for those who are not shown learners as stored: nobody knows of whom data speaks, and a signature holds
        the whole statement.
        """
        if not principal.disclosure.plain:
            return ()
        return await asyncio.to_thread(self.attachments.of, [record.position for record in records])

    def continuation(self, page: Page | Changes, query_string: str, principal: Principal) -> str:
        """The text with which ``continued`` finds the place after ``page``; empty when there is nothing more."""
        if not page.more:
            return ""
        place = Continuation(self._log.cursors.seal(page.through), query_string)
        return self._continuations.write(place, principal.visibility_digest())

    def continued(self, text: str, principal: Principal) -> Continuation:
        """The place and query in ``text``; InvalidParameter when it is not this reader's."""
        return self._continuations.read(text, principal.visibility_digest())

    def revision(self) -> int:
        """See ``StatementLog``."""
        return self._log.revision()

    def consistent_through_us(self) -> int:
        """See ``StatementLog``; to be asked before the read that it describes."""
        return self._log.consistent_through_us()

    def _target(self, draft: Draft, before: Mapping[StatementId, Keys]) -> Keys | None:
        """What the statement that ``draft`` refers to is found by, if it is stored, or came ``before`` in the same
        request.
        """
        target = draft.refers_to
        if target is None or target in before:
            return None if target is None else before[target]
        for voided in (False, True):
            record = self._log.find(target, UNRESTRICTED_VISIBILITY, voided=voided)
            if record is not None:
                return Keys(record.keys, record.courses)
        return None
