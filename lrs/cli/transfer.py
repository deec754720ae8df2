"""``lrs import`` and ``lrs export``: statements from files into the log, and out of it."""

from __future__ import annotations

import asyncio
import gzip
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import click

from lrs.auth.principal import Principal, authority_agent
from lrs.auth.scopes import STATEMENTS_READ_MINE
from lrs.cli.files import Piece, Source, pieces, source
from lrs.cli.heap import collect_rarely
from lrs.cli.output import print_json
from lrs.cli.preparing import Preparation, preparation
from lrs.cli.register import data_option, json_option
from lrs.config import Settings, read_settings
from lrs.engine import Engine
from lrs.errors import LrsError, NotFound, RequestError
from lrs.statements.match import visibility
from lrs.statements.parameters import parse_query
from lrs.statements.record import Append
from lrs.statements.sqlite.merging import merge_index
from lrs.statements.sqlite.process import log_process
from lrs.statements.transit import Packed, unpacked
from lrs.storage.child import Child
from lrs.storage.lock import is_unused
from lrs.xapi.versions import VERSIONS

BATCH_STATEMENTS = 500
BATCHES_AHEAD = 12
COMMIT_STATEMENTS = 16_000
"""In one commit, where nobody else has the store open who could have to wait for it. Ids come in no order, and the more
of them are written together, the more often a page of their index gets several.
"""
CACHE_KIB = 64 * 1024
"""For these pages, which would be written and read again within one commit if they did not fit."""
PAGE_STATEMENTS = 500
NOTED_STATEMENTS = 50_000
_MERGED_FROM = 10
"""The key index is merged after an import that brought one in so many of all statements."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "consumer", metavar="CONSUMER", help="In whose name; without it, in that of the store itself.")
@click.option("--version", default=VERSIONS[0], type=click.Choice(VERSIONS), help="The standard they were written for.")
@click.option("--again", is_flag=True, help="From the beginning, also where an earlier import got further.")
@data_option
@json_option
def import_(
    files: Sequence[Path], consumer: str | None, version: str, data: Path | None, *, again: bool, as_json: bool
) -> None:
    """Store the statements in FILES: JSON Lines, a JSON array, or a log of ERB's xapi_tracking, packed by gzip or not.

    An import that was broken off goes on where it was. What is stored already is not stored again; what can't be
    stored is set aside (lrs quarantine). The server may run meanwhile.
    """
    settings = read_settings(data=data)
    collect_rarely()
    if is_unused(settings.database):
        most = max(COMMIT_STATEMENTS, settings.limits.commit_statements_max)
        queued = max(2 * most, settings.limits.append_queue_max)
        limits = replace(settings.limits, commit_statements_max=most, append_queue_max=queued)
        settings = replace(settings, limits=limits)
    # Made before there is any thread.
    with closing(log_process(cache_kib=CACHE_KIB)) if settings.log_process == "on" else nullcontext() as process:
        tally = asyncio.run(_import_all(settings, files, consumer, version, process, again=again))
    if as_json:
        print_json(tally)
    else:
        click.echo(
            f"{tally['read']} statements read, {tally['stored']} new; {tally['quarantined']} set aside, "
            f"{tally['repeats']} known already, {tally['conflicts']} in conflict."
        )


async def _import_all(
    settings: Settings, files: Sequence[Path], consumer: str | None, version: str, process: Child | None, *, again: bool
) -> dict[str, int]:
    """Import all ``files``; returns counts for the report."""
    async with Engine(settings, process=process) as engine:
        author = _author(engine, consumer)
        counts, head = engine.aside.counts(), engine.log.head()
        # One that is named twice is read once.
        sources = list({one.name: one for one in map(source, files)}.values())
        total = sum(one.size_bytes for one in sources)
        before = dict(zip(sources, accumulate((one.size_bytes for one in sources), initial=0), strict=False))
        begun = [(one, 0 if again else engine.imports.imported(one.name)) for one in sources]
        read = 0
        with (
            click.progressbar(length=total, label="Importing", file=sys.stderr, show_pos=False) as bar,
            preparation(author, version, settings.limits, total) as workers,
        ):
            async for batch in _Importer(engine, author, version, workers).stored(begun):
                read += len(batch.pieces)
                bar.update(before[batch.source] + batch.pieces[-1].read - bar.pos)
            bar.update(total - bar.pos)
        if (engine.log.head() - head) * _MERGED_FROM >= engine.log.head():
            await asyncio.to_thread(merge_index, engine.store)
        after = engine.aside.counts()
        # Other writers may have added to the log meanwhile: then this counts theirs too.
        return {"read": read, "stored": engine.log.head() - head} | {name: after[name] - counts[name] for name in after}


def _author(engine: Engine, consumer: str | None) -> Principal:
    """In whose name an import stores: always as a trusted writer, so that nothing is lost."""
    if consumer is None:
        return replace(engine.owner, trusted=True)
    found = engine.consumers.consumer(consumer)
    return replace(
        engine.owner,
        consumer_id=found.id,
        consumer=found.name,
        grant=found.grant,
        trusted=True,
        authority=authority_agent(found.name, engine.settings.public_url),
    )


class _Batch(NamedTuple):
    """Statements of one file that are prepared and stored together."""

    source: Source
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class _Importer:
    engine: Engine
    author: Principal
    version: str
    workers: Preparation | None

    async def stored(self, begun: Sequence[tuple[Source, int]]) -> AsyncIterator[_Batch]:
        """Store what files hold beyond where an earlier import got, in their order; batches, also of the next file, are
        prepared while others are committed.

        Yields each batch when it is safe. Raises what is wrong with a file when all before that is safe.
        """
        preparing: deque[tuple[asyncio.Task[Append | Packed | None], _Batch]] = deque()
        flying: deque[tuple[asyncio.Task[Any], _Batch]] = deque()
        reading = _Batches(begun)
        batches = iter(reading)
        # Twice what fits into one commit, so that none waits for the next batch.
        in_flight = max(2 * self.engine.settings.limits.commit_statements_max // BATCH_STATEMENTS, 2)
        safe: dict[str, int] = {}
        unnoted = 0
        noting: asyncio.Task[None] | None = None
        while True:
            while len(preparing) < BATCHES_AHEAD and (batch := next(batches, None)) is not None:
                preparing.append((asyncio.create_task(self._job(batch.pieces)), batch))
            if preparing and len(flying) < in_flight:
                prepared, batch = preparing.popleft()
                job = await prepared
                if job is None:
                    await asyncio.gather(*(task for task, _ in flying))
                    job = await self._one_by_one(batch.pieces)
                flying.append((asyncio.create_task(self.engine.log.append(job)), batch))
                continue
            if noting is not None and (not flying or unnoted >= NOTED_STATEMENTS):
                await noting
            if not flying:
                await self._note(safe)
                break
            if unnoted >= NOTED_STATEMENTS:
                # Meanwhile there is more to store: it may have to wait until the writer lets it in.
                noting = asyncio.create_task(self._note(safe))
                unnoted, safe = 0, {}
            task, batch = flying.popleft()
            await task
            unnoted += len(batch.pieces)
            safe[batch.source.name] = batch.pieces[-1].offset
            yield batch
        if reading.broken is not None:
            raise reading.broken

    async def _note(self, safe: Mapping[str, int]) -> None:
        """Remember how far each of some files is stored."""
        for name, offset in safe.items():
            await asyncio.to_thread(self.engine.imports.note, name, offset)

    async def _job(self, batch: Sequence[Piece]) -> Append | Packed | None:
        """What is to be stored of ``batch``; None if one of its statements is no JSON."""
        statements, bodies = self.engine.statements, [piece.body for piece in batch]
        if self.workers is not None:
            made = await self.workers.job(bodies)
            if made is None or not made.attached:
                return made
            return statements.without_data(unpacked(made), self.version, alone=False)
        try:
            decoded = statements.intake.decode(b"[" + b",".join(bodies) + b"]")
        except RequestError:
            return None
        _, job = await statements.prepare(decoded, self.author, self.version, alone=False)
        return job

    async def _one_by_one(self, batch: Sequence[Piece]) -> Append:
        """Store each statement of ``batch`` by itself, so that what is no JSON is set aside alone; nothing is left."""
        for piece in batch:
            await self.engine.statements.store_body(piece.body, self.author, self.version)
        return Append(())


class _Batches:
    """The statements of files, each with how far it is stored, in batches of one file.

    ``broken``: what is wrong with a file; what comes before that is in the last batch.
    """

    def __init__(self, begun: Iterable[tuple[Source, int]]) -> None:
        self._begun = begun
        self.broken: LrsError | None = None

    def __iter__(self) -> Iterator[_Batch]:
        for one, done in self._begun:
            found: list[Piece] = []
            try:
                for piece in pieces(one.path, after=done):
                    found.append(piece)
                    if len(found) == BATCH_STATEMENTS:
                        yield _Batch(one, found)
                        found = []
            except LrsError as error:
                self.broken = error
            if found:
                yield _Batch(one, found)
            if self.broken is not None:
                return


@click.command()
@click.argument("file", default="-", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--course", "courses", multiple=True, metavar="COURSE", help="Only this course; may be repeated.")
@click.option("--verb", metavar="IRI", help="Only this verb.")
@click.option("--since", metavar="TIME", help="Only what was stored after this time.")
@click.option("--until", metavar="TIME", help="Only what was stored by this time.")
@click.option("--as", "consumer", metavar="CONSUMER", help="Only what this consumer may read, and as it is shown that.")
@data_option
def export(
    *,
    file: Path,
    courses: Sequence[str],
    verb: str | None,
    since: str | None,
    until: str | None,
    consumer: str | None,
    data: Path | None,
) -> None:
    """Write statements to FILE (standard output without one), one to a line, oldest first; *.gz is packed.

    Statements are as stored, voided ones left out. `lrs import` takes the file.
    """
    settings = read_settings(data=data)
    if not settings.database.exists():
        raise NotFound(f"there is no store in {settings.data}")
    given = [("verb", verb), ("since", since), ("until", until), *(("course", course) for course in courses)]
    parameters = [(name, value) for name, value in given if value is not None]
    with _written(file) as out:
        written = asyncio.run(_export(settings, parameters, out, consumer))
    click.echo(f"{written} statements written.", err=True)


async def _export(
    settings: Settings, parameters: Sequence[tuple[str, str]], out: BinaryIO, consumer: str | None
) -> int:
    query = parse_query([*parameters, ("ascending", "true")], settings.limits)
    selection = replace(query.selection, limit=PAGE_STATEMENTS)
    written = 0
    async with Engine(settings) as engine:
        sight = visibility(engine.owner if consumer is None else _reader(engine, consumer))
        end = engine.log.head()
        with click.progressbar(length=end, label="Exporting", file=sys.stderr, show_pos=False) as bar:
            while True:
                page = engine.log.read(selection, sight)
                out.writelines(record.payload + b"\n" for record in page.records)
                written += len(page.records)
                bar.update(min(page.through, end) - bar.pos)
                # What is stored while the export runs would keep it running.
                if not page.more or page.through >= end:
                    return written
                selection = replace(selection, beyond=page.through)


def _reader(engine: Engine, consumer: str) -> Principal:
    """The consumer as a reader; Forbidden if it may read no statement."""
    found = engine.consumers.consumer(consumer)
    reader = replace(
        engine.owner,
        consumer_id=found.id,
        consumer=found.name,
        scopes=found.scopes,
        grant=found.grant,
        disclosure=found.disclosure.to_consumer(found.id),
    )
    reader.require(STATEMENTS_READ_MINE)
    return reader


@contextmanager
def _written(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdout.buffer
    elif file.suffix == ".gz":
        with gzip.open(file, "wb") as packed:
            yield cast("BinaryIO", packed)
    else:
        with file.open("wb") as plain:
            yield plain
