"""Where the threads of a server process take their memory from."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8
"""The number of this parameter in glibc's malloc.h."""


def share_one_heap() -> None:
    """Have all threads that begin after this allocate from one heap, where the C library can.

    With glibc each thread begins a heap of its own, and each keeps what was needed most at any time. Here one thread
    runs at a time mostly, so they hardly ever wait for each other, and less memory is held in the end.
    """
    # Other C libraries have no such function, or no such parameter.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
