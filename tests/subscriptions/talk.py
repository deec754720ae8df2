"""Talking to the protocol of one connection without a connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from lrs.auth.principal import Principal
from lrs.errors import LrsError
from lrs.limits import Limits
from lrs.subscriptions.closing import Closing
from lrs.subscriptions.effects import Close, Effect, Send
from lrs.subscriptions.openings import Opening
from lrs.subscriptions.protocol import Connection, Moment
from tests.samples import principal

LIMITS = Limits()
NOW_US = 1_790_000_000_000_000
READER = principal("engine", scopes=("stream",))


def at(seconds: float) -> Moment:
    return Moment(seconds, NOW_US + int(seconds * 1_000_000))


def waiting(limits: Limits = LIMITS, opening: Opening | LrsError | None = None) -> Connection:
    return Connection("n1", limits, at(0), opening)


def opened(who: Principal = READER, limits: Limits = LIMITS) -> Connection:
    connection = waiting(limits)
    connection.accepted(who, at(0), head="c9")
    return connection


def say(connection: Connection, seconds: float = 0, **frame: Any) -> list[Effect]:
    return connection.receive(orjson.dumps(frame).decode(), at(seconds))


def sent(effects: Sequence[Effect]) -> list[dict[str, Any]]:
    return [orjson.loads(effect.frame.data) for effect in effects if isinstance(effect, Send)]


def closed(effects: Sequence[Effect]) -> Closing:
    """How ``effects`` end the connection; nothing may follow that."""
    last = effects[-1]
    assert isinstance(last, Close)
    assert not any(isinstance(effect, Close) for effect in effects[:-1])
    return last.closing


def expiring(seconds: float) -> Principal:
    return replace(READER, expires_at_us=NOW_US + int(seconds * 1_000_000))
