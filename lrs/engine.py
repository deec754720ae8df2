"""The store without a server: everything behind the doors, for use in the same process.

What comes in here is validated, authorised, stored and streamed exactly as over HTTP, because HTTP comes through here.
See ``docs/embedding.md``.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import orjson

from lrs.audit.entry import SYSTEM
from lrs.audit.sqlite import AuditTrail
from lrs.auth.allowances import Allowances
from lrs.auth.authenticate import Authenticator
from lrs.auth.consumers import OWNER_ID
from lrs.auth.grants import UNRESTRICTED
from lrs.auth.issue import Issuer
from lrs.auth.principal import Principal, authority_agent
from lrs.auth.scopes import ALL, STATEMENTS_WRITE, STREAM
from lrs.auth.sqlite import open_consumers
from lrs.auth.sqlite.allowances import AllowanceRows
from lrs.auth.sqlite.reads import ReadRows
from lrs.auth.writer import ReadWriter, UseWriter
from lrs.clock import Clock, SystemClock
from lrs.config import Settings
from lrs.documents.service import Documents
from lrs.documents.sqlite import SqliteDocuments
from lrs.erasure.erasure import Erasure, Wanted, learner_of, parse_reason
from lrs.erasure.writer import Erasures
from lrs.oauth.external import external_issuers
from lrs.oauth.fetch import key_fetcher
from lrs.oauth.service import TokenService
from lrs.pseudonyms.service import Pseudonyms
from lrs.pseudonyms.service.lookup import Lookup
from lrs.pseudonyms.sqlite import SqliteSpaces
from lrs.statements.continuation import Continuations
from lrs.statements.disclosing import Disclosing
from lrs.statements.match import visibility
from lrs.statements.parameters import parse_query
from lrs.statements.service import Statements
from lrs.statements.sqlite import SqliteStatementLog
from lrs.statements.sqlite.aside import Aside
from lrs.statements.sqlite.attachments import AttachmentLinks
from lrs.statements.sqlite.imports import Imports
from lrs.statements.sqlite.learners import SqliteLearners
from lrs.storage.child import Line
from lrs.storage.files import ContentFiles
from lrs.storage.sqlite import Store, open_store
from lrs.subscriptions.filters import parse_filter, require_courses
from lrs.subscriptions.hub import Hub, Subscription
from lrs.subscriptions.session.registry import Sessions
from lrs.subscriptions.sqlite import SqliteDurables
from lrs.subscriptions.starts import Start
from lrs.subscriptions.writer import CursorWriter


class Engine:
    """One open store. Its folder is made when missing; several engines, also of other processes, may share it.

    Every method that acts takes the ``principal`` in whose name it does; without one it is the process itself,
    which may do everything. To be used as an asynchronous context manager, once.
    """

    def __init__(
        self, settings: Settings | None = None, *, clock: Clock | None = None, process: Line | None = None
    ) -> None:
        """``process``: see ``SqliteStatementLog``."""
        self.settings = settings or Settings()
        self.clock = clock or SystemClock()
        limits = self.settings.limits
        self._issuers = external_issuers(self.settings, self.clock)
        self._store = open_store(self.settings.database)
        self.consumers = open_consumers(self._store, self.clock)
        self._uses = UseWriter(
            self.consumers, last_used_s=limits.last_used_s, credentials_max=limits.credentials_cached_max
        )
        self.authenticator = Authenticator(
            self.consumers, self.settings, clock=self.clock, note_use=self._uses.note, external=self._issuers
        )
        self.allowances = Allowances(limits, self.clock, AllowanceRows(self._store).all)
        self.authenticator.allowances = self.allowances
        self.issuer = Issuer(self.consumers, self.settings, clock=self.clock, entropy=secrets.token_bytes)
        self.oauth = TokenService(
            self._store, self.authenticator, self.issuer, self.consumers, self.settings, clock=self.clock
        )
        self.pseudonyms = Pseudonyms(
            SqliteSpaces(self._store, self.clock),
            SqliteLearners(self._store),
            self.settings.public_url,
            limits=limits,
        )
        self.lookup = Lookup(self.pseudonyms, self.consumers, self._store, AuditTrail(self._store, self.clock))
        disclosing = Disclosing(self.pseudonyms)
        self.log = SqliteStatementLog(
            self._store, limits=limits, clock=self.clock, disclosing=disclosing, process=process
        )
        self.statements = Statements(
            self.log,
            files=ContentFiles(self.settings.attachments),
            attachments=AttachmentLinks(self._store),
            continuations=Continuations(self.log.secret),
            limits=limits,
            new_id=uuid4,
            disclosing=disclosing,
            allow=self.allowances.statements,
        )
        self.aside = Aside(self._store)
        self.imports = Imports(self._store)
        documents = SqliteDocuments(self._store, limits=limits, clock=self.clock)
        self.documents = Documents(documents, limits, self.pseudonyms)
        durables = CursorWriter(
            SqliteDurables(self._store),
            self.clock,
            epoch=self.log.cursors.epoch,
            most=limits.durable_cursors_max,
        )
        self.hub = Hub(self.log, limits, durables=durables, disclosing=disclosing)
        self.sessions = Sessions(self.hub, self.authenticator, clock=self.clock)
        self.sessions.reads = self.statements.reads
        self._reads = ReadWriter(self.statements.reads, ReadRows(self._store, self.clock))
        self.owner = _owner(self.settings)

    @property
    def store(self) -> Store:
        """The file and its connections, for rooms above that keep something of their own in it."""
        return self._store

    async def append(
        self,
        statements: Mapping[str, Any] | Sequence[Mapping[str, Any]] | bytes,
        *,
        attachments: Mapping[str, bytes] | None = None,
        principal: Principal | None = None,
        version: str = "1.0.3",
    ) -> list[str]:
        """Store one statement or many, given as Python objects or as JSON; all or none, durably. Returns their ids.

        ``attachments``: data for their attachments, by sha2.
        """
        author = principal or self.owner
        body = statements if isinstance(statements, bytes) else orjson.dumps(statements)
        if attachments is not None:
            return list(await self.statements.store_given(body, attachments, author, version))
        return list(await self.statements.store_body(body, author, version))

    async def attachments(self, statement_id: str, *, principal: Principal | None = None) -> dict[str, Path]:
        """The files with the data that came with a statement, by sha2, to be read only; none for what can't be seen."""
        query = parse_query([("statementId", statement_id)], self.settings.limits)
        record = await self.statements.find(query, principal or self.owner)
        found = [] if record is None else await self.statements.data_of([record], principal or self.owner)
        return {one.sha2: self.statements.files.path(one.name) for one in found}

    async def query(self, *, principal: Principal | None = None, **parameters: Any) -> AsyncIterator[dict[str, Any]]:
        """Statements that match ``parameters``, those of GET statements; reads page after page, as far as it is asked.

        An ``agent`` may be given as an object, truth values as bool, ``course`` as a list. ``limit`` is the page size.
        """
        reader = principal or self.owner
        query = parse_query(_as_text(parameters), self.settings.limits)
        if query.statement_id is not None:
            record = await self.statements.find(query, reader)
            if record is not None:
                yield orjson.loads(record.payload)
            return
        cursor = None
        while True:
            page, _ = await self.statements.page(query, reader, cursor)
            for record in page.records:
                yield orjson.loads(record.payload)
            if not page.more:
                return
            cursor = self.log.cursors.seal(page.through)

    async def retry(self, number: int) -> bool:
        """Try to store again what has this ``number`` in quarantine; whether it was stored and taken out there.

        Raises as ``try_again``.
        """
        stored = await self.try_again(number)
        if stored:
            await asyncio.to_thread(self.aside.drop, number)
        return stored

    async def try_again(self, number: int) -> bool:
        """The same, but it stays in quarantine in any case.

        It is stored in the name of its sender. Raises NotFound if it, or its sender, is not there any more.
        """
        one = await asyncio.to_thread(self.aside.one, number)
        sender = await asyncio.to_thread(self.consumers.consumer, one.consumer)
        principal = Principal(
            consumer_id=sender.id,
            consumer=sender.name,
            credential="quarantine",
            scopes=sender.scopes | {STATEMENTS_WRITE},
            grant=sender.grant,
            expires_at_us=None,
            trusted=True,
            authority=authority_agent(sender.name, self.settings.public_url),
        )
        return await self.statements.retry(one.body, principal, one.version)

    async def erase(self, agents: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, reason: str = "") -> Erasure:
        """Erase the learner with these identifiers, for good: see ``docs/privacy.md``. Returns when it is done.

        Raises InvalidParameter; Overloaded when others were in the way to the end, and the rest is done later.
        """
        why = parse_reason(reason)

        def act() -> Erasure:
            learner = learner_of(agents, self.consumers, self.settings.public_url)
            documents = SqliteDocuments(self._store, limits=self.settings.limits, clock=self.clock)
            erasures = Erasures(self._store, self.statements.files, documents, self.clock)
            trail = AuditTrail(self._store, self.clock)
            with self._store.writing():
                number = erasures.begin(Wanted(learner=learner), why)
                trail.note(SYSTEM, "learner.erase", f"erasure:{number}", {"reason": why})
            return erasures.finish(number)

        return await asyncio.to_thread(act)

    def subscribe(
        self,
        *,
        principal: Principal | None = None,
        start: Start = "now",
        window: int | None = None,
        durable: str | None = None,
        reset: bool = False,
        **members: Sequence[str | Mapping[str, Any]],
    ) -> Subscription:
        """A live subscription, to be opened by ``async with`` and read by ``async for``; see ``Hub.subscribe``.

        ``members`` are those of the filter in ``docs/stream.md``: ``course``, ``verb`` and so on, each a list; there
        too ``window``, ``durable`` and ``reset``. Raises Forbidden for a course that ``principal`` may not see,
        InvalidParameter for a filter that can't be.
        """
        reader = principal or self.owner
        reader.require(STREAM)
        asked = parse_filter(dict(members), self.settings.limits)
        require_courses(asked.courses, reader.grant)
        kept = None if durable is None else self.hub.durable(reader.consumer_id, durable, reset=reset)
        return self.hub.subscribe(asked.filter, visibility(reader), start=start, window=window, durable=kept)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            # Closed in the opposite order: sessions leave, then the hub, then the log finishes what it accepted.
            stack.callback(self._store.close)
            stack.push_async_callback(asyncio.to_thread, self._uses.close)
            stack.push_async_callback(asyncio.to_thread, self._reads.close)
            stack.push_async_callback(asyncio.to_thread, self.log.close)
            stack.push_async_callback(asyncio.to_thread, self.statements.close)
            if self._issuers is not None:
                fetcher = key_fetcher(self._issuers.issuers, self.settings.limits, self.clock)
                stack.push_async_callback(asyncio.to_thread, fetcher.close)
            await asyncio.to_thread(self.statements.clear)
            await stack.enter_async_context(self.hub)
            await stack.enter_async_context(self.sessions)
            self._opened = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.aclose()


def _owner(settings: Settings) -> Principal:
    """The process itself."""
    return Principal(
        consumer_id=OWNER_ID,
        consumer="owner",
        credential="owner",
        scopes=frozenset({ALL}),
        grant=UNRESTRICTED,
        expires_at_us=None,
        authority=authority_agent("owner", settings.public_url),
    )


def _as_text(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Parameters as a URL would have them."""
    pairs = []
    for name, value in parameters.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            text = one if isinstance(one, str) else orjson.dumps(one).decode()
            pairs.append((name, text))
    return pairs
