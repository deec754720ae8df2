"""Durable cursors in memory: the model of ``DurableStore``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lrs.errors import CursorLimit, EpochChanged, LrsError, NotFound
from lrs.statements.record import Place
from lrs.subscriptions.durables import DurableCursor, DurableName


class MemoryDurables:
    """``failure``: raised while set. ``writes``: how often something was written."""

    def __init__(self) -> None:
        self.kept: dict[DurableName, DurableCursor] = {}
        self.failure: LrsError | None = None
        self.writes = 0

    def begin(self, name: DurableName, place: Place, *, epoch: bytes, now_us: int, reset: bool, most: int) -> Place:
        self._check()
        known = self.kept.get(name)
        if known is not None and not reset:
            if known.epoch != epoch:
                raise EpochChanged("replaced")
            return known.place
        if known is not None and (known.epoch, known.place) == (epoch, place):
            return place
        if sum(other.consumer_id == name.consumer_id for other in self.kept if other != name) >= most:
            raise CursorLimit("too many")
        self.kept[name] = DurableCursor(*name, epoch, place, now_us)
        self.writes += 1
        return place

    def move(self, places: Mapping[DurableName, Place], *, epoch: bytes, now_us: int) -> None:
        self._check()
        self.writes += 1
        for name, place in places.items():
            known = self.kept.get(name)
            if known is not None and known.epoch == epoch and known.place < place:
                self.kept[name] = replace(known, place=place, acknowledged_us=now_us)

    def cursors(self, consumer_id: int | None = None) -> Sequence[DurableCursor]:
        found = sorted(self.kept.items())
        return [cursor for name, cursor in found if consumer_id in (None, name.consumer_id)]

    def drop(self, name: DurableName) -> None:
        if self.kept.pop(name, None) is None:
            raise NotFound("unknown")

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure
