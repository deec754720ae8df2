"""The quick way for what most statements are: one learner who does something, and an authority.

It works on the bytes, without parsing them again: the actor and the authority are found and replaced, and the rest is
kept if it holds no other actor and mentions nobody. All else is left to the slow way; both show the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from lrs.pseudonyms.mentions import mentioned, needles

_REMEMBERED_MAX = 20_000

# One object with objects in it; its texts may hold braces.
_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
_OBJECT = re.compile(rb"\{(?:[^{}\"]++|%b|\{(?:[^{}\"]++|%b)*+\})*+\}" % (_TEXT, _TEXT))
_ACTOR, _AUTHORITY = b'"actor":', b'"authority":'
# What mostly follows an actor and an authority.
_VERB, _STORED = b'},"verb":', b'},"stored":'

_Actor = Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, str]]]


class _Known(NamedTuple):
    """What stands for an Agent, and what must not stand elsewhere; None where that can't be told from bytes."""

    shown: bytes
    needles: tuple[bytes, ...] | None


class QuickVeil:
    """``actor``: what stands for an Agent, and what is to be looked for because of it."""

    def __init__(self, actor: _Actor) -> None:
        self._actor = actor
        self._known: dict[bytes, _Known | None] = {}

    def payload(self, raw: bytes) -> bytes | None:
        """``raw``, a stored statement, as it is to be shown; None if that takes the slow way."""
        start, last = raw.find(_ACTOR), raw.rfind(_AUTHORITY)
        # It is the LRS that adds the authority, at the end.
        if not 0 <= start < last:
            return None
        begin, begin_last = start + len(_ACTOR), last + len(_AUTHORITY)
        actor, authority = self._object(raw, begin, _VERB), self._object(raw, begin_last, _STORED)
        known, writer = self._looked_up(actor), self._looked_up(authority)
        if known is None or known.needles is None or writer is None:
            return None
        end, end_last = begin + len(actor), begin_last + len(authority)
        if end > last:
            return None
        rest = raw[:start] + raw[end:last] + raw[end_last:]
        if _holds_another(rest) or mentioned(known.needles, rest):
            return None
        return b"".join((raw[:begin], known.shown, raw[end:begin_last], writer.shown, raw[end_last:]))

    def _object(self, raw: bytes, begin: int, then: bytes) -> bytes:
        """The object that begins at ``begin``; empty if it is none, or too deep. ``then``: what mostly follows it."""
        likely = raw[begin : raw.find(then, begin) + 1]
        if likely in self._known:
            # It was an object when it was met first, so it is one here.
            return likely
        found = _OBJECT.match(raw, begin)
        return found[0] if found else b""

    def _looked_up(self, raw: bytes) -> _Known | None:
        """What is known of the Agent in ``raw``; None if it is none, or takes the slow way."""
        try:
            return self._known[raw]
        except KeyError:
            if len(self._known) >= _REMEMBERED_MAX:
                self._known.clear()
            known = self._known[raw] = self._learned(raw)
            return known

    def _learned(self, raw: bytes) -> _Known | None:
        if not raw:
            return None
        agent = orjson.loads(raw)
        if agent.get("objectType", "Agent") != "Agent":
            return None
        shown, words = self._actor(agent)
        plain = all(word.isascii() for word in words)
        return _Known(orjson.dumps(shown), tuple(needles(words)) if plain else None)


def _holds_another(rest: bytes) -> bool:
    """Whether there is another actor in ``rest``, or what looks like one."""
    return (
        b'"account"' in rest
        or b'"mbox' in rest
        or b'"openid"' in rest
        or b'"Group"' in rest
        or _ACTOR in rest
        or _AUTHORITY in rest
    )
