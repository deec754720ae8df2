"""lrs-lite with a log that costs nothing: it takes everything and keeps nothing.

    python -m benchmarks.free_log serve …

What such a server does in a second, no log whatever could better. It is for ``benchmarks.floor`` alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from lrs.cli import main
from lrs.statements.record import Append, Position
from lrs.statements.sqlite import SqliteStatementLog


class FreeLog(SqliteStatementLog):
    """Has everything at position 1."""

    async def append(self, job: Append) -> Sequence[Position]:
        return _positions(job)

    def append_soon(self, job: Append, tell: Callable[[Sequence[Position] | Exception], None]) -> bool:
        asyncio.get_running_loop().call_soon(tell, _positions(job))
        return True


def _positions(job: Append) -> Sequence[Position]:
    return [Position(1)] * len(job.drafts)


if __name__ == "__main__":
    for name in ("append", "append_soon"):
        setattr(SqliteStatementLog, name, getattr(FreeLog, name))
    main(prog_name="lrs")
