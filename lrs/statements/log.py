"""The port of the statement log: what every adapter must do, and in which order.

Reading methods block and may be called from any thread; each sees all that was committed when it was called.
``tests/contracts/statement_log.py`` holds every adapter to this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lrs.statements.cursor import Cursors
from lrs.statements.match import EVERYTHING, Filter, Visibility
from lrs.statements.record import Append, Arrival, Place, Position, Record, StatementId
from lrs.statements.transit import Packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A run through the log: which records, from where, in which direction, and how many.

    ``beyond``: go on after this position (before it when descending). ``since_us`` is exclusive, ``until_us`` inclusive
    (Communication 2.1.3). It ends after ``limit`` records or ``bytes_max`` bytes of payload, but holds at least one.
    """

    filter: Filter = EVERYTHING
    ascending: bool = False
    beyond: Position | None = None
    since_us: int | None = None
    until_us: int | None = None
    limit: int = 100
    bytes_max: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """Records in the order asked for.

    ``more``: whether records may follow. ``through``: every record up to here (down to here when descending) has been
    looked at, so a reader that goes on ``beyond`` it misses nothing. ``end``: all that arrived up to this place was
    there to be found.
    """

    records: Sequence[Record]
    more: bool
    through: Position
    end: Place


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reader who follows the log gets next. ``more`` and ``through`` as in ``Page``, but by place."""

    records: Sequence[Record]
    more: bool
    through: Place


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What arrived, whoever may see it. ``more`` and ``through`` as in ``Page``, but by place."""

    arrivals: Sequence[Arrival]
    more: bool
    through: Place
    erased: int = 0
    """Number of the newest erasure of a record by then."""


class StatementLog(Protocol):
    """An append-only log of statements (invariants 1, 2, 3 and 9)."""

    cursors: Cursors

    async def append(self, job: Append | Packed) -> Sequence[Position]:
        """Store all of ``job`` or nothing, durably, and return the positions of its drafts.

        A draft equivalent to a stored statement of its id is not stored again; its position is the old one. Raises
        Conflict when an id is taken by another content, unless the job is lenient; StoreUnavailable when the store
        can't be written.
        """

    def append_soon(self, job: Append, tell: Callable[[Sequence[Position] | Exception], None]) -> bool:
        """The same without waiting: ``tell`` is called in the running event loop with the positions, or with what
        ``append`` would raise. False when too much is waiting; then nothing is stored and ``tell`` is not called.
        """

    def append_now(self, job: Append) -> Sequence[Position]:
        """The same for callers outside an event loop; blocks until it is durable."""

    def head(self) -> Position:
        """Position of the newest record, 0 when there is none."""

    def read(self, selection: Selection, visibility: Visibility) -> Page:
        """The records that ``selection`` asks for and ``visibility`` permits, voided ones left out.

        Their keys may be left out too, since they cost more than the rest of a record; all else is there.
        """

    def find(self, statement_id: StatementId, visibility: Visibility, *, voided: bool = False) -> Record | None:
        """The statement with this id if the reader may see it and it is voided, or not, as asked."""

    def erased(self, after: int, limit: int) -> Sequence[tuple[int, Record]]:
        """What is left of the records that were erased after the one with this number, each with its number.

        That is no payload, and of the keys those of courses, of who stored it, and, if it was erased since these are
        kept, of its verb, type and site.
        """

    def end(self) -> Place:
        """Place of the newest arrival, 0 when there is none; what cursors stand for."""

    def changes(self, filter_: Filter, visibility: Visibility, *, after: Place, limit: int, bytes_max: int) -> Changes:
        """What arrived after ``after``, in that order, and is asked for by ``filter_`` and permitted to ``visibility``.

        Each record comes once, where it first matched. Left out is what is voided by now, and what the reader may no
        longer see: so, from the beginning, these are exactly the records that ``read`` gives.
        """

    def newest(self, after: Place, limit: int, bytes_max: int) -> Arrivals:
        """Every arrival after ``after``, whoever may see it, but for what is voided; for the tail, which matches them
        in memory.
        """

    def place_of(self, stored_us: int) -> Place:
        """Place through which all has arrived that was stored at ``stored_us`` or before; 0 when there is nothing."""

    def consistent_through_us(self) -> int:
        """A time for which holds: every statement stored at it or before is visible now (Communication 2.1.3).

        To be asked **before** the read that it describes. Never later than the clock; advances while nobody writes.
        """

    def on_commit(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` after each commit of this process, from any thread; returns how to stop it.

        A hint only (invariant 6): commits of other processes are noticed by ``changed``.
        """

    def revision(self) -> int:
        """Another number after anything was committed, by any process; costs a few microseconds.

        What is read after this was asked is at least as new.
        """

    def changed(self) -> bool:
        """Whether anything was committed, by any process, since this was last asked; costs a few microseconds."""

    def close(self) -> None:
        """Finish the appends that were accepted, then stop."""
