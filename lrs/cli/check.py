"""``lrs check``: what is wrong with settings and store, before the server starts or while it runs."""

from __future__ import annotations

import ctypes
import os
import resource
import sqlite3
import sys
from pathlib import Path

import click

from lrs.admin.sqlite.schema import migrations as of_admin
from lrs.audit.sqlite import migrations as of_audit
from lrs.auth.sqlite.allowances import MIGRATIONS as OF_ALLOWANCES
from lrs.auth.sqlite.reads import MIGRATIONS as OF_READS
from lrs.auth.sqlite.schema import MIGRATIONS as OF_AUTH
from lrs.cli.listener import DESCRIPTORS
from lrs.cli.output import print_json
from lrs.cli.register import data_option, json_option
from lrs.clock import SystemClock
from lrs.config import Settings, read_settings
from lrs.documents.sqlite import MIGRATIONS as OF_DOCUMENTS
from lrs.errors import ConfigError
from lrs.monitoring import files, sqlite
from lrs.monitoring.advice import Finding, Level, judge
from lrs.monitoring.facts import Facts, Machine
from lrs.oauth.fetch import require_issuers
from lrs.pseudonyms.sqlite import MIGRATIONS as OF_PSEUDONYMS
from lrs.statements.sqlite.schema import migrations as of_statements
from lrs.subscriptions.sqlite import migrations as of_subscriptions

MIGRATIONS = (
    of_statements,
    OF_DOCUMENTS,
    OF_AUTH,
    OF_ALLOWANCES,
    OF_READS,
    OF_PSEUDONYMS,
    of_audit,
    of_subscriptions,
    of_admin,
)
"""Those of every room that keeps something in the store."""

_STA_UNSYNC = 0x40
_TIMEX_BYTES = 512
_STATUS_AT = 40

_COLORS = {Level.OK: "green", Level.NOTE: "cyan", Level.WARNING: "yellow", Level.ERROR: "red"}


@click.command()
@data_option
@json_option
def check(data: Path | None, *, as_json: bool) -> None:
    """Look for what is wrong with the settings, the store and the machine, and say what to do.

    The store is not changed; the server may be running. Fails when there is an error; warnings and notes are advice.
    """
    findings = _findings(data)
    if as_json:
        print_json([{"check": one.check, "level": one.level.value, "text": one.text} for one in findings])
    else:
        for one in findings:
            level = click.style(one.level.value.ljust(7), fg=_COLORS[one.level])
            click.echo(f"{level}  {one.check}{': ' if one.text else ''}{one.text}")
    if any(one.level is Level.ERROR for one in findings):
        sys.exit(1)


def _findings(data: Path | None) -> list[Finding]:
    try:
        settings = read_settings(data=data)
        require_issuers(settings, SystemClock())
    except ConfigError as error:
        return [Finding("settings", Level.ERROR, error.message)]
    return [Finding("settings", Level.OK, ""), *judge(settings, facts(settings))]


def facts(settings: Settings) -> Facts:
    """What can be found out about the machine and the store that ``settings`` are for."""
    clock = SystemClock()
    now_us = clock.now_us()
    fts5, strict = sqlite.features()
    return Facts(
        machine=Machine(
            now_us=now_us,
            sqlite_version=sqlite3.sqlite_version_info,
            fts5=fts5,
            strict=strict,
            descriptors_max=_descriptors_max(),
            processors=os.cpu_count() or 1,
            clock_synchronised=_clock_synchronised(),
        ),
        disk=files.disk(settings.data, clock),
        database=sqlite.database(settings.database, MIGRATIONS, now_us),
    )


def _descriptors_max() -> int:
    """How many the server can give itself when it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)


def _clock_synchronised() -> bool | None:
    """Whether the kernel's clock is kept by NTP (adjtimex(2)); None where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return None
    state = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        if ctypes.CDLL(None, use_errno=True).adjtimex(state) < 0:
            return None
    except (OSError, AttributeError):
        return None
    status = int.from_bytes(state.raw[_STATUS_AT : _STATUS_AT + 4], sys.byteorder)
    return not status & _STA_UNSYNC
