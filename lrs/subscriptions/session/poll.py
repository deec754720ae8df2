"""One long poll: a reader that comes for one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lrs.auth.principal import Principal
from lrs.auth.scopes import STREAM
from lrs.errors import Forbidden, LrsError, StoreUnavailable, TokenExpired
from lrs.statements.match import visibility
from lrs.subscriptions import closing
from lrs.subscriptions.closing import Closing
from lrs.subscriptions.doors import Door
from lrs.subscriptions.filters import require_courses
from lrs.subscriptions.hub import Subscription
from lrs.subscriptions.openings import Opening
from lrs.subscriptions.protocol import Moment

if TYPE_CHECKING:
    from lrs.subscriptions.session.registry import Sessions


class Answer(NamedTuple):
    """``payloads``: statements as JSON bytes; ``cursor``: where to go on; ``more``: there is something right now."""

    payloads: Sequence[bytes]
    cursor: str
    more: bool


class Poll:
    """Made by ``Sessions.admit_poll``, which also tells it the time and what its credential is worth."""

    door = Door.CHANGES
    bytes_sent = 0

    __slots__ = (
        "_failure",
        "_opening",
        "_over",
        "_sessions",
        "_subscription",
        "_waiter",
        "credential",
        "name",
        "number",
        "principal",
    )

    def __init__(self, sessions: Sessions, number: int, name: str, principal: Principal, opening: Opening) -> None:
        self.number = number
        self.name = name
        self.principal: Principal | None = principal
        self.credential: str | None = principal.credential
        self._sessions = sessions
        self._opening = opening
        self._subscription: Subscription | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._failure: LrsError | None = None
        self._over = False

    @property
    def subscriptions(self) -> Collection[Subscription]:
        return () if self._subscription is None else (self._subscription,)

    async def answer(self, wait_s: float) -> Answer:
        """What there is, or the first that comes within ``wait_s`` seconds, if anything does.

        Raises what opening and reading a subscription raise, and Unauthenticated or Forbidden when the credential is
        no longer good for it.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + wait_s
        asked, principal = self._opening, self.principal
        assert principal is not None
        subscription = self._subscription = self._sessions.hub.subscribe(
            asked.asked.filter,
            visibility(principal),
            start=asked.start,
            notify=self._wake,
            window=asked.window,
        )
        async with subscription:
            self._sessions.schedule(self)
            while True:
                self._waiter = loop.create_future()
                batch = await subscription.read()
                if self._failure is not None:
                    raise self._failure
                if batch is not None and batch.payloads:
                    self._sessions.count(self, len(batch.payloads), sum(map(len, batch.payloads)))
                    return Answer(batch.payloads, batch.cursor, subscription.behind)
                left_s = until_s - loop.time()
                if self._over or (left_s <= 0 and not subscription.behind):
                    return Answer((), subscription.tell(), subscription.behind)
                if batch is None:
                    await asyncio.wait((self._waiter,), timeout=max(0.0, left_s))

    def stop(self) -> None:
        """The server is about to stop: answer with what there is."""
        self._over = True
        self._wake()

    def tick(self, now: Moment) -> None:
        """The end of the credential may have come."""
        if self._left_s(now) <= 0:
            self._fail(TokenExpired("the credential has expired"))

    def due_s(self, now: Moment) -> float:
        """When ``tick`` is needed, by the monotonic clock."""
        return now.monotonic_s + max(0.0, self._left_s(now))

    def checked(self, verdict: Principal | LrsError, now: Moment) -> None:  # noqa: ARG002
        """What its credential is worth now."""
        if isinstance(verdict, LrsError):
            self._fail(verdict)
            return
        self.principal = verdict
        try:
            verdict.require(STREAM)
            require_courses(self._opening.asked.courses, verdict.grant)
        except Forbidden as error:
            self._fail(error)
        else:
            if self._subscription is not None:
                self._subscription.resight(visibility(verdict))

    def end(self, reason: Closing, message: str = "") -> None:
        """End it for a reason that lies outside of it."""
        if reason is closing.SERVER_STOPS:
            self.stop()
        elif reason is closing.STORE_UNAVAILABLE:
            self._fail(StoreUnavailable(message))
        else:
            self._fail(Forbidden(message or reason.meaning))

    def _left_s(self, now: Moment) -> float:
        expires = None if self.principal is None else self.principal.expires_at_us
        return float("inf") if expires is None else (expires - now.now_us) / 1_000_000

    def _fail(self, error: LrsError) -> None:
        self._failure = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
