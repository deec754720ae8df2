"""``lrs backup`` and ``lrs restore``: the whole store into one file, and out of it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
from sqlite_utils.db import Database

from lrs.cli.archive import Contents, Manifest, read_archive, write_archive
from lrs.cli.output import print_json, time_json, time_text
from lrs.cli.register import data_option, json_option, register
from lrs.clock import SystemClock
from lrs.config import Settings, read_settings
from lrs.errors import Conflict, NotFound, StoreCorrupt, StoreUnavailable
from lrs.statements.sqlite.attachments import attachment_names
from lrs.statements.sqlite.schema import begin_epoch, migrations
from lrs.statements.sqlite.verify import count_records, verify_records
from lrs.storage.files import ContentFiles, synchronise
from lrs.storage.lock import held_alone
from lrs.storage.sqlite import open_store

# Files beside the database that belong to the history in it. The others outlive it.
_OF_HISTORY = ("-wal", "-shm", "-horizon")

force_option = click.option("--force", is_flag=True, help="Replace what is there.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@force_option
@data_option
@json_option
def backup(file: Path, data: Path | None, *, force: bool, as_json: bool) -> None:
    """Copy the whole store to FILE, as it is at this moment; the server goes on meanwhile.

    FILE is a tar archive with the database (log, documents, consumers, keys) and the data of attachments; it is packed
    when its name ends with .gz. Keep it as safe as the store itself. `lrs restore` takes it.
    """
    settings = read_settings(data=data)
    if not settings.database.exists():
        raise NotFound(f"there is no store in {settings.data}")
    if file.exists() and not force:
        raise Conflict(f"there is a file {file} already; --force replaces it")
    manifest, missing = _back_up(settings, file)
    if as_json:
        print_json({"records": manifest.records, "attachments": manifest.attachments, "missing": missing})
    else:
        click.echo(f"{manifest.records} records and {manifest.attachments} attachments are in {file}.")
    if missing:
        raise StoreCorrupt(f"the data of {len(missing)} attachments was not there to be copied: {', '.join(missing)}")


def _back_up(settings: Settings, file: Path) -> tuple[Manifest, list[str]]:
    """Write ``file``; it appears when it is whole and on disk. Returns what it holds and what was missing."""
    with _folder(file.parent, ".lrs-backup-") as folder:
        database, archive = folder / "lrs.sqlite3", folder / file.name
        store = open_store(settings.database)
        try:
            with click.progressbar(length=1, label="Copying the database", file=sys.stderr) as bar:
                store.copy(database, lambda done, total: _show(bar, done, total))
        finally:
            store.close()
        with closing(sqlite3.connect(database)) as connection:
            # Whatever the copy refers to is there: data is kept before the log names it, and stays.
            records, names = count_records(connection), attachment_names(connection)
        manifest = Manifest(records, len(names), SystemClock().now_us())
        contents = Contents(database, names, ContentFiles(settings.attachments))
        with click.progressbar(length=len(names), label="Copying attachments", file=sys.stderr) as bar:
            missing = write_archive(archive, manifest, contents, lambda: bar.update(1))
        synchronise([archive])
        archive.replace(file)
        synchronise([file.parent])
    return manifest, missing


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@force_option
@data_option
@json_option
def restore(file: Path, data: Path | None, *, force: bool, as_json: bool) -> None:
    """Make a store from the backup in FILE. No server may run on it.

    The whole log is verified first. The store begins a new epoch: cursors, and links to further pages, of before are
    refused as such, because what they stood for may be gone. Credentials that were revoked since the backup was made
    are good again: revoke them again.
    """
    settings = read_settings(data=data)
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"can't make the folder {settings.data}: {error.strerror}") from error
    with held_alone(settings.database):
        if settings.database.exists() and not force:
            raise Conflict(f"there is a store in {settings.data} already; --force replaces it")
        restored = _restore(settings, file)
    with register(data) as room:
        room.administration.accounts.note_restore(room.actor, restored.manifest.made_us)
    if as_json:
        print_json(
            {
                "records": restored.manifest.records,
                "attachments": restored.manifest.attachments,
                "made_at": time_json(restored.manifest.made_us),
                "missing": restored.missing,
            }
        )
    else:
        made = time_text(restored.manifest.made_us)
        click.echo(f"{restored.manifest.records} records of {made} are restored to {settings.data}, in a new epoch.")
        click.echo("Credentials that were revoked since then are good again: revoke them again.", err=True)
    if restored.missing:
        click.echo(f"The data of {len(restored.missing)} attachments was not in the backup.", err=True)


class _Restored(NamedTuple):
    manifest: Manifest
    missing: list[str]


def _restore(settings: Settings, file: Path) -> _Restored:
    """Unpack ``file`` beside the store, prove it whole, and only then put it in place."""
    with _folder(settings.data, ".lrs-restore-") as folder:
        database, attachments = folder / "lrs.sqlite3", folder / "attachments"
        files = ContentFiles(attachments)
        with click.progressbar(length=file.stat().st_size, label="Unpacking", file=sys.stderr) as bar:
            manifest = read_archive(file, database, files, lambda read: bar.update(read - bar.pos))
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            begin_epoch(connection)
            migrations.apply(Database(connection))
            with click.progressbar(length=manifest.records, label="Verifying", file=sys.stderr) as bar:
                for good in verify_records(connection):
                    bar.update(good - bar.pos)
            missing = [name for name in attachment_names(connection) if not files.path(name).exists()]
        synchronise([database])
        for path in (settings.database, *(_beside(settings.database, suffix) for suffix in _OF_HISTORY)):
            path.unlink(missing_ok=True)
        if settings.attachments.exists():
            settings.attachments.rename(folder / "replaced")
        if attachments.exists():
            attachments.rename(settings.attachments)
        # Last, because with it there is a store again.
        database.rename(settings.database)
        synchronise([settings.data])
    return _Restored(manifest, missing)


def _beside(database: Path, suffix: str) -> Path:
    return database.with_name(database.name + suffix)


def _show(bar: Any, done: int, total: int) -> None:
    bar.length = total
    bar.update(done - bar.pos)


@contextmanager
def _folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder in ``parent`` that only its owner may read, and that is gone afterwards."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    except OSError as error:
        raise StoreUnavailable(f"can't write to {parent}: {error.strerror}") from error
    try:
        yield folder
    except OSError as error:
        raise StoreUnavailable(f"can't write to {parent}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise StoreCorrupt(f"what was copied is no whole store: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
