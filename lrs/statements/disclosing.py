"""How statements and questions pass between what is stored and what a reader is shown (see ``lrs.pseudonyms``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from lrs.auth.disclosure import Actors, Disclosure
from lrs.auth.principal import Principal
from lrs.errors import Forbidden
from lrs.pseudonyms.service import Pseudonyms
from lrs.statements.keys import AGENT, RELATED_AGENT
from lrs.statements.log import Changes, Page
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Record
from lrs.xapi.actors import identified, ifi
from lrs.xapi.equivalent import SIGNATURE

_AGENTS = (AGENT, RELATED_AGENT)
_IDENTIFIERS = ("account", "mbox", "mbox_sha1sum", "openid")

NOTHING = Filter.of(frozenset())
"""The filter that nothing matches."""

AnyPage = TypeVar("AnyPage", Page, Changes)


class Disclosing:
    """For readers who see everything as it is stored, every method returns what it is given. Methods may block."""

    def __init__(self, pseudonyms: Pseudonyms | None = None) -> None:
        """Without ``pseudonyms`` there are only such readers."""
        self._pseudonyms = pseudonyms

    def payload(self, visibility: Visibility, raw: bytes) -> bytes:
        """``raw``, a stored statement, as the reader is to see it."""
        disclosure = visibility.disclosure
        if disclosure.plain:
            return raw
        assert self._pseudonyms is not None
        return self._pseudonyms.payload(disclosure, raw)

    def record(self, visibility: Visibility, record: Record) -> Record:
        """The same for a record."""
        if visibility.disclosure.plain:
            return record
        return record._replace(payload=self.payload(visibility, record.payload))

    def page(self, visibility: Visibility, page: AnyPage) -> AnyPage:
        """The same for all records of a page."""
        disclosure = visibility.disclosure
        if disclosure.plain:
            return page
        assert self._pseudonyms is not None
        shown = self._pseudonyms.payloads(disclosure, [(record.position, record.payload) for record in page.records])
        # Half the cost of _replace, on every record of every page.
        return replace(
            page, records=[Record(*record[:-1], made) for record, made in zip(page.records, shown, strict=True)]
        )

    def filter(self, visibility: Visibility, filter_: Filter) -> Filter:
        """``filter_`` with those whom the reader means in place of those whom it names.

        Forbidden when it names one by anything but a pseudonym of its own.
        """
        disclosure = visibility.disclosure
        if disclosure.actors is Actors.AS_STORED or filter_.understood or not _names_agents(filter_):
            return filter_
        members = [frozenset(self._meant(disclosure, member)) for member in filter_.members]
        return Filter(frozenset(members), understood=True)

    def _meant(self, disclosure: Disclosure, member: Iterable[str]) -> Iterable[str]:
        for key in member:
            if key[0] not in _AGENTS:
                yield key
            elif (name := self._name(disclosure, key[1:])) is not None:
                yield key[0] + name

    def _name(self, disclosure: Disclosure, name: str) -> str | None:
        assert self._pseudonyms is not None
        return self._pseudonyms.meant(disclosure, name)

    def statement(self, principal: Principal, statement: Any) -> Any:
        """``statement``, which ``principal`` sends, with those whom it means in place of those whom it names.

        Forbidden when it names one by anything but a pseudonym: reading that again would tell whose the pseudonym is.
        Forbidden, too, when it is signed: the signature would fit nothing that is stored, and give its readers the
        pseudonym beside the learner.
        What is no valid statement is left to those who validate it.
        """
        disclosure = principal.disclosure
        if disclosure.actors is not Actors.PSEUDONYM:
            return statement
        if _is_signed(statement):
            raise Forbidden(
                f"{principal.consumer} names learners by pseudonyms, and what it sends is stored with their own "
                "identifiers, which its signature does not hold: send it unsigned, or by a consumer to whom learners "
                "appear as they are stored"
            )
        return _with_agents(statement, lambda name: self._name(disclosure, name))


def outlived(filter_: Filter) -> Filter:
    """What is left of a filter when its reader is shown learners in another way than when it was made."""
    return NOTHING if _names_agents(filter_) else filter_


def _names_agents(filter_: Filter) -> bool:
    return any(key[0] in _AGENTS for member in filter_.members for key in member)


def _is_signed(statement: Any) -> bool:
    """Whether it has a signature (Data 2.6); it may not be valid."""
    attachments = statement.get("attachments") if isinstance(statement, Mapping) else None
    listed = attachments if isinstance(attachments, list) else []
    return any(isinstance(one, Mapping) and one.get("usageType") == SIGNATURE for one in listed)


def _with_agents(value: Any, meant: Callable[[str], str | None]) -> Any:
    """``value`` with all Agents and Groups in it replaced; extensions are as the writer has them."""
    if isinstance(value, list):
        return [_with_agents(one, meant) for one in value]
    if not isinstance(value, Mapping):
        return value
    found = {name: value[name] for name in _IDENTIFIERS if name in value}
    rest = {
        name: part if name == "extensions" else _with_agents(part, meant)
        for name, part in value.items()
        if name not in found
    }
    return rest | _identifiers(found, meant) if found else rest


def _identifiers(found: dict[str, Any], meant: Callable[[str], str | None]) -> dict[str, Any]:
    try:
        name = ifi(found)
    except (AttributeError, KeyError, TypeError):
        # Validation will say what is wrong with it.
        return found
    stored = None if name is None else meant(name)
    if stored is None:
        raise Forbidden("a statement names an actor by a pseudonym that is nobody's")
    return identified(stored)
