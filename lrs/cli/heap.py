"""How a process of the program keeps its memory."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

_M_ARENA_MAX = -8
"""The number of this parameter in glibc's malloc.h."""

_COLLECT_ALLOCATIONS = 20_000


def share_one_heap() -> None:
    """Have all threads that begin after this allocate from one heap, where the C library can.

    With glibc each thread begins a heap of its own, and each keeps what was needed most at any time. Here one thread
    runs at a time mostly, so they hardly ever wait for each other, and less memory is held in the end.
    """
    # Other C libraries have no such function, or no such parameter.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def collect_rarely() -> None:
    """Have the collector of cycles look less often, and never at what is loaded by now, which stays.

    Decoded statements are trees that die without help, so it finds little. It took a tenth of the time of a request,
    and more of that of an import, which holds thousands of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_ALLOCATIONS)
