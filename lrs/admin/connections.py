"""What is told of a connection: who is subscribed to what, and how far behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from lrs.admin.forms import time
from lrs.statements import keys
from lrs.statements.match import Filter
from lrs.statements.record import Place
from lrs.subscriptions.doors import Door
from lrs.subscriptions.hub import Subscription
from lrs.subscriptions.session.registry import Guest

KINDS = {Door.WEBSOCKET: "websocket", Door.EVENTS: "events", Door.CHANGES: "poll"}

_MEMBERS = {
    frozenset({keys.COURSE}): "course",
    frozenset({keys.VERB}): "verb",
    frozenset({keys.ACTIVITY}): "activity",
    frozenset({keys.ACTIVITY, keys.RELATED_ACTIVITY}): "related_activity",
    frozenset({keys.ACTIVITY_TYPE}): "activity_type",
    frozenset({keys.AGENT}): "actor",
    frozenset({keys.REGISTRATION}): "registration",
    frozenset({keys.PLATFORM}): "platform",
}
_OF_LEARNERS = ("actor", "registration")

Seal = Callable[[Place], str]
"""The cursor of a place."""


class Seen(NamedTuple):
    """A connection as it is at one moment; all further may be done elsewhere than in the event loop."""

    guest: Guest
    since_us: int | None
    subscriptions: Sequence[Subscription]


def connection_form(seen: Seen, process: str, seal: Seal) -> dict[str, Any]:
    """A connection; how far its subscriptions are behind is still missing (``place`` tells where they are)."""
    guest, since_us, subscriptions = seen
    return {
        "connection": guest.name,
        "process": process,
        "kind": KINDS[guest.door],
        "consumer": None if guest.principal is None else guest.principal.consumer,
        "credential": guest.credential,
        "since": time(since_us),
        "bytes_sent": guest.bytes_sent,
        "subscriptions": [_subscription_form(one, seal) for one in subscriptions],
    }


@lru_cache(maxsize=1024)
def filter_form(filter_: Filter) -> dict[str, Any]:
    """The filter as its client wrote it; of what belongs to learners only how many values there are.

    Shared: never change it.
    """
    form: dict[str, Any] = {}
    for member in filter_.members:
        name = _MEMBERS.get(frozenset(key[:1] for key in member), "other")
        values = {key[1:] for key in member}
        form[name] = len(values) if name in _OF_LEARNERS else sorted(values)
    return dict(sorted(form.items()))


def with_lags(connection: dict[str, Any], end: Place, lag_s: Callable[[Place], float]) -> dict[str, Any]:
    """``connection`` with what its places mean at the ``end`` of the log; places themselves are not told."""
    subscriptions = []
    for one in connection["subscriptions"]:
        told = {name: value for name, value in one.items() if name not in ("place", "at_end")}
        behind = 0 if one["at_end"] else max(0, end - one["place"])
        subscriptions.append({**told, "behind": behind, "lag_s": lag_s(one["place"]) if behind else 0.0})
    worst_s = max((one["lag_s"] for one in subscriptions), default=0.0)
    return {**connection, "subscriptions": subscriptions, "lag_s": worst_s}


def _subscription_form(one: Subscription, seal: Seal) -> dict[str, Any]:
    return {
        "name": one.name,
        "filter": filter_form(one.filter),
        "cursor": seal(one.place),
        "place": one.place,
        "at_end": not one.behind,
    }
