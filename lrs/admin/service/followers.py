"""Acts on those who follow the log: durable cursors and connections."""

from __future__ import annotations

from dataclasses import dataclass

from lrs.admin.service.acting import Rooms
from lrs.admin.sqlite.disconnections import Disconnections
from lrs.audit.entry import Actor
from lrs.auth.consumers import OWNER_ID
from lrs.errors import NotFound
from lrs.statements.sqlite.schema import epoch_of
from lrs.statements.sqlite.select import end
from lrs.subscriptions.durables import DurableName
from lrs.subscriptions.sqlite import SqliteDurables

OWNER = "owner"
"""The name under which programs that open the store themselves keep their cursors."""


@dataclass(frozen=True, slots=True)
class KeptCursor:
    """A durable cursor; ``behind``: how much the log holds after it, None when its history was replaced."""

    consumer_id: int
    consumer: str
    name: str
    behind: int | None
    acknowledged_us: int


class FollowerActs:
    """Look at durable cursors and drop them; order connections to be ended."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._durables = SqliteDurables(rooms.store)
        self.disconnections = Disconnections(rooms.store)

    def cursors(self, consumer: str | None = None) -> list[KeptCursor]:
        """Those of one consumer or of all, by consumer and name; NotFound if there is no such consumer."""
        names = self._names()
        number = None if consumer is None else self._number(consumer)
        found = self._durables.cursors(number)
        with self._rooms.store.snapshot() as connection:
            epoch, last = epoch_of(connection), end(connection)
        return [
            KeptCursor(
                one.consumer_id,
                names.get(one.consumer_id, str(one.consumer_id)),
                one.name,
                last - one.place if one.epoch == epoch else None,
                one.acknowledged_us,
            )
            for one in found
        ]

    def drop_cursor(self, actor: Actor, consumer: str | int, name: str) -> None:
        """Forget the cursor ``name`` of a consumer, who is given by name or number; NotFound."""
        number = consumer if isinstance(consumer, int) else self._number(consumer)
        called = self._names().get(number, str(number))
        with self._rooms.acting(actor, "cursor.drop", f"cursor:{name}") as act:
            self._durables.drop(DurableName(number, name))
            act.details.update(consumer=called)

    def disconnect(self, actor: Actor, connection: str, consumer: str | None) -> None:
        """Order the connection with this name to be ended, by whichever process has it."""
        with self._rooms.acting(actor, "connection.disconnect", f"connection:{connection}") as act:
            self.disconnections.order(connection, self._rooms.clock.now_us())
            act.details.update(consumer=consumer)

    def _names(self) -> dict[int, str]:
        return {OWNER_ID: OWNER} | {one.id: one.name for one in self._rooms.consumers.consumers()}

    def _number(self, consumer: str) -> int:
        for number, name in self._names().items():
            if name == consumer:
                return number
        raise NotFound(f"there is no consumer {consumer!r}")
