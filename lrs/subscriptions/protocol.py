"""The stream protocol of one connection, without sockets and clocks: frames and time go in, effects come out.

Whoever drives it (``session``) does what the ``effects`` say, in order, and reports what came of it. States:

    WAITING   nobody has shown a token; only an auth frame is taken, and only until the deadline
    OPEN      frames are answered, subscriptions run
    WARNED    as OPEN; the client knows that its token ends soon
    CLOSED    nothing more is taken or sent
"""

from __future__ import annotations

from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple

from lrs.auth.buckets import Bucket
from lrs.auth.principal import Principal
from lrs.auth.scopes import STREAM
from lrs.errors import Forbidden, LrsError, RequestError, TokenExpired
from lrs.limits import Limits
from lrs.statements.match import visibility
from lrs.subscriptions import closing, frames
from lrs.subscriptions.client_frames import (
    Acknowledge,
    RequestId,
    Subscribe,
    TokenGiven,
    Unsubscribe,
    decode_frame,
    parse_request,
    request_id,
)
from lrs.subscriptions.closing import Closing, closing_for
from lrs.subscriptions.effects import Beat, CheckToken, Close, Effect, Open, Resight, Send, Stop
from lrs.subscriptions.filters import require_courses
from lrs.subscriptions.openings import Opening

MAIN = "main"
"""The subscription that parameters of the URL open."""


class State(Enum):
    WAITING = auto()
    OPEN = auto()
    WARNED = auto()
    CLOSED = auto()


class Event(Enum):
    ACCEPTED = auto()
    """A credential was accepted, the first or a newer one."""
    WARNING = auto()
    """The end of the credential is near."""
    END = auto()


TRANSITIONS = MappingProxyType(
    {
        (State.WAITING, Event.ACCEPTED): State.OPEN,
        (State.OPEN, Event.ACCEPTED): State.OPEN,
        (State.WARNED, Event.ACCEPTED): State.OPEN,
        (State.OPEN, Event.WARNING): State.WARNED,
        (State.WAITING, Event.END): State.CLOSED,
        (State.OPEN, Event.END): State.CLOSED,
        (State.WARNED, Event.END): State.CLOSED,
    }
)
"""Every change of state there is; another one is a mistake of the driver."""


class Moment(NamedTuple):
    """Now, by both clocks."""

    monotonic_s: float
    now_us: int


class Connection:
    """One connection. ``opening``: what its URL asks for, or what is wrong with that.

    ``phase``: the part of the usual pause, up to 1, after which the first heartbeat comes, so that connections which
    came together do not beat together ever after.
    """

    __slots__ = (
        "_auth_deadline_s",
        "_frames",
        "_heartbeat_due_s",
        "_limits",
        "_opening",
        "_phase",
        "_subscriptions",
        "name",
        "principal",
        "state",
    )

    def __init__(
        self,
        name: str,
        limits: Limits,
        now: Moment,
        opening: Opening | LrsError | None = None,
        *,
        phase: float = 1.0,
    ) -> None:
        self.name = name
        self.state = State.WAITING
        self.principal: Principal | None = None
        self._limits = limits
        self._opening = opening
        # The courses that each subscription names, by its name.
        self._subscriptions: dict[str, frozenset[str]] = {}
        self._frames = Bucket(limits.client_frames_burst, limits.client_frames_per_s, now.monotonic_s)
        self._auth_deadline_s = now.monotonic_s + limits.auth_timeout_s
        self._phase = phase
        self._heartbeat_due_s = now.monotonic_s + limits.heartbeat_s

    def receive(self, data: str | bytes, now: Moment) -> list[Effect]:
        """A frame of the client: ``str`` for a text frame, ``bytes`` for a binary one."""
        if self.state is State.CLOSED:
            return []
        if isinstance(data, bytes):
            return self._close(closing.NOT_TEXT, "frames are text")
        if self._frames.take(1, now.monotonic_s):
            return self._close(closing.RATE_LIMITED, f"more than {self._limits.client_frames_per_s:g} frames a second")
        raw = data.encode(errors="surrogatepass")
        if self.state is State.WAITING:
            return self._receive_first(raw)
        if len(raw) > self._limits.client_frame_bytes_max:
            return self._close(closing.TOO_LARGE, f"at most {self._limits.client_frame_bytes_max} bytes")
        try:
            frame = decode_frame(raw, self._limits)
        except RequestError as error:
            return [Send(frames.failure(None, error)), *self._close(closing.INVALID_REQUEST, error.message)]
        try:
            request = parse_request(frame, self._limits)
            match request:
                case TokenGiven(re_, token):
                    return [CheckToken(re_, token)]
                case Subscribe(re_, name, opening):
                    return [self._open(re_, name, opening)]
                case Unsubscribe(re_, name):
                    return [self._stop(re_, name)]
                case Acknowledge(name=name):
                    self._require_known(name)
                    return [request]
        except LrsError as error:
            return [Send(frames.failure(request_id(frame), error))]

    def require_acceptable(self, principal: Principal) -> None:
        """Raises Forbidden unless ``principal`` may have this connection."""
        principal.require(STREAM)
        if self.principal is not None and self.principal.consumer_id != principal.consumer_id:
            raise Forbidden("the new token is of another consumer")

    def accepted(self, principal: Principal, now: Moment, *, head: str, re: RequestId = None) -> list[Effect]:
        """``principal``, which is acceptable, holds the credential of the handshake or the token of ``CheckToken``.

        ``head``: the cursor of the newest record.
        """
        if self.state is State.CLOSED:
            return []
        if self.principal is not None:
            return [Send(frames.authed(re, principal)), *self.changed(principal)]
        self._move(Event.ACCEPTED)
        self.principal = principal
        self._heartbeat_due_s = now.monotonic_s + self._limits.heartbeat_s * self._phase
        hello = frames.hello(re, connection=self.name, head=head, principal=principal, limits=self._limits)
        return [Send(hello), *self._begin()]

    def refused(self, error: LrsError, *, re: RequestId = None) -> list[Effect]:
        """The token is not accepted: a stranger is shown out, a known client goes on with what it has."""
        if self.state is State.CLOSED:
            return []
        if self.state is State.WAITING:
            return self._close(closing_for(error), error.message)
        return [Send(frames.failure(re, error))]

    def require_wanted(self, name: str) -> None:
        """Raises Forbidden when the subscription that is being opened was stopped meanwhile."""
        if name not in self._subscriptions:
            raise Forbidden("the credential no longer covers what this subscription names")

    def not_opened(self, opened: Open, error: LrsError) -> list[Effect]:
        """``Open`` came to nothing: its start is not in the log, or the log can't be read."""
        self._subscriptions.pop(opened.name, None)
        answer: list[Effect] = [Send(frames.failure(opened.re, error, name=opened.name))]
        if opened.by_url:
            return answer + self._close(closing_for(error), error.message)
        return answer

    def acknowledged(self) -> None:
        """An acknowledgement was news. It takes nothing from the allowance of frames, since there can't be more such
        than frames that were sent.
        """
        self._frames.give_back(1)

    def changed(self, principal: Principal) -> list[Effect]:
        """The credential, or what it allows, is now as ``principal`` says."""
        before = self.principal
        if self.state is State.CLOSED or before is None or principal is before:
            return []
        if not principal.allows(STREAM):
            return self._close(closing.FORBIDDEN, "the credential no longer has the scope stream")
        self.principal = principal
        if principal.expires_at_us != before.expires_at_us:
            self._move(Event.ACCEPTED)
        if principal.visibility_digest() == before.visibility_digest():
            return []
        effects: list[Effect] = [Resight(visibility(principal))]
        for name, courses in list(self._subscriptions.items()):
            try:
                require_courses(courses, principal.grant)
            except Forbidden as error:
                effects += [Send(frames.failure(None, error, name=name)), self._stop(None, name)]
        return effects

    def lost(self, error: LrsError, now: Moment) -> list[Effect]:
        """The credential is no longer good."""
        principal = self.principal
        if self.state is State.CLOSED or principal is None:
            return []
        foreseen = principal.expires_at_us is not None and principal.expires_at_us <= now.now_us
        if isinstance(error, TokenExpired) and foreseen:
            # The client was told when, and has its time of grace.
            return []
        return self._close(closing_for(error), error.message)

    def end(self, reason: Closing, message: str = "") -> list[Effect]:
        """Something outside of the protocol ends the connection."""
        return [] if self.state is State.CLOSED else self._close(reason, message)

    def tick(self, now: Moment) -> list[Effect]:
        """What time alone brings about; due at ``due_s``, harmless earlier."""
        if self.state is State.CLOSED:
            return []
        if self.state is State.WAITING:
            if now.monotonic_s < self._auth_deadline_s:
                return []
            return self._close(closing.AUTH_TIMEOUT, f"no token within {self._limits.auth_timeout_s:g} s")
        left_s = self._left_s(now)
        if left_s is not None and left_s <= -self._limits.expiry_grace_s:
            return self._close(closing.TOKEN_EXPIRED, "the credential has expired")
        effects: list[Effect] = []
        if left_s is not None and left_s <= self._limits.expiry_warning_s and self.state is State.OPEN:
            self._move(Event.WARNING)
            assert self.principal is not None
            assert self.principal.expires_at_us is not None
            effects.append(Send(frames.expiring(self.principal.expires_at_us)))
        if now.monotonic_s >= self._heartbeat_due_s:
            self._heartbeat_due_s = now.monotonic_s + self._limits.heartbeat_s
            effects.append(Beat())
        return effects

    def due_s(self, now: Moment) -> float:
        """When ``tick`` may next have something to do, by the monotonic clock."""
        if self.state is State.CLOSED:
            return float("inf")
        if self.state is State.WAITING:
            return self._auth_deadline_s
        left_s = self._left_s(now)
        if left_s is None:
            return self._heartbeat_due_s
        wait_s = left_s - self._limits.expiry_warning_s if self.state is State.OPEN else left_s
        if self.state is State.WARNED:
            wait_s += self._limits.expiry_grace_s
        return min(self._heartbeat_due_s, now.monotonic_s + max(0.0, wait_s))

    def _receive_first(self, raw: bytes) -> list[Effect]:
        """The first frame of a client without credential must be its token."""
        try:
            if len(raw) > self._limits.auth_frame_bytes_max:
                raise RequestError(f"the first frame has more than {self._limits.auth_frame_bytes_max} bytes")
            request = parse_request(decode_frame(raw, self._limits), self._limits)
        except LrsError as error:
            return self._close(closing.AUTH_TIMEOUT, error.message)
        if not isinstance(request, TokenGiven):
            return self._close(closing.AUTH_TIMEOUT, "the first frame must be auth")
        return [CheckToken(request.re, request.token)]

    def _begin(self) -> list[Effect]:
        """Start what the URL asks for; a connection that can't do that has no purpose."""
        if self._opening is None:
            return []
        try:
            if isinstance(self._opening, LrsError):
                raise self._opening
            return [self._open(None, MAIN, self._opening, by_url=True)]
        except LrsError as error:
            failure = frames.failure(None, error, name=MAIN)
            return [Send(failure), *self._close(closing_for(error), error.message)]

    def _open(self, re: RequestId, name: str, opening: Opening, *, by_url: bool = False) -> Open:
        assert self.principal is not None
        if name in self._subscriptions:
            raise RequestError(f"there is a subscription {name!r} already")
        if len(self._subscriptions) >= self._limits.subscriptions_max:
            raise RequestError(f"a connection has at most {self._limits.subscriptions_max} subscriptions")
        require_courses(opening.asked.courses, self.principal.grant)
        self._subscriptions[name] = opening.asked.courses
        return Open(re, name, opening, visibility(self.principal), by_url)

    def _stop(self, re: RequestId, name: str) -> Stop:
        self._require_known(name)
        del self._subscriptions[name]
        return Stop(re, name)

    def _require_known(self, name: str) -> None:
        if name not in self._subscriptions:
            raise RequestError(f"there is no subscription {name!r}")

    def _left_s(self, now: Moment) -> float | None:
        """Seconds until the credential ends, negative after; None when it has no end."""
        assert self.principal is not None
        expires = self.principal.expires_at_us
        return None if expires is None else (expires - now.now_us) / 1_000_000

    def _close(self, reason: Closing, message: str) -> list[Effect]:
        self._move(Event.END)
        self._subscriptions.clear()
        return [Close(reason, message)]

    def _move(self, event: Event) -> None:
        self.state = TRANSITIONS[self.state, event]
