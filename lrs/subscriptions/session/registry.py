"""All sessions of a process: how many there may be, and what time and changed credentials mean for them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Protocol, Self
from uuid import uuid4

from lrs.auth.principal import Principal
from lrs.auth.reads import Reads
from lrs.clock import Clock
from lrs.errors import LrsError, Overloaded
from lrs.limits import Limits
from lrs.statements.record import Place
from lrs.subscriptions import closing
from lrs.subscriptions.channels import Channel
from lrs.subscriptions.closing import Closing, closing_for
from lrs.subscriptions.connections import Connections
from lrs.subscriptions.deadlines import Deadlines
from lrs.subscriptions.doors import Door, Traffic
from lrs.subscriptions.frames import Frame
from lrs.subscriptions.hub import Hub, Subscription
from lrs.subscriptions.openings import Opening
from lrs.subscriptions.protocol import Connection, Moment
from lrs.subscriptions.session.connection import Session
from lrs.subscriptions.session.crowd import Crowd
from lrs.subscriptions.session.poll import Poll
from lrs.telemetry import logger

LEAVE_S = 2.0
"""How long sessions may take to end when the server stops."""

# Its multiples spread evenly.
_GOLDEN_RATIO = 0.618


class Authenticating(Protocol):
    """What sessions need of ``lrs.auth.authenticate.Authenticator``. All of it raises Unauthenticated and the like."""

    def principal_for_authorization(self, header: str | None) -> Principal:
        """Who sends this Authorization header."""

    def principal_for_token(self, token: str) -> Principal:
        """Who holds this bearer token."""

    def still_good(self, principal: Principal) -> Principal:
        """The principal as it is now; may be called from any thread."""

    def generation(self) -> int:
        """Unchanged as long as ``still_good`` can say nothing new but that time has run out."""


class Guest(Protocol):
    """Whoever is connected, as the registry sees it; a ``Session`` or a ``Poll``."""

    number: int
    credential: str | None
    door: Door

    @property
    def bytes_sent(self) -> int:
        """What it was sent so far; 0 for one that comes for one answer."""

    @property
    def name(self) -> str:
        """Random, and known to nobody else."""

    @property
    def principal(self) -> Principal | None:
        """Who it is, once that is known."""

    @property
    def subscriptions(self) -> Collection[Subscription]:
        """Those that run."""

    def tick(self, now: Moment) -> None:
        """Do what time demands."""

    def due_s(self, now: Moment) -> float:
        """When ``tick`` is needed next, by the monotonic clock."""

    def checked(self, verdict: Principal | LrsError, now: Moment) -> None:
        """What its credential is worth now."""

    def end(self, reason: Closing, message: str = "") -> None:
        """Leave, for a reason that lies outside."""


class Sessions:
    """The connections of one process.

    It begins with the first connection and ends with ``stop``, or as an asynchronous context manager, before its hub.
    """

    def __init__(self, hub: Hub, authenticator: Authenticating, *, clock: Clock) -> None:
        self.hub = hub
        self.authenticator = authenticator
        self.limits: Limits = hub.limits
        self.traffic = Traffic()
        self.crowds: dict[tuple[Channel, str], Crowd] = {}
        self._clock = clock
        self._connections = Connections(self.limits)
        self._sessions: dict[int, Guest] = {}
        self._entered_us: dict[int, int] = {}
        self._deadlines = Deadlines()
        self._admitted = 0
        # The credential of a new session may have changed between its check and here; it is checked once more.
        self._unverified: dict[int, None] = {}
        self._generation: int | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._consistent = (float("-inf"), 0)
        self._all_gone = asyncio.Event()
        self._stopping = False
        self.reads = Reads()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Close all connections, and let no more in."""
        self._stopping = True
        for session in list(self._sessions.values()):
            session.end(closing.SERVER_STOPS)
        try:
            async with asyncio.timeout(LEAVE_S):
                while self._sessions:
                    self._all_gone.clear()
                    await self._all_gone.wait()
        except TimeoutError:
            logger.warning("stream_connections_left", connections=len(self._sessions))
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)

    def count(self, guest: Guest, statements: int, size_bytes: int, delay_s: float | None = None) -> None:
        """``guest`` was sent so much; ``delay_s``: how long after it was stored, if that counts."""
        self.traffic.sent[guest.door].add(1, statements, size_bytes, delay_s)
        if guest.principal is not None:
            self.reads.pushed(guest.principal.consumer_id, statements)

    def delay_s(self, frame: Frame) -> float | None:
        """How long ago the oldest statement of ``frame`` was stored; None when that is not known."""
        return None if frame.stored_us is None else (self._clock.now_us() - frame.stored_us) / 1_000_000

    def crowd(self, channel: Channel, name: str, place: Place) -> Crowd:
        """The crowd of those who call their subscription to ``channel`` by ``name``; a new one stands at ``place``."""
        found = self.crowds.get((channel, name))
        if found is None:
            found = self.crowds[channel, name] = Crowd(self, channel, name, place)
            channel.crowds[found] = None
        return found

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Guest]:
        return iter(list(self._sessions.values()))

    def admit(
        self,
        principal: Principal | None,
        opening: Opening | LrsError | None = None,
        *,
        door: Door = Door.WEBSOCKET,
    ) -> Session:
        """A session for a new connection, counted from now on; ``run`` must follow, or ``forget``.

        ``principal``: whom the handshake named; ``opening``: what the URL asks for, or what is wrong with that. Raises
        Overloaded or ConnectionLimit when there may not be another.
        """
        number = self._enter(principal.credential if principal else None)
        phase = 0.5 + number * _GOLDEN_RATIO % 0.5
        protocol = Connection(uuid4().hex, self.limits, self.now(), opening, phase=phase)
        session = Session(self, number, protocol, principal.credential if principal else None, door)
        self._sessions[number] = session
        return session

    def admit_poll(self, principal: Principal, opening: Opening) -> Poll:
        """The same for a reader that comes for one answer; ``answer`` must follow, and ``forget``."""
        number = self._enter(principal.credential)
        poll = Poll(self, number, uuid4().hex, principal, opening)
        self._sessions[number] = poll
        return poll

    def _enter(self, credential: str | None) -> int:
        """Count one more connection, and give its number."""
        if self._stopping:
            raise Overloaded("the server is stopping")
        self._connections.enter(credential)
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch(), name="lrs-sessions")
        self._admitted += 1
        self._entered_us[self._admitted] = self._clock.now_us()
        self._unverified[self._admitted] = None
        return self._admitted

    def identify(self, session: Session, principal: Principal) -> None:
        """``session`` goes on with the credential of ``principal``; raises ConnectionLimit."""
        if session.credential != principal.credential:
            self._connections.move(session.credential, principal.credential)
            session.credential = principal.credential
            self._unverified[session.number] = None

    def forget(self, session: Guest) -> None:
        """``session`` has ended."""
        self._entered_us.pop(session.number, None)
        if self._sessions.pop(session.number, None) is None:
            return
        self._connections.leave(session.credential)
        self._deadlines.drop(session.number)
        self._unverified.pop(session.number, None)
        self._all_gone.set()

    def since_us(self, session: Guest) -> int | None:
        """When it came; None once it has left."""
        return self._entered_us.get(session.number)

    def disconnect(self, name: str) -> bool:
        """End the connection called ``name`` on behalf of an administrator; whether there was one."""
        found = next((session for session in self._sessions.values() if session.name == name), None)
        if found is not None:
            found.end(closing.DISCONNECTED)
        return found is not None

    def schedule(self, session: Guest) -> None:
        """The deadline of ``session`` may have come nearer."""
        if session.number in self._sessions:
            self._deadlines.bring_forward(session.number, session.due_s(self.now()))

    def now(self) -> Moment:
        return Moment(self._clock.monotonic_s(), self._clock.now_us())

    def heartbeat_times(self) -> tuple[int, int]:
        """Now, and up to when live subscriptions are complete; asked of the log once in a while for all."""
        now = self.now()
        if now.monotonic_s - self._consistent[0] >= self.limits.credential_check_s:
            self._consistent = now.monotonic_s, self.hub.consistent_through_us()
        return now.now_us, self._consistent[1]

    async def tick(self) -> None:
        """Do what time and changed credentials demand. From the first connection on it runs by itself, on and on."""
        now = self.now()
        for number in self._deadlines.take_due(now.monotonic_s):
            session = self._sessions.get(number)
            if session is not None:
                session.tick(now)
                self._deadlines.bring_forward(number, session.due_s(now))
        await self._check_credentials()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.limits.credential_check_s)
            try:
                await self.tick()
            except Exception:  # noqa: BLE001
                logger.exception("stream_watch_failed")

    async def _check_credentials(self) -> None:
        """Look at all credentials when any has changed in the store, else only at those that are new here."""
        try:
            generation = self.authenticator.generation()
        except LrsError as error:
            # Whether a token was revoked can't be seen, so nothing more is shown to anybody.
            for session in list(self._sessions.values()):
                session.end(closing_for(error), error.message)
            return
        numbers: Iterable[int] = self._unverified
        if generation != self._generation:
            self._generation = generation
            numbers = self._sessions
        known = {n: principal for n in numbers if (principal := self._sessions[n].principal) is not None}
        if not known:
            return
        self._unverified = {n: None for n in self._unverified if n not in known}
        verdicts = await asyncio.to_thread(self._verdicts, {p.credential: p for p in known.values()})
        now = self.now()
        for number in known:
            checked = self._sessions.get(number)
            # One that has renewed its token meanwhile stands in the list of the next round.
            if checked is not None and checked.credential in verdicts:
                checked.checked(verdicts[checked.credential], now)

    def _verdicts(self, principals: Mapping[str, Principal]) -> dict[str | None, Principal | LrsError]:
        """What each credential is worth now, by credential."""
        verdicts: dict[str | None, Principal | LrsError] = {}
        for credential, principal in principals.items():
            try:
                verdicts[credential] = self.authenticator.still_good(principal)
            except LrsError as error:
                verdicts[credential] = error
        return verdicts
