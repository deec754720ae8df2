"""``lrs verify``: prove that the log is whole and unaltered."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lrs.cli.output import print_json
from lrs.cli.register import data_option, json_option
from lrs.config import read_settings
from lrs.errors import NotFound
from lrs.statements.sqlite.attachments import attachment_names
from lrs.statements.sqlite.derived import PARTS, verify_derived
from lrs.statements.sqlite.schema import epoch_of, migrations
from lrs.statements.sqlite.select import end
from lrs.statements.sqlite.verify import count_records, verify_records
from lrs.storage.files import ContentFiles
from lrs.storage.sqlite import open_store
from lrs.subscriptions.sqlite import verify_cursors


@click.command()
@data_option
@json_option
def verify(data: Path | None, as_json: bool) -> None:
    """Read the whole log and check its hash chain, its columns and the data of attachments; and that all that is made
    from it agrees with it: key index, what statements inherit from those that they refer to, durable cursors.

    The server may run meanwhile. A hundred thousand records take about five seconds.

    Exit code 0: every record is there and as it was written, and all else agrees. Exit code 1: the first place that is
    not, and what is wrong with it.
    """
    settings = read_settings(data=data)
    if not settings.database.exists():
        raise NotFound(f"there is no store in {settings.data}")
    store, files = open_store(settings.database), ContentFiles(settings.attachments)
    try:
        # One of an earlier version may lack tables that are looked at.
        store.migrate(migrations)
        with store.snapshot() as connection:
            total, names = count_records(connection), attachment_names(connection)
            # Progress goes to stderr, so that the result can be piped.
            with click.progressbar(length=total + len(names) + PARTS, label="Verifying", file=sys.stderr) as bar:
                for good in verify_records(connection):
                    bar.update(good - bar.pos)
                for _ in verify_derived(connection):
                    bar.update(1)
                verify_cursors(connection, epoch=epoch_of(connection), last=end(connection))
                for name in names:
                    files.check(name)
                    bar.update(1)
    finally:
        store.close()
    if as_json:
        print_json({"records": total, "attachments": len(names), "whole": True})
    else:
        click.echo(
            f"{total} records are whole and unaltered, and so is the data of attachments ({len(names)} files). "
            "What is made from them agrees."
        )
