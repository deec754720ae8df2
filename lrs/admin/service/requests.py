"""Acts on requests for access: those of the person who asks, and those of administrators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lrs.admin.access import APPROVED, OPEN, REFUSED, TAKEN, AccessRequest, Wish
from lrs.admin.forms import grant_told
from lrs.admin.service.acting import Rooms
from lrs.admin.sqlite.requests import AccessRequests
from lrs.audit.entry import VISITOR, Actor
from lrs.auth.disclosure import PLAIN, Disclosure
from lrs.auth.grants import Grant
from lrs.auth.issue import IssuedKey
from lrs.auth.scopes import STATEMENTS_READ, STREAM, listed
from lrs.auth.secrets import new_secret, sha256_of
from lrs.errors import Conflict, RateLimited

DEFAULT_SCOPES = frozenset({STATEMENTS_READ, STREAM})
"""What who asks for access gets unless an administrator says otherwise."""

FULL_S = 3_600
"""When to come again while as many requests are open as may be."""

Precondition = Callable[[AccessRequest], None]
"""Raises when the request is not as the caller has seen it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new request; the only time that the secret of its link is known."""

    request: AccessRequest
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What is given: ``name`` of the consumer, and its bounds."""

    name: str
    scopes: frozenset[str] = DEFAULT_SCOPES
    grant: Grant | None = None
    disclosure: Disclosure = PLAIN
    expires_at_us: int | None = None
    word: str | None = None


class RequestActs:
    """A request is open, then approved or refused; one that was approved is taken, once."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.rows = AccessRequests(rooms.store)

    def make(self, wish: Wish) -> Made:
        """A new request. RateLimited when as many are open as may be."""
        limits, now_us = self._rooms.settings.limits, self._rooms.clock.now_us()
        secret = new_secret(self._rooms.entropy)
        with self._rooms.acting(VISITOR, "request.make") as act:
            if self.rows.count_open() >= limits.access_requests_open_max:
                raise RateLimited("too many requests wait for a decision; try again later", retry_after_s=FULL_S)
            self.rows.forget_closed(now_us - limits.access_request_keep_s * 1_000_000)
            made = self.rows.add(wish, sha256_of(secret), now_us)
            act.about = f"request:{made.number}"
        return Made(made, secret)

    def found(self, secret: str) -> tuple[AccessRequest, Grant | None]:
        """The request with this secret, and what was granted for it, as that is now; NotFound."""
        request = self.rows.by_secret(sha256_of(secret))
        if request.consumer is None:
            return request, None
        return request, self._rooms.consumers.consumer(request.consumer).grant

    def take(self, secret: str) -> tuple[IssuedKey, str]:
        """The key for a request that was approved, once, and its consumer. NotFound; Conflict before and afterwards;
        Forbidden when its consumer is disabled or has expired.
        """
        with self._rooms.acting(VISITOR, "request.take") as act:
            request = self.rows.by_secret(sha256_of(secret))
            if request.state != APPROVED or request.consumer is None:
                raise Conflict(f"the request is {request.state}, so there is no key to be taken")
            issued = self._rooms.issuer.add_key(request.consumer)
            self.rows.change(replace(request, state=TAKEN, taken_at_us=self._rooms.clock.now_us()))
            act.about = f"request:{request.number}"
            act.details.update(consumer=request.consumer, key=issued.key)
        return issued, request.consumer

    def approve(
        self, actor: Actor, number: int, approval: Approval, precondition: Precondition = lambda _: None
    ) -> AccessRequest:
        """Make a consumer for an open request. NotFound; Conflict when it was decided or the name is taken."""
        with self._rooms.acting(actor, "request.approve", f"request:{number}") as act:
            request = self._open(number, precondition)
            grant = Grant.of(request.wish.courses) if approval.grant is None else approval.grant
            self._rooms.issuer.add_consumer(
                approval.name,
                scopes=approval.scopes,
                grant=grant,
                expires_at_us=approval.expires_at_us,
                disclosure=approval.disclosure,
            )
            if not approval.disclosure.plain:
                act.details["disclosure"] = approval.disclosure.to_json()
            act.details.update(consumer=approval.name, scopes=listed(approval.scopes), grant=grant_told(grant))
            return self._decided(request, actor, state=APPROVED, word=approval.word, consumer=approval.name)

    def refuse(
        self, actor: Actor, number: int, word: str | None, precondition: Precondition = lambda _: None
    ) -> AccessRequest:
        """Refuse an open request, with a word to the person. NotFound; Conflict when it was decided."""
        with self._rooms.acting(actor, "request.refuse", f"request:{number}"):
            request = self._open(number, precondition)
            return self._decided(request, actor, state=REFUSED, word=word, consumer=None)

    def _open(self, number: int, precondition: Precondition) -> AccessRequest:
        request = self.rows.request(number)
        precondition(request)
        if request.state != OPEN:
            raise Conflict(f"the request is {request.state} already")
        return request

    def _decided(
        self, request: AccessRequest, actor: Actor, *, state: str, word: str | None, consumer: str | None
    ) -> AccessRequest:
        decided = replace(
            request,
            state=state,
            decided_at_us=self._rooms.clock.now_us(),
            decided_by=str(actor),
            word=word,
            consumer=consumer,
        )
        self.rows.change(decided)
        return decided
