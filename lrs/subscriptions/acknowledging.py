"""What a subscriber has dealt with: its window of unacknowledged statements, and the cursor that is kept for it."""

from __future__ import annotations

from collections import deque

from lrs.statements.record import Place
from lrs.subscriptions.durables import Durable

_ANY = 2**31


class Acknowledging:
    """Of one subscription. ``window``: how many statements may be unacknowledged; ``durable`` keeps its cursor.

    Each of the two may be None. What waits to be acknowledged is counted by batch, so no more is held than the window.
    """

    __slots__ = ("_acknowledged", "_sent", "_unacknowledged", "durable", "window")

    def __init__(self, window: int | None, durable: Durable | None) -> None:
        self.window = window
        self.durable = durable
        self._acknowledged = Place(0)
        self._sent: deque[tuple[Place, int]] = deque()
        self._unacknowledged = 0

    @property
    def room(self) -> int:
        """How many more statements may be sent."""
        return _ANY if self.window is None else max(0, self.window - self._unacknowledged)

    def begin(self, place: Place) -> None:
        """Nothing up to ``place`` has to be acknowledged."""
        self._acknowledged = place

    def sent(self, place: Place, count: int) -> None:
        """A batch of ``count`` statements, up to ``place``, goes out."""
        if self.window is not None:
            self._sent.append((place, count))
            self._unacknowledged += count

    def acknowledge(self, place: Place) -> bool:
        """All up to ``place`` is dealt with; False if that was known."""
        if place <= self._acknowledged:
            return False
        self._acknowledged = place
        while self._sent and self._sent[0][0] <= place:
            self._unacknowledged -= self._sent.popleft()[1]
        if self.durable is not None:
            self.durable.keep(place)
        return True

    def end(self) -> None:
        """The subscription is over; what was acknowledged should be kept soon."""
        if self.durable is not None:
            self.durable.release()
