"""Finding and replacing what identifies a learner inside of other text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes

import orjson

from lrs.xapi.actors import comparable_mbox

REMOVED = "removed"
"""What stands where something was taken out and nothing is to be told of whom it spoke."""

# A text may have been encoded for a URL inside of a URL.
_ENCODINGS_MAX = 4
# So long an identifier is no part of another word by chance; a shorter one must stand by itself.
_LONG = 8
_SAFE = "/:?#[]@!$&'()*+,;=~"
_MAIL = re.compile(r"[\w.+'-]+@(?:[\w-]+\.)+[^\W\d_]{2,}")


def identifiers(agent: Mapping[str, Any]) -> Iterator[str]:
    """The texts by which ``agent``, an Agent or Group with whatever identifiers, can be recognised; not its name."""
    mbox = agent.get("mbox")
    if isinstance(mbox, str):
        yield mbox.removeprefix("mailto:")
        for form in {mbox, comparable_mbox(mbox)}:
            yield hashlib.sha1(form.encode(), usedforsecurity=False).hexdigest()
    for kind in ("mbox_sha1sum", "openid"):
        if isinstance(agent.get(kind), str):
            yield agent[kind]
    openid = agent.get("openid")
    if isinstance(openid, str):
        yield openid.partition("://")[2].rstrip("/")
    account = agent.get("account")
    if isinstance(account, Mapping) and isinstance(account.get("name"), str):
        yield account["name"]


def full_name(agent: Mapping[str, Any]) -> str | None:
    """The name of ``agent`` if it is fit to be looked for: one word alone may be any word."""
    name = agent.get("name")
    return name.strip() if isinstance(name, str) and " " in name.strip() else None


class Mentions:
    """What to look for, and what to put in its place. ``words``: by the lower case of what is looked for.

    ``mails``: every e-mail address is looked for, too.
    """

    def __init__(self, words: Mapping[str, str], *, mails: bool = False) -> None:
        self._words = words
        self._mails = mails
        self._needles = tuple(needles(words)) if all(word.isascii() for word in words) else None
        self._pattern: re.Pattern[str] | None = None

    def within(self, data: bytes) -> bool:
        """Whether the JSON text ``data`` may mention one of them; False is certain."""
        if self._needles is None:
            return True
        return (self._mails and (b"@" in data or b"%" in data)) or mentioned(self._needles, data)

    def replaced(self, text: str) -> str:
        """``text`` without them, also where it was encoded for a URL, whatever the case of its letters."""
        found = self._sub(text)
        if "%" in found:
            plain = found
            for _ in range(_ENCODINGS_MAX):
                plain, before = unquote(plain), plain
                if plain == before:
                    break
            clean = self._sub(plain)
            if clean != plain:
                return quote(clean, safe=_SAFE)
        return found

    def word_for(self, text: str) -> str | None:
        """What stands for ``text``, if the whole of it is looked for."""
        return self._words.get(text.lower())

    def _sub(self, text: str) -> str:
        if self._words:
            if self._pattern is None:
                self._pattern = _compiled(frozenset(self._words))
            text = self._pattern.sub(self._word, text)
        return _MAIL.sub(REMOVED, text) if self._mails else text

    def _word(self, found: re.Match[str]) -> str:
        text = found[0].lower()
        # The case of some letters has no way back; then any of the words hides it.
        return self._words.get(text) or self._words.get(text.replace("+", " ")) or REMOVED


def needles(words: Iterable[str]) -> Iterator[bytes]:
    """``words`` as they stand in JSON whose letters are in lower case."""
    return (orjson.dumps(word)[1:-1].lower() for word in words)


def mentioned(needles: Iterable[bytes], data: bytes) -> bool:
    """Whether ``data`` holds one of ``needles``, as it is or encoded for a URL."""
    lowered = data.lower()
    for needle in needles:
        if needle in lowered:
            return True
    return b"%" in lowered and _mentioned_in_url(needles, lowered)


def _mentioned_in_url(needles: Iterable[bytes], lowered: bytes) -> bool:
    for _ in range(_ENCODINGS_MAX):
        lowered, before = unquote_to_bytes(lowered).lower(), lowered
        if lowered == before:
            return False
        if any(needle in lowered for needle in needles):
            return True
    return False


@lru_cache(maxsize=1024)
def _compiled(words: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(_alternative, longest_first)), re.IGNORECASE)


def _alternative(word: str) -> str:
    # A blank is a plus in forms.
    text = re.escape(word).replace(r"\ ", "[ +]")
    if len(word) >= _LONG:
        return text
    return _edge(word[0], "(?<!{})") + text + _edge(word[-1], "(?!{})")


def _edge(letter: str, form: str) -> str:
    """A condition that what stands beside ``letter`` does not go on with the same word or number."""
    if letter.isdigit():
        return form.format(r"\d")
    return form.format(r"[^\W\d_]") if letter.isalpha() else ""
