"""What a stream gives at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lrs.client.decoding import decode

Statement = dict[str, Any]
"""A Statement as the server has stored it."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Statements, oldest first, and the cursor behind them. Sometimes none: then only the cursor has moved on.

    ``prev``, ``cursor``: these are all statements that matched after the one and up to the other. Keep ``cursor``
    together with what came of the statements; named as ``after`` it leads to what follows.
    ``live``: there is nothing more for now; what follows is new.
    ``raw``: the frame as it came from the server, JSON whose member ``statements`` is an array; empty if none came.
    """

    prev: str
    cursor: str
    live: bool = False
    raw: bytes = field(default=b"", repr=False)

    @cached_property
    def statements(self) -> list[Statement]:
        """The statements of ``raw``, decoded when first asked for."""
        found: list[Statement] = decode(self.raw)["statements"] if self.raw else []
        return found

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.statements)


@dataclass(frozen=True, eq=False)
class Erased(Batch):
    """Statements with these ``ids`` were erased from the log: forget what rests on them.

    It comes between batches, of all that the grant covered and whatever the filter; it has no statements, and
    ``cursor`` is where it was. It is told once, to those who are connected.
    """

    ids: tuple[str, ...] = ()
