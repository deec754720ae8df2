"""What a statement or a document looks like to a consumer that is not shown learners as they are stored.

Each Agent and Group, wherever it stands, is replaced, and so is every text that repeats what identifies one of them.
The authority is replaced too, but what identifies it is no learner's and is left in texts: it is a program's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from lrs.auth.disclosure import MBOXES, NAMES, RESPONSE, Actors, Disclosure
from lrs.pseudonyms.mentions import REMOVED, Mentions, full_name, identifiers
from lrs.pseudonyms.naming import ANONYMOUS
from lrs.pseudonyms.quick import QuickVeil
from lrs.xapi.actors import identified, ifi
from lrs.xapi.uuids import is_uuid

_IDENTIFIERS = ("account", "mbox", "mbox_sha1sum", "openid")
# Their values have a form of their own, outside of extensions.
_FIXED = frozenset({"duration", "interactionType", "objectType", "sha2", "stored", "timestamp", "version"})
_NUMBER_DIGITS_MIN = 4
_NIL = "00000000-0000-0000-0000-000000000000"

Words = dict[str, str]


class Veil:
    """The view of one ``disclosure``. ``home_page``: of the accounts that stand for learners; ``name_of``: the name of
    such an account, from the canonical IFI of the learner.
    """

    def __init__(self, disclosure: Disclosure, home_page: str, name_of: Callable[[str], str]) -> None:
        self._disclosure = disclosure
        self._home_page = home_page
        self._name_of = name_of
        self._mails = MBOXES in disclosure.strip
        self._keeps_names = disclosure.actors is Actors.AS_STORED and NAMES not in disclosure.strip
        simple = disclosure.actors is not Actors.AS_STORED and not disclosure.strip & {MBOXES, RESPONSE}
        self._quick = QuickVeil(self._actor) if simple else None

    def payload(self, raw: bytes) -> bytes:
        """A stored statement, as JSON, as the consumer is to see it."""
        if self._quick is not None:
            quick = self._quick.payload(raw)
            if quick is not None:
                return quick
        statement = orjson.loads(raw)
        if RESPONSE in self._disclosure.strip:
            for part in (statement, statement.get("object", {})):
                part.get("result", {}).pop("response", None)
        words: Words = {}
        shown = {name: self._agents(value, {} if name == "authority" else words) for name, value in statement.items()}
        return self._without(shown, words, free=False)

    def json(self, raw: bytes, agent: str | None) -> bytes:
        """The same for a document that is JSON. ``agent``: the canonical IFI of the one that it belongs to."""
        words = self._words_of(agent)
        value = orjson.loads(raw)
        shown = self._agents(value, words)
        mentions = Mentions(words, mails=self._mails)
        return raw if shown == value and not mentions.within(raw) else self._without(shown, words, free=True)

    def text(self, raw: bytes, agent: str | None) -> bytes | None:
        """The same for any other document; None if it mentions its agent and is no text in which to replace that."""
        words = self._words_of(agent)
        mentions = Mentions(words, mails=self._mails)
        try:
            return mentions.replaced(raw.decode()).encode()
        except UnicodeDecodeError:
            read = raw.decode("latin-1")
            return raw if mentions.replaced(read) == read and not mentions.within(raw) else None

    def _words_of(self, agent: str | None) -> Words:
        words: Words = {}
        if agent is not None:
            self._agents(identified(agent), words)
        return words

    def _without(self, value: Any, words: Words, *, free: bool) -> bytes:
        """``value`` as JSON, with nothing in its texts that is looked for."""
        data = orjson.dumps(value)
        mentions = Mentions(words, mails=self._mails)
        if (words or self._mails) and mentions.within(data):
            return orjson.dumps(self._texts(value, mentions, free=free))
        return data

    def _actor(self, agent: Mapping[str, Any]) -> tuple[dict[str, Any], Words]:
        """One Agent, and what to look for because of it."""
        words: Words = {}
        shown: dict[str, Any] = self._agents(agent, words)
        return shown, words

    def _agents(self, value: Any, words: Words) -> Any:
        """``value`` with all in it that is an Agent or Group replaced; ``words`` gains what identifies them."""
        if isinstance(value, list):
            return [self._agents(one, words) for one in value]
        if not isinstance(value, Mapping):
            return value
        found = {name: value[name] for name in _IDENTIFIERS if _identifies(name, value.get(name))}
        if not found and not _is_group(value):
            return {name: self._agents(part, words) for name, part in value.items()}
        shown = {
            name: self._agents(part, words)
            for name, part in value.items()
            if name not in found and (name != "name" or self._keeps_names)
        }
        if self._disclosure.actors is Actors.NONE and isinstance(shown.get("member"), list):
            # How many they were is nobody's business, and they all look the same.
            shown["member"] = shown["member"][:1]
        if found:
            identifier, word = self._identity(found)
            shown |= identifier
            if word is not None:
                words |= {text.lower(): word for text in identifiers(found) if text}
            called = full_name(value)
            if called is not None and not self._keeps_names:
                words[called.lower()] = word or REMOVED
        return shown

    def _identity(self, found: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
        """What stands for the identifiers in ``found``, and the word for them in texts; None: they may stay there."""
        if self._disclosure.actors is not Actors.AS_STORED:
            name = ifi(found)
            assert name is not None
            word = ANONYMOUS if self._disclosure.actors is Actors.NONE else self._name_of(name)
            return {"account": {"homePage": self._home_page, "name": word}}, word
        if not self._mails or "mbox" not in found:
            return dict(found), None
        digest = hashlib.sha1(found["mbox"].encode(), usedforsecurity=False).hexdigest()
        return {name: one for name, one in found.items() if name != "mbox"} | {"mbox_sha1sum": digest}, digest

    def _texts(self, value: Any, mentions: Mentions, *, free: bool) -> Any:
        """``value`` with its texts replaced; ``free``: nothing in it is fixed, as in extensions and documents."""
        if isinstance(value, str):
            return mentions.replaced(value)
        if isinstance(value, list):
            return [self._texts(one, mentions, free=free) for one in value]
        if free and type(value) is int and len(str(value)) >= _NUMBER_DIGITS_MIN:
            return mentions.word_for(str(value)) or value
        if not isinstance(value, Mapping) or value.get("homePage") == self._home_page:
            return value
        return {
            mentions.replaced(name) if free else name: self._member(name, part, mentions, free=free)
            for name, part in value.items()
        }

    def _member(self, name: str, value: Any, mentions: Mentions, *, free: bool) -> Any:
        if not free and isinstance(value, str):
            if name in _FIXED or (name == "id" and is_uuid(value)):
                return value
            if name == "registration":
                word = mentions.word_for(value)
                return value if word is None else word if is_uuid(word) else _NIL
        return self._texts(value, mentions, free=free or name == "extensions")


def _identifies(name: str, value: Any) -> bool:
    """Whether ``value`` is an identifier of the kind ``name``."""
    if name == "account":
        return isinstance(value, Mapping) and all(isinstance(value.get(part), str) for part in ("homePage", "name"))
    return isinstance(value, str)


def _is_group(value: Mapping[str, Any]) -> bool:
    return value.get("objectType") == "Group" and isinstance(value.get("member"), list)
