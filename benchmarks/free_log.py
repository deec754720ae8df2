"""lrs-lite with a log that costs nothing: it takes everything and keeps nothing.

    python -m benchmarks.free_log serve …

What such a server does in a second, no log whatever could better. So ``benchmarks.floor`` starts it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from lrs.cli import main
from lrs.statements.record import Append, Position
from lrs.statements.sqlite import SqliteStatementLog
from lrs.statements.transit import Packed


@contextmanager
def free_log() -> Iterator[None]:
    """Within the block every log has everything at position 1."""
    with patch.multiple(SqliteStatementLog, append=_append, append_soon=_append_soon):
        yield


async def _append(_: SqliteStatementLog, job: Append | Packed) -> Sequence[Position]:
    return [Position(1)] * (job.size if isinstance(job, Packed) else len(job.drafts))


def _append_soon(_: SqliteStatementLog, job: Append, tell: Callable[[Sequence[Position] | Exception], None]) -> bool:
    asyncio.get_running_loop().call_soon(tell, [Position(1)] * len(job.drafts))
    return True


if __name__ == "__main__":
    with free_log():
        main(prog_name="lrs")
