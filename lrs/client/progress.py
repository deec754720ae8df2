"""Up to where a program has finished."""

from __future__ import annotations


class Progress:
    """Over all connections of a stream.

    ``cursor``: where to go on, None as long as nobody knows.
    """

    def __init__(self, cursor: str | None) -> None:
        self.cursor = cursor
        # What the program has been given on this connection and has not finished, in order.
        self._given: dict[str, None] = {}

    def leave(self) -> None:
        """The connection is gone. What was given on it and is not finished comes again on the next one."""
        self._given.clear()

    def begin(self, cursor: str) -> None:
        """The server has agreed to go on after ``cursor``."""
        self.cursor = cursor

    def give(self, cursor: str) -> None:
        """The program is given a batch up to ``cursor``."""
        self._given[cursor] = None

    def finish(self, cursor: str) -> bool:
        """All up to ``cursor`` is finished; False when that was known, or was not given on this connection."""
        if cursor not in self._given:
            return False
        for earlier in list(self._given):
            del self._given[earlier]
            if earlier == cursor:
                break
        news = cursor != self.cursor
        self.cursor = cursor
        return news
