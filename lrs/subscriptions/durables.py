"""Durable cursors: the place up to which a consumer has acknowledged, kept on the server under a name of its choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from lrs.statements.record import Place


class DurableName(NamedTuple):
    """``name`` is one of the consumer's own; another consumer may use the same for something else."""

    consumer_id: int
    name: str


@dataclass(frozen=True, slots=True)
class DurableCursor:
    """One row: ``place`` counts in the history with ``epoch``. ``acknowledged_us``: when it was last moved."""

    consumer_id: int
    name: str
    epoch: bytes
    place: Place
    acknowledged_us: int


class DurableStore(Protocol):
    """Where durable cursors are kept; its methods block. All of them raise StoreUnavailable."""

    def begin(self, name: DurableName, place: Place, *, epoch: bytes, now_us: int, reset: bool, most: int) -> Place:
        """The place that is kept under ``name``; from now on ``place`` if there was none yet, or with ``reset``.

        Raises EpochChanged when what is kept is of an earlier history, CursorLimit when the consumer has ``most``
        others already.
        """

    def move(self, places: Mapping[DurableName, Place], *, epoch: bytes, now_us: int) -> None:
        """Move cursors forward, never back; those that were dropped stay away."""

    def cursors(self, consumer_id: int | None = None) -> Sequence[DurableCursor]:
        """Those of one consumer, or all, by consumer and name."""

    def drop(self, name: DurableName) -> None:
        """Forget one; NotFound."""


class Durable(Protocol):
    """One durable cursor in use."""

    def begin(self, place: Place) -> Place:
        """The place to go on from; blocks. Raises as ``DurableStore.begin``."""

    def keep(self, place: Place) -> None:
        """The consumer has acknowledged up to ``place``; returns at once."""

    def release(self) -> None:
        """Nobody uses it for now: what is to be kept should be safe soon; returns at once."""

    def flush(self) -> None:
        """Have what is to be kept safe when this returns; blocks."""
