"""Pseudonyms on the way out and on the way in, and their look-up; methods block, but for what is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from lrs.auth.disclosure import Actors, Disclosure
from lrs.errors import Forbidden
from lrs.limits import DEFAULT_LIMITS, Limits
from lrs.pseudonyms.naming import home_page, pseudonym, pseudonym_in
from lrs.pseudonyms.spaces import Known, Learners, Spaces
from lrs.pseudonyms.veil import Veil
from lrs.xapi.actors import identified

_LEARNERS_AT_ONCE = 10_000
_REMEMBERED_MAX = 50_000


class Pseudonyms:
    """``public_url``: the address of this server, under which the accounts of pseudonyms stand."""

    def __init__(self, spaces: Spaces, learners: Learners, public_url: str, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self._spaces = spaces
        self._learners = learners
        self._public_url = public_url
        self._veils: dict[Disclosure, Veil] = {}
        # Stored and shown bytes by veil and position. What is erased is stored otherwise, and so made anew.
        self._shown: dict[tuple[Veil, int], tuple[bytes, bytes]] = {}
        self._shown_bytes, self._shown_bytes_max = 0, limits.shown_bytes_max
        # A secret never changes, so what was made with it once stays true in every process.
        self._secret = lru_cache(maxsize=1024)(spaces.secret)
        self._named = lru_cache(maxsize=_REMEMBERED_MAX)(lambda space, name: pseudonym(self._secret(space), name))

    def payload(self, disclosure: Disclosure, raw: bytes) -> bytes:
        """A stored statement, as JSON, as ``disclosure`` has it."""
        return raw if disclosure.plain else self.veil(disclosure).payload(raw)

    def payloads(self, disclosure: Disclosure, stored: Iterable[tuple[int, bytes]]) -> Iterator[bytes]:
        """The same for many, each with its position; what is asked for again is mostly still there."""
        veil, kept = self.veil(disclosure), self._shown
        for position, raw in stored:
            key = veil, position
            known = kept.get(key)
            if known is not None and known[0] == raw:
                yield known[1]
                continue
            shown = veil.payload(raw)
            self._shown_bytes += len(raw) + len(shown)
            if self._shown_bytes > self._shown_bytes_max:
                # Starting again is cheaper than keeping an order of use.
                kept.clear()
                self._shown_bytes = 0
            kept[key] = raw, shown
            yield shown

    def document(self, disclosure: Disclosure, raw: bytes, agent: str | None, *, is_json: bool) -> bytes | None:
        """The same for a document; ``agent``: the canonical IFI of whom it belongs to. None: it can't be shown."""
        if disclosure.plain:
            return raw
        veil = self.veil(disclosure)
        return veil.json(raw, agent) if is_json else veil.text(raw, agent)

    def meant(self, disclosure: Disclosure, name: str) -> str | None:
        """The canonical IFI of whom a reader means by ``name``; None for a pseudonym that is nobody's.

        Forbidden for every other identifier than a pseudonym of the reader's own space: who could ask by a known
        address would learn whose the pseudonym is.
        """
        if disclosure.actors is Actors.AS_STORED:
            return name
        if disclosure.actors is Actors.NONE or disclosure.space is None:
            raise Forbidden("this consumer is shown no actors, so it can't ask for one")
        wanted = pseudonym_in(name, disclosure.space)
        if wanted is None:
            page = home_page(self._public_url, disclosure.space)
            raise Forbidden(f"this consumer knows actors by pseudonyms only: accounts with the homePage {page}")
        return self.whose(wanted, disclosure.space)

    def shown_agent(self, disclosure: Disclosure, name: str) -> dict[str, Any]:
        """The identifier by which the learner with the canonical IFI ``name`` appears, as an Agent has it."""
        if disclosure.actors is Actors.AS_STORED or disclosure.space is None:
            return identified(name)
        return _account(home_page(self._public_url, disclosure.space), self._named(disclosure.space, name))

    def of(self, space: str, names: Sequence[str]) -> list[dict[str, Any]]:
        """The accounts by which these learners, given by canonical IFI, appear in ``space``.

        From then on the pseudonyms are understood, also of learners of whom no statement speaks yet.
        """
        found = [Known(space, self._named(space, name), name) for name in names]
        self._spaces.keep(found)
        page = home_page(self._public_url, space)
        return [_account(page, one.pseudonym) for one in found]

    def whose(self, wanted: str, space: str) -> str | None:
        """The canonical IFI of the learner with this pseudonym in ``space``; None if it is nobody's."""
        found = self._spaces.name(space, wanted)
        if found is None:
            self._look_through(space)
            found = self._spaces.name(space, wanted)
        return found

    def anywhere(self, wanted: str) -> list[Known]:
        """Whose the pseudonym is, in whatever space."""
        return [
            Known(space, wanted, name)
            for space in self._spaces.names()
            if (name := self.whose(wanted, space)) is not None
        ]

    def forget(self, name: str) -> None:
        """Forget the learner with the canonical IFI ``name``, who is in no statement any more."""
        self._spaces.forget(name)
        self._named.cache_clear()
        self._shown.clear()
        self._veils.clear()

    def _look_through(self, space: str) -> None:
        """Keep the pseudonyms of all learners who came since this was last done."""
        number = self._spaces.looked_through(space)
        secret = self._secret(space)
        while found := self._learners.after(number, _LEARNERS_AT_ONCE):
            number = found[-1][0]
            self._spaces.look_through(space, number, [Known(space, pseudonym(secret, name), name) for _, name in found])

    def veil(self, disclosure: Disclosure) -> Veil:
        """What makes the view of ``disclosure``."""
        veil = self._veils.get(disclosure)
        if veil is None:
            space = disclosure.space
            page = home_page(self._public_url, space)
            veil = self._veils[disclosure] = Veil(disclosure, page, lambda name: self._named(space, name))
        return veil


def _account(page: str, name: str) -> dict[str, Any]:
    return {"account": {"homePage": page, "name": name}}
