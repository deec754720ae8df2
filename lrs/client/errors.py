"""What can go wrong with a stream, in one tree.

    StreamError
      Interrupted            a connection ended, or none could be made; the stream comes again by itself
      Refused                coming again would be in vain: somebody has to mend something first
        CursorInvalid        the cursor is not one of this store
        EpochChanged         the cursor is of a history that this store has replaced

A program meets ``Interrupted`` only when it has told the stream to give up after some time.
"""

from __future__ import annotations


class StreamError(Exception):
    """Root of the tree; ``message`` is written for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Interrupted(StreamError):
    """``retry_after_s``: how long the server asked to be left alone, if it did."""

    def __init__(self, message: str, *, retry_after_s: float = 0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Refused(StreamError):
    """``code``: for programs, as in ``docs/errors.md``, or that of a close code in ``docs/stream.md``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class CursorInvalid(Refused):
    """Start anew, from the beginning or from a time: the cursor came from another store, or is damaged."""


class EpochChanged(Refused):
    """Start anew and forget what was built on the old history: a restore may have taken some of it back."""
