"""Acts on what trusted writers sent and is not in the log."""

from __future__ import annotations

import asyncio
from typing import Protocol

from lrs.admin.service.acting import Rooms
from lrs.audit.entry import Actor
from lrs.statements.sqlite.aside import Aside, KeptConflict, Quarantined


class Trying(Protocol):
    """What trying again needs of ``lrs.engine.Engine``, which takes long to load."""

    async def try_again(self, number: int) -> bool:
        """Try to store what has this number in quarantine, where it stays in any case; whether that went well."""


class AsideActs:
    """Look, try again, drop. Looking is an act too, because it shows what learners did. All raise NotFound."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.rows = Aside(rooms.store)

    def look(self, actor: Actor, number: int) -> Quarantined:
        """All about one in quarantine."""
        with self._rooms.acting(actor, "quarantine.look", f"quarantine:{number}"):
            return self.rows.one(number)

    async def retry(self, actor: Actor, engine: Trying, number: int) -> bool:
        """Try to store it, as its sender, under the rules of today; whether it is stored now, and gone from here."""

        def settle(stored: bool) -> None:
            with self._rooms.acting(actor, "quarantine.retry", f"quarantine:{number}") as act:
                act.details.update(stored=stored)
                if stored:
                    self.rows.drop(number)

        stored = await engine.try_again(number)
        await asyncio.to_thread(settle, stored)
        return stored

    def drop(self, actor: Actor, number: int) -> None:
        """Remove it from quarantine for good."""
        with self._rooms.acting(actor, "quarantine.drop", f"quarantine:{number}") as act:
            act.details.update(consumer=self.rows.one(number).consumer)
            self.rows.drop(number)

    def look_at_conflict(self, actor: Actor, number: int) -> KeptConflict:
        """Both contents of one conflict."""
        with self._rooms.acting(actor, "conflict.look", f"conflict:{number}"):
            return self.rows.conflict(number)

    def drop_conflict(self, actor: Actor, number: int) -> None:
        """Remove a conflict for good."""
        with self._rooms.acting(actor, "conflict.drop", f"conflict:{number}") as act:
            act.details.update(statement=str(self.rows.conflict(number).statement_id))
            self.rows.drop_conflict(number)
