"""The command line. What lives here reads options, calls the rooms below, and prints; it decides nothing itself.

Each command stands in a file of its own and is imported only when it is used, so that ``lrs --help`` and the commands
of administrators start fast. An ``LrsError`` becomes one line on stderr and exit code 1; wrong usage is exit code 2.
"""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

import click

from lrs import __version__
from lrs.errors import LrsError


class Command(NamedTuple):
    """Where a command stands (``module:attribute``), and its line in ``lrs --help``."""

    target: str
    help: str


COMMANDS = MappingProxyType(
    {
        "serve": Command("lrs.cli.serve:serve", "Start the server."),
        "demo": Command("lrs.cli.demo:demo", "Show a simulated course on a throw-away store."),
        "import": Command("lrs.cli.transfer:import_", "Store the statements in files."),
        "export": Command("lrs.cli.transfer:export", "Write statements to a file."),
        "backup": Command("lrs.cli.backup:backup", "Copy the store to a file, while the server runs."),
        "restore": Command("lrs.cli.backup:restore", "Make a store from a backup."),
        "verify": Command("lrs.cli.verify:verify", "Prove that the log is whole and unaltered."),
        "erase": Command("lrs.cli.erase:erase", "Erase what there is about a learner."),
        "retention": Command("lrs.cli.erase:retention", "Erase statements by their age."),
        "privacy": Command("lrs.cli.privacy:privacy", "Show what a consumer can see of learners."),
        "compact": Command("lrs.cli.erase:compact", "Write the database anew, without its unused parts."),
        "quarantine": Command("lrs.cli.quarantine:quarantine", "Look at what trusted writers sent and was not stored."),
        "conflict": Command("lrs.cli.quarantine:conflict", "Look at other contents sent under ids that were taken."),
        "bench": Command("lrs.cli.bench:bench", "Measure how fast an LRS is."),
        "check": Command("lrs.cli.check:check", "Look for what is wrong with settings, store and machine."),
        "settings": Command("lrs.cli.settings:settings", "Show every setting and its value."),
        "consumer": Command("lrs.cli.consumers:consumer", "Register readers and writers."),
        "key": Command("lrs.cli.keys:key", "Make and revoke keys for Basic authentication."),
        "cursor": Command("lrs.cli.cursors:cursor", "Look at the durable cursors of subscribers."),
        "admin": Command("lrs.cli.admin:admin", "Make administrators for the pages at /admin."),
        "audit": Command("lrs.cli.audit:audit", "Show who did what, and when."),
        "pseudonym": Command("lrs.cli.pseudonyms:pseudonym", "Look up who is behind the pseudonyms of consumers."),
        "token": Command("lrs.cli.tokens:token", "Issue and revoke bearer tokens."),
        "signing-key": Command("lrs.cli.signing_keys:signing_key", "Replace the keys that sign tokens."),
    }
)


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """While modules are loaded, all that is made stays: the collector of cycles would take a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class LazyGroup(click.Group):
    """A group whose commands are rows of ``COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        module, attribute = row.target.split(":")
        with _nothing_to_collect():
            command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LrsError as error:
            raise click.ClickException(" ".join(error.message.split())) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lrs-lite")
def main() -> None:
    """lrs-lite: an xAPI Learning Record Store with live subscriptions."""
