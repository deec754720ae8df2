"""What a reader of the log is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lrs.statements.cursor import Cursors
from lrs.statements.record import Place


class Batch(NamedTuple):
    """What a subscriber is told at once: statements, or that it is ``live``: nothing more is there for now.

    ``payloads``: statements as JSON bytes, in the order of arrival. They are all that matched after ``prev`` up to
    ``cursor``.
    """

    payloads: Sequence[bytes]
    prev_place: Place
    place: Place
    live: bool
    channel: int
    """Number of the channel: equal for all who ask and see the same."""
    cursors: Cursors
    fresh: bool = False
    """Whether the reader had seen all before, so that these statements came as soon as they could."""
    erased: Sequence[str] = ()
    """Ids of statements that the reader may have seen and that were erased; then the batch tells nothing else."""
    more: bool = False
    """Whether something follows, as far as is known without reading."""

    @property
    def prev(self) -> str:
        """The last cursor told before: that of the previous batch, unless ``Subscription.tell`` came between."""
        return self.cursors.seal(self.prev_place)

    @property
    def cursor(self) -> str:
        """Where to go on after this batch; safe to keep."""
        return self.cursors.seal(self.place)
