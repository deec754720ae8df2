"""The look-up of pseudonyms, in both directions, for administrators and platforms; each stands in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lrs.audit.entry import Actor
from lrs.audit.sqlite import AuditTrail
from lrs.auth.consumers import ConsumerStore
from lrs.auth.disclosure import Actors, Disclosure
from lrs.errors import InvalidParameter
from lrs.pseudonyms.naming import uuid_text
from lrs.pseudonyms.service import Pseudonyms
from lrs.storage.sqlite import Store
from lrs.xapi.actors import identified, identifier


class Lookup:
    """Methods block."""

    def __init__(self, pseudonyms: Pseudonyms, consumers: ConsumerStore, store: Store, trail: AuditTrail) -> None:
        self._pseudonyms = pseudonyms
        self._consumers = consumers
        self._store = store
        self._trail = trail

    def space(self, consumer: str | None, space: str | None) -> str:
        """The space of ``consumer``, or the shared one called ``space``; exactly one of them is given.

        NotFound for a consumer that does not exist; InvalidParameter for one that is shown no pseudonyms.
        """
        if (consumer is None) is (space is None):
            raise InvalidParameter("give either a consumer or a space")
        if consumer is None:
            found = Disclosure.of(Actors.PSEUDONYM, space).space
        else:
            one = self._consumers.consumer(consumer)
            if one.disclosure.actors is not Actors.PSEUDONYM:
                raise InvalidParameter(f"consumer {consumer!r} is shown no pseudonyms")
            found = one.disclosure.to_consumer(one.id).space
        assert found is not None
        return found

    def shown(self, actor: Actor, space: str, agents: Sequence[Any]) -> list[dict[str, Any]]:
        """The accounts by which ``agents``, Agents or Identified Groups, appear in ``space``; InvalidParameter."""
        names = [identifier(agent, "an agent") for agent in agents]
        found = self._pseudonyms.of(space, names)
        self._note(actor, "pseudonym.of", space, len(agents))
        return found

    def stored(self, actor: Actor, space: str, pseudonyms: Sequence[Any]) -> list[dict[str, Any] | None]:
        """The agents who appear under ``pseudonyms`` in ``space``; None for one that is nobody's. InvalidParameter."""
        names = [self._pseudonyms.whose(uuid_text(one), space) for one in pseudonyms]
        self._note(actor, "pseudonym.whose", space, len(pseudonyms))
        return [None if name is None else identified(name) for name in names]

    def anywhere(self, actor: Actor, pseudonym: str) -> list[tuple[str, dict[str, Any]]]:
        """Spaces in which ``pseudonym`` is somebody's, with the agent."""
        found = self._pseudonyms.anywhere(uuid_text(pseudonym))
        self._note(actor, "pseudonym.whose", "", 1)
        return [(one.space, identified(one.name)) for one in found]

    def _note(self, actor: Actor, act: str, space: str, count: int) -> None:
        """Who asked, and for how many, but not for whom."""
        with self._store.writing():
            self._trail.note(actor, act, f"space:{space}" if space else "", {"learners": count})
