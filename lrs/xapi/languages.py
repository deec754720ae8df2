"""Language tags (RFC 5646) and the choice of one language of a language map (RFC 9110 12.5.4, RFC 4647)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from lrs.xapi.definitions import pattern

RANGES_MAX: Final = 50
_RANGE = re.compile(
    r"[ \t]*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)[ \t]*(?:;[ \t]*[qQ]=([01](?:\.[0-9]{0,3})?)[ \t]*)?"
)


def is_language_tag(text: str) -> bool:
    """True if ``text`` is shaped like a tag of RFC 5646; whether its parts are registered is not looked up."""
    return pattern("languageTag").fullmatch(text) is not None


def choose_language(language_map: Mapping[str, str], accept_language: str) -> dict[str, str]:
    """The one entry of ``language_map`` that suits the header Accept-Language best, or its first if none does.

    For each range, the best liked first: its own tag, then one that narrows it (``en-GB`` for ``en``), then the nearest
    that is wider (``en`` for ``en-GB``) or narrows that (``en-US`` for ``en-GB``). An empty map stays empty.
    """
    tags = {tag.lower(): tag for tag in language_map}
    liked, refused = _ranges(accept_language)
    offered = [tag for tag in tags if _narrowest(tag, (*liked, *refused)) not in refused]
    for wanted in liked:
        best = _lookup(wanted, offered)
        if best is not None:
            return {tags[best]: language_map[tags[best]]}
    return dict([next(iter(language_map.items()))]) if language_map else {}


def _lookup(wanted: str, offered: Sequence[str]) -> str | None:
    if wanted == "*":
        return next(iter(offered), None)
    while wanted:
        if wanted in offered:
            return wanted
        narrower = next((tag for tag in offered if _covers(wanted, tag)), None)
        if narrower is not None:
            return narrower
        wanted = wanted.rpartition("-")[0]
    return None


def _narrowest(tag: str, ranges: Sequence[str]) -> str | None:
    """The range that says most about ``tag``."""
    return max(
        (range_ for range_ in ranges if _covers(range_, tag)), key=lambda range_: len(range_.strip("*")), default=None
    )


def _covers(range_: str, tag: str) -> bool:
    return range_ in ("*", tag) or tag.startswith(f"{range_}-")


@lru_cache(maxsize=64)
def _ranges(accept_language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ranges of the header in lower case: those liked, best first, and those refused with ``q=0``.

    What is not a range is passed over, and only the first ``RANGES_MAX`` are read.
    """
    weighed = []
    for part in accept_language.split(",", RANGES_MAX)[:RANGES_MAX]:
        match = _RANGE.fullmatch(part)
        if match:
            weighed.append((min(float(match[2] or 1), 1.0), match[1].lower()))
    weighed.sort(key=lambda pair: -pair[0])
    return tuple(name for weight, name in weighed if weight), tuple(name for weight, name in weighed if not weight)
