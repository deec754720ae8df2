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
_OBJECT = rb"\{(?:[^{}\"]++|%b|\{(?:[^{}\"]++|%b)*+\})*+\}" % (_TEXT, _TEXT)
_ACTOR = re.compile(rb'"actor":(%b)' % _OBJECT)
_AUTHORITY = re.compile(rb'"authority":(%b)' % _OBJECT)

# Where one of these stands there is another actor, or what looks like one.
_SIGNS = re.compile(rb'"(?:mbox|mbox_sha1sum|openid|account|Group|member|actor|authority)":?')

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
        actor = _ACTOR.search(raw)
        if actor is None:
            return None
        authority = _AUTHORITY.search(raw, actor.end())
        if authority is None:
            return None
        known, writer = self._looked_up(actor[1]), self._looked_up(authority[1])
        if known is None or known.needles is None or writer is None:
            return None
        before, between, after = raw[: actor.start(1)], raw[actor.end(1) : authority.start(1)], raw[authority.end(1) :]
        rest = b" ".join((before[: -len('"actor":')], between[: -len('"authority":')], after))
        if _SIGNS.search(rest) or mentioned(known.needles, rest):
            return None
        return b"".join((before, known.shown, between, writer.shown, after))

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
        agent = orjson.loads(raw)
        if agent.get("objectType", "Agent") != "Agent":
            return None
        shown, words = self._actor(agent)
        plain = all(word.isascii() for word in words)
        return _Known(orjson.dumps(shown), tuple(needles(words)) if plain else None)
