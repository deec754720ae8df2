"""Erasing learners, and what is too old. Who is erased is kept nowhere, but by the erasure while it is under way."""

from __future__ import annotations

from typing import Any

from lrs.admin.service.acting import Rooms
from lrs.audit.entry import Actor
from lrs.documents.sqlite import SqliteDocuments
from lrs.erasure.erasure import RETENTION, Amounts, Wanted, learner_of
from lrs.erasure.writer import Erasures
from lrs.statements.learners import Learner
from lrs.storage.files import ContentFiles

DAY_US = 86_400_000_000


class ErasureActs:
    """Count, begin; ``erasures.finish`` then does it, which takes its time."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.erasures = Erasures(
            rooms.store, ContentFiles(rooms.settings.attachments), SqliteDocuments(rooms.store), rooms.clock
        )

    def learner(self, agents: Any) -> Learner:
        """Who is identified by ``agents``, one or a list; InvalidParameter, also for what stands for a consumer."""
        return learner_of(agents, self._rooms.consumers, self._rooms.settings.public_url)

    def amounts(self, learner: Learner) -> Amounts:
        """How much there is of ``learner``."""
        return self.erasures.amounts(learner)

    def begin(self, actor: Actor, learner: Learner, reason: str) -> int:
        """Have ``learner`` erased; returns the number of the erasure."""
        with self._rooms.acting(actor, "learner.erase") as act:
            number = self.erasures.begin(Wanted(learner=learner), reason)
            act.about = f"erasure:{number}"
            act.details.update(reason=reason, identifiers=len(learner.identifiers))
        return number

    def too_old(self, days: int) -> int:
        """How many statements were stored more than ``days`` ago."""
        return self.erasures.too_old(self._before_us(days))[1]

    def begin_retention(self, actor: Actor, days: int) -> int | None:
        """Have them erased; returns the number of the erasure, None when there is nothing to do or it is under way."""
        wanted, count = self.erasures.too_old(self._before_us(days))
        if not count:
            return None
        with self._rooms.store.writing():
            if self.erasures.rows.is_under_way(wanted):
                return None
            with self._rooms.acting(actor, "retention.apply") as act:
                number = self.erasures.begin(wanted, RETENTION)
                act.about = f"erasure:{number}"
                act.details.update(days=days, statements=count)
        return number

    def _before_us(self, days: int) -> int:
        return self._rooms.clock.now_us() - days * DAY_US
