"""One reader's way through the log, over as many connections as it takes; without sockets, clocks and chance.

``Follower.run`` is a generator. It says what is to be done next, is sent what came of it, and is thrown a StreamError
when it can't be done. A ``Batch`` among them, which may be an ``Erased``, is for the program; sending on says that the
program has finished it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple

from lrs.client import endings
from lrs.client.asking import PROTOCOL, SUBSCRIBE_ID, SUBSCRIPTION, Asking, acknowledgement, renewal
from lrs.client.backoff import Backoff
from lrs.client.batches import Batch, Erased
from lrs.client.errors import Interrupted, Refused
from lrs.client.frames import Statements, read_frame
from lrs.client.progress import Progress

OPENING_S = 10.0
"""How long the handshake may take, and then the first frame."""

HEARTBEAT_S = 20.0
"""How often the server is heard, unless it says otherwise."""

SILENCE_HEARTBEATS = 2.5
"""A connection on which nothing was heard for so many heartbeats is dead."""


class AskToken(NamedTuple):
    """Send back a token."""


class Connect(NamedTuple):
    """Open a connection with this token, in at most ``OPENING_S``."""

    token: str


class Say(NamedTuple):
    """Send a text frame."""

    text: str


class Receive(NamedTuple):
    """Send back the next frame; Interrupted when none has come until then, by the monotonic clock, and nothing at all
    has come for ``patience_s``, not even a part of a frame.
    """

    until_s: float
    patience_s: float = 0.0


class Pause(NamedTuple):
    """Leave the connection if there is one, and wait until then, by the monotonic clock; ``why`` is for the log."""

    until_s: float
    why: Interrupted


Command = AskToken | Connect | Say | Receive | Pause


class Follower:
    """``renewable``: whether each AskToken may bring another token. ``silence_s``: in place of ``SILENCE_HEARTBEATS``.

    ``give_up_s``: how long to try in vain, None for ever. ``monotonic_s``: the clock by which commands name times.
    ``auto_ack``: a batch is finished when what comes after it is asked for; else when ``finish`` says so.
    """

    def __init__(
        self,
        asking: Asking,
        *,
        backoff: Backoff,
        monotonic_s: Callable[[], float],
        renewable: bool = False,
        silence_s: float | None = None,
        give_up_s: float | None = None,
        auto_ack: bool = True,
    ) -> None:
        self._progress = Progress(asking.after)
        self._asking = asking
        self._backoff = backoff
        self._monotonic_s = monotonic_s
        self._renewable = renewable
        self._silence_s = silence_s
        self._give_up_s = give_up_s
        self._auto_ack = auto_ack
        self._trouble_since_s: float | None = None
        # Whether the server has ever let this reader in and agreed.
        self._agreed = False

    @property
    def cursor(self) -> str | None:
        """That of the last batch finished; before, where the subscription began, or None as long as nobody knows."""
        return self._progress.cursor

    def finish(self, cursor: str) -> str | None:
        """All up to ``cursor`` is finished; the frame that acknowledges it, empty if the server need not know.

        None when it is no news, or was given on a connection that is gone.
        """
        if not self._progress.finish(cursor):
            return None
        return acknowledgement(cursor) if self._asking.acknowledged else ""

    def run(self) -> Generator[Command | Batch, Any, None]:
        """Without end. Raises Refused, or the last Interrupted when ``give_up_s`` is over."""
        while True:
            try:
                yield Connect((yield AskToken()))
                yield from self._converse()
            except Interrupted as why:
                yield Pause(self._next_try_s(why), why)
            except Refused as why:
                # The server may not know yet that the connection before this one is dead.
                if not self._agreed or why.code != endings.CONNECTION_LIMIT:
                    raise
                later = Interrupted(why.message)
                yield Pause(self._next_try_s(later), later)

    def _next_try_s(self, why: Interrupted) -> float:
        now_s = self._monotonic_s()
        if self._trouble_since_s is None:
            self._trouble_since_s = now_s
        if self._give_up_s is not None and now_s - self._trouble_since_s >= self._give_up_s:
            raise why
        return now_s + why.retry_after_s + self._backoff.next_s()

    def _converse(self) -> Generator[Command | Batch, Any, None]:
        """One connection, until it ends with an exception.

        It has been of use, so that the next pause is a short one, once it has brought statements or a heartbeat.
        """
        hello = read_frame((yield Receive(self._monotonic_s() + OPENING_S)))
        if isinstance(hello, Statements) or hello.get("protocol") != PROTOCOL:
            raise Refused("protocol", f"what answers there does not speak {PROTOCOL}")
        silence_s = self._silence_s or SILENCE_HEARTBEATS * float(hello.get("heartbeat_s", HEARTBEAT_S))
        self._progress.leave()
        yield Say(self._asking.subscribe(self.cursor, again=self._agreed))
        # The last cursor that was told; None until the server has agreed, which heartbeats alone are not.
        told: str | None = None
        until_s = self._monotonic_s() + silence_s
        while True:
            agreed = told is not None
            raw = yield Receive(self._monotonic_s() + silence_s, silence_s) if agreed else Receive(until_s)
            match read_frame(raw):
                case Statements(sub, prev, cursor) if sub == SUBSCRIPTION:
                    if prev != told:
                        raise Interrupted("statements are missing between two frames")
                    self._backoff.reset()
                    told = yield from self._give(Batch(prev, cursor, raw=raw))
                case {"type": "subscribed", "sub": sub, "after": str(cursor)} if sub == SUBSCRIPTION:
                    self._progress.begin(cursor)
                    told = cursor
                    self._agreed = True
                    self._trouble_since_s = None
                case {"type": "live", "sub": sub, "cursor": str(cursor)} if sub == SUBSCRIPTION and told is not None:
                    told = yield from self._give(Batch(told, cursor, live=True))
                case {"type": "heartbeat", "subs": subs}:
                    self._backoff.reset()
                    cursor = subs.get(SUBSCRIPTION, told)
                    if told is not None and cursor != told:
                        told = yield from self._give(Batch(told, cursor))
                case {"type": "erased", "sub": sub, "ids": [*ids]} if sub == SUBSCRIPTION and told is not None:
                    # It is no place in the log, so there is nothing to acknowledge.
                    yield Erased(told, told, ids=tuple(ids))
                case {"type": "expiring"} if self._renewable:
                    yield from self._renew()
                case {"type": "unsubscribed", "sub": sub} if sub == SUBSCRIPTION:
                    raise Interrupted("the server ended the subscription")
                case dict(frame) if _is_our_failure(frame):
                    raise endings.failed(frame)

    def _give(self, batch: Batch) -> Generator[Command | Batch, Any, str]:
        self._progress.give(batch.cursor)
        yield batch
        frame = self.finish(batch.cursor) if self._auto_ack else None
        if frame:
            yield Say(frame)
        return batch.cursor

    def _renew(self) -> Generator[Command, Any, None]:
        """Show a new token. When none can be had, or it is refused, the connection goes on while the old one lasts."""
        try:
            token = yield AskToken()
        except Interrupted:
            return
        yield Say(renewal(token))


def _is_our_failure(frame: Mapping[str, Any]) -> bool:
    """Whether this tells that the subscription could not begin, or has ended."""
    about_it = frame.get("re") == SUBSCRIBE_ID or frame.get("sub") == SUBSCRIPTION
    return frame.get("type") == "error" and about_it
