"""The heap of a server process."""

from __future__ import annotations

import platform
import subprocess
import sys
import textwrap

import pytest

COUNT = textwrap.dedent(
    """
    import ctypes, sys, threading
    from lrs.cli.heap import share_one_heap
    if sys.argv[1] == "shared":
        share_one_heap()
    library, begin, end = ctypes.CDLL(None), threading.Barrier(4), threading.Barrier(4)
    def allocate():
        begin.wait()
        kept = [bytearray(5_000) for _ in range(1_000)]
        end.wait()
    threads = [threading.Thread(target=allocate) for _ in range(4)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    library.malloc_info(0, ctypes.c_void_p.in_dll(library, "stdout"))
    library.fflush(None)
    """
)


def heaps(how: str) -> int:
    told = subprocess.run([sys.executable, "-c", COUNT, how], capture_output=True, text=True, check=True).stdout
    return told.count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has heaps of threads")
def test_threads_allocate_from_one_heap() -> None:
    assert heaps("own") > 1
    assert heaps("shared") == 1
