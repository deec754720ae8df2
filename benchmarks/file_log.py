"""lrs-lite with the least log that is durable: it appends the statements to a file, with an fdatasync for each commit.

    python -m benchmarks.file_log serve …

Nothing is looked up, told apart, indexed or found again; no log that keeps what it answers for could do less. Commits
are shared as in lrs-lite, in a thread, which holds nobody up while it waits for the disk. For ``benchmarks.floor``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from unittest.mock import patch

from lrs.cli import main
from lrs.limits import DEFAULT_LIMITS
from lrs.statements.record import Append, Position
from lrs.statements.sqlite import SqliteStatementLog
from lrs.storage.writer import ThreadRunner, Writer


@contextmanager
def file_log() -> Iterator[None]:
    """Within the block every log is one and the same file, and has everything at position 1."""
    with TemporaryFile(dir=os.environ.get("LRS_DATA_DIR"), buffering=0) as file:

        def commit(jobs: Sequence[Append], /) -> Sequence[Sequence[Position]]:
            file.write(b"\n".join(draft.body for job in jobs for draft in job.drafts))
            os.fdatasync(file.fileno())
            return [[Position(1)] * len(job.drafts) for job in jobs]

        limits = DEFAULT_LIMITS
        writer: Writer[Append, Sequence[Position]] = Writer(
            ThreadRunner(commit), group_size_max=limits.commit_statements_max, queue_size_max=limits.append_queue_max
        )

        async def append(_: SqliteStatementLog, job: Append) -> Sequence[Position]:
            return await writer.submit(job, job.size)

        def append_soon(
            _: SqliteStatementLog, job: Append, tell: Callable[[Sequence[Position] | Exception], None]
        ) -> bool:
            return writer.submit_soon(job, tell, job.size)

        with patch.multiple(SqliteStatementLog, append=append, append_soon=append_soon):
            yield


if __name__ == "__main__":
    with file_log():
        main(prog_name="lrs")
