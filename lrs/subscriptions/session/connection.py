"""Drives one connection: one task receives, one sends, and the registry tells both the time."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from lrs.auth.failures import failures
from lrs.auth.principal import Principal
from lrs.errors import LrsError
from lrs.statements.match import Visibility
from lrs.subscriptions import closing, frames
from lrs.subscriptions.client_frames import Acknowledge, RequestId
from lrs.subscriptions.closing import Closing, closing_for, reason_text
from lrs.subscriptions.doors import Door
from lrs.subscriptions.effects import Beat, CheckToken, Close, Effect, Open, Resight, Send, Stop
from lrs.subscriptions.hub import Subscription
from lrs.subscriptions.protocol import Connection, Moment
from lrs.subscriptions.session.sender import Opened, Sender
from lrs.subscriptions.session.transport import Transport
from lrs.telemetry import logger

if TYPE_CHECKING:
    from lrs.subscriptions.session.registry import Sessions

GOODBYE_S = 1.0
"""How long a connection that is to be closed may take to take what is due."""


class Session:
    """One connection from its handshake to its end. Made by ``Sessions.admit``; ``run`` is its whole life.

    What the client is told waits for the sender; only what is seen (``Resight``) changes at once.
    """

    __slots__ = (
        "_close",
        "_close_by_s",
        "_opening",
        "_protocol",
        "_sender",
        "_sessions",
        "_until",
        "credential",
        "door",
        "number",
    )

    def __init__(
        self, sessions: Sessions, number: int, protocol: Connection, credential: str | None, door: Door
    ) -> None:
        self.number = number
        self.credential = credential
        self.door = door
        self._sessions = sessions
        self._protocol = protocol
        self._sender = Sender(sessions, self)
        self._opening: Subscription | None = None
        self._until: asyncio.Timeout | None = None
        self._close: Close | None = None
        self._close_by_s = float("inf")

    @property
    def name(self) -> str:
        """Random; what the client knows as ``connection``."""
        return self._protocol.name

    @property
    def principal(self) -> Principal | None:
        return self._protocol.principal

    @property
    def subscriptions(self) -> Collection[Subscription]:
        return self._sender.subscriptions.values()

    @property
    def bytes_sent(self) -> int:
        return self._sender.bytes_sent

    async def run(self, transport: Transport, principal: Principal | None = None) -> None:
        """Serve the connection until either side ends it. ``principal``: whom the handshake named."""
        try:
            await self._serve(transport, principal)
            if self._close is not None:
                await self._say_goodbye(transport, self._close)
        finally:
            self._sessions.traffic.closed(transport.cut if self._close is None else self._close.closing)
            self._sessions.forget(self)

    async def _serve(self, transport: Transport, principal: Principal | None) -> None:
        sender = asyncio.create_task(self._send_all(transport))
        until = self._until = asyncio.timeout(None)
        try:
            async with until:
                await self._begin(principal)
                await self._receive_all(transport)
        except TimeoutError:
            if not until.expired():
                raise
        except ConnectionError:
            self._close = None
        except Exception:  # noqa: BLE001
            self._fail()
        finally:
            self._until = None
            sender.cancel()
            self._leave_subscriptions()
        await asyncio.gather(sender, return_exceptions=True)

    def tick(self, now: Moment) -> None:
        """Do what time demands; see ``due_s``."""
        if now.monotonic_s - self._sender.sending_since_s >= self._sessions.limits.send_blocked_s:
            # Nothing that is due gets through any more.
            self._apply(self._protocol.end(closing.TOO_SLOW, "the client took nothing for too long"))
            self._stop_now()
        elif now.monotonic_s >= self._close_by_s:
            self._stop_now()
        else:
            self._apply(self._protocol.tick(now))

    def due_s(self, now: Moment) -> float:
        """When ``tick`` is needed next, by the monotonic clock."""
        blocked_s = min(self._sender.sending_since_s, now.monotonic_s) + self._sessions.limits.send_blocked_s
        return min(self._protocol.due_s(now), self._close_by_s, blocked_s)

    def checked(self, verdict: Principal | LrsError, now: Moment) -> None:
        """What its credential is worth now."""
        if isinstance(verdict, LrsError):
            self._apply(self._protocol.lost(verdict, now))
        else:
            self._apply(self._protocol.changed(verdict))
            # It may end earlier than before, and has to be warned of that.
            self._sessions.schedule(self)

    def stop(self) -> None:
        """The server is about to stop."""
        self.end(closing.SERVER_STOPS)

    def end(self, reason: Closing, message: str = "") -> None:
        """Close the connection for a reason that lies outside of it."""
        self._apply(self._protocol.end(reason, message))

    async def _begin(self, principal: Principal | None) -> None:
        if principal is not None:
            await self._do(self._accept(principal, None))
        self._sessions.schedule(self)

    async def _receive_all(self, transport: Transport) -> None:
        while (data := await transport.receive()) is not None:
            await self._do(self._protocol.receive(data, self._sessions.now()))
            await self._sender.room()

    async def _do(self, effects: Sequence[Effect]) -> None:
        """Do what ``effects`` say, and what follows from that."""
        for opened in self._apply(effects):
            await self._open(opened)

    def _apply(self, effects: Sequence[Effect]) -> list[Open]:
        """The same, but for opening subscriptions, which may have to wait: those are returned."""
        to_open: list[Open] = []
        for effect in effects:
            match effect:
                case Send(frame):
                    self._sender.put(frame)
                case Stop() | Beat():
                    self._sender.put(effect)
                case Open():
                    to_open.append(effect)
                case CheckToken(re_, token):
                    to_open += self._apply(self._check(re_, token))
                case Acknowledge():
                    to_open += self._apply(self._acknowledge(effect))
                case Resight(visibility):
                    self._resight(visibility)
                case Close():
                    self._close = effect
                    self._close_by_s = self._sessions.now().monotonic_s + GOODBYE_S
                    self._sender.end()
        if effects:
            self._sessions.schedule(self)
        return to_open

    def _check(self, re: RequestId, token: str) -> Sequence[Effect]:
        try:
            principal = self._sessions.authenticator.principal_for_token(token)
        except LrsError as error:
            failures.note(error, offered=True)
            return self._protocol.refused(error, re=re)
        return self._accept(principal, re)

    def _accept(self, principal: Principal, re: RequestId) -> Sequence[Effect]:
        try:
            self._protocol.require_acceptable(principal)
            head = self._sessions.hub.head_cursor()
            self._sessions.identify(self, principal)
        except LrsError as error:
            return self._protocol.refused(error, re=re)
        return self._protocol.accepted(principal, self._sessions.now(), head=head, re=re)

    def _acknowledge(self, told: Acknowledge) -> Sequence[Effect]:
        subscription = self._sender.subscriptions.get(told.name)
        try:
            # One whose answer is due has been told nothing yet that could be acknowledged.
            if subscription is not None and subscription.acknowledge(told.cursor):
                self._protocol.acknowledged()
        except LrsError as error:
            return [Send(frames.failure(told.re, error))]
        return []

    async def _open(self, asked: Open) -> None:
        try:
            subscription = self._opening = self._subscription(asked)
            await subscription.open()
            # What may be seen can have changed while the start was looked for.
            self._protocol.require_wanted(asked.name)
        except LrsError as error:
            if self._opening is not None:
                self._opening.close()
            self._apply(self._protocol.not_opened(asked, error))
        else:
            self._sender.put(Opened(asked.re, asked.name, subscription))
        finally:
            self._opening = None

    def _subscription(self, asked: Open) -> Subscription:
        """The subscription that is asked for, not yet open."""
        hub, opening, principal = self._sessions.hub, asked.opening, self._protocol.principal
        assert principal is not None
        durable = None
        if opening.durable is not None:
            durable = hub.durable(principal.consumer_id, opening.durable, reset=opening.reset)
        return hub.subscribe(
            opening.asked.filter,
            asked.visibility,
            start=opening.start,
            notify=partial(self._sender.notify, asked.name),
            window=opening.window,
            durable=durable,
            name=asked.name,
        )

    def _resight(self, visibility: Visibility) -> None:
        for subscription in self._all_subscriptions():
            subscription.resight(visibility)

    def _all_subscriptions(self) -> list[Subscription]:
        """Those that run, those whose answer is due, and the one that is being opened."""
        found = self._sender.all_subscriptions()
        return found if self._opening is None else [*found, self._opening]

    async def _send_all(self, transport: Transport) -> None:
        try:
            await self._sender.run(transport)
        except ConnectionError:
            self._close = None
        except LrsError as error:
            self._apply(self._protocol.end(closing_for(error), error.message))
        except Exception:  # noqa: BLE001
            self._fail()
        self._stop_now()

    def _fail(self) -> None:
        """A fault of ours: it is logged, and the client told no more than that."""
        logger.exception("stream_failed", connection=self.name)
        self._apply(self._protocol.end(closing.INTERNAL))

    def _stop_now(self) -> None:
        """Make ``run`` go on to its end."""
        if self._until is not None and not self._until.expired():
            self._until.reschedule(asyncio.get_running_loop().time())

    def _leave_subscriptions(self) -> None:
        for subscription in self._all_subscriptions():
            subscription.close()
        self._sender.clear()

    async def _say_goodbye(self, transport: Transport, close: Close) -> None:
        try:
            async with asyncio.timeout(GOODBYE_S):
                await transport.close(close.closing.code, reason_text(close.closing, close.message))
        except (TimeoutError, ConnectionError):
            # The client takes nothing, not even this; the carrier ends the connection when this returns.
            return
