"""``lrs bench``: how fast an LRS is, this one or another."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import socket
import sys
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from lrs import __version__
from lrs.benchmark.figures import HEADINGS, Figure, as_json, rows
from lrs.benchmark.plot import of_figures
from lrs.benchmark.requests import Target
from lrs.cli.bench_run import Run, Wishes
from lrs.cli.numbers import number_option
from lrs.cli.output import print_table
from lrs.errors import NotFound

_TICK_S = 0.2
_STEPS_PER_S = 10


@click.command()
@click.argument("url")
@click.option("--key", metavar="ID:SECRET", envvar="XAPI_KEY", help="Key and secret, for Basic authentication.")
@click.option("--token", metavar="TOKEN", envvar="XAPI_TOKEN", help="A bearer token.")
@number_option("--seconds", 0.1, 60, 3.0, "How long each case is measured.")
@click.option(
    "--connections",
    type=click.IntRange(1, 256),
    metavar="COUNT",
    help="At once, each with one request in flight.  [default: 16 for single statements, else 4]",
)
@number_option("--batch", 2, 1_000, 100, "Statements in a batch.")
@number_option("--limit", 1, 500, 50, "Statements in a page.")
@click.option("--read-only", is_flag=True, help="Write nothing: ask for what is there.")
@click.option(
    "--stream/--no-stream", default=None, help="Measure the stream too.  [default: if the LRS says that it has one]"
)
@number_option("--subscribers", 1, 1_000, 10, "Subscribers of the stream.")
@number_option("--rate", 1, 1_000, 100.0, "Statements a second for them.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all figures to this file."
)
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw them into this file, as SVG.")
@click.option("--yes-this-is-my-server", "mine", is_flag=True, help="Measure a server that is not on this machine.")
def bench(
    url: str,
    *,
    key: str | None,
    token: str | None,
    json_file: Path | None,
    plot: Path | None,
    mine: bool,
    **wished: Any,
) -> None:
    """Measure the LRS at URL, its xAPI endpoint: http://127.0.0.1:8080/xapi.

    Writes statements as Open edX sends them, singly and in batches, then asks for pages by each filter, and listens to
    the stream where there is one. What was written stays: use an LRS that is there for this. Ctrl-C ends it early and
    prints what was measured by then.
    """
    if key is not None and (token is not None or ":" not in key):
        raise click.UsageError("give either --key ID:SECRET or --token TOKEN")
    authorization = f"Basic {b64encode(key.encode()).decode()}" if key else f"Bearer {token}" if token else ""
    try:
        target = Target.of(url, authorization)
    except ValueError as error:
        raise click.BadParameter(f"{url!r} is not {error}", param_hint="URL") from error
    if not mine and not _is_this_machine(target.host):
        raise click.UsageError(f"{target.host} is not this machine; if it is yours: --yes-this-is-my-server")
    wishes = Wishes(**wished)
    run, began = Run(target, wishes), datetime.now(UTC)
    whole = _finished(run)
    print_table(HEADINGS, rows(run.figures), empty="Nothing was measured.")
    told = {
        "url": run.target.url,
        "began_at": began.isoformat(timespec="seconds"),
        "whole": whole,
        "client": f"lrs-lite {__version__}",
        "about": run.about,
        "options": wished,
    }
    if json_file is not None:
        json_file.write_bytes(orjson.dumps(as_json(run.figures, **told), option=orjson.OPT_INDENT_2))
    if plot is not None:
        subtitle = f"{run.target.url}, {began:%Y-%m-%d %H:%M} UTC, {wishes.seconds:g} s for each case"
        plot.write_text(of_figures("What the LRS does", run.figures, subtitle=subtitle))
    if not whole:
        sys.exit(130)


def _is_this_machine(host: str) -> bool:
    """Whether every address of ``host`` is a loopback one. Raises NotFound if it has none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotFound(f"{host} has no address: {error.strerror}") from error
    return all(ipaddress.ip_address(str(one[4][0]).partition("%")[0]).is_loopback for one in found)


def _finished(run: Run) -> bool:
    """Whether all was measured, and not broken off; says on stderr how far it is."""
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(run.meet())
            with click.progressbar(
                length=math.ceil(run.planned_s * _STEPS_PER_S),
                label="Measuring",
                file=sys.stderr,
                show_pos=False,
                item_show_func=lambda name: name,
            ) as bar:
                runner.run(_all(run, bar.update))
                bar.update(max((bar.length or 0) - bar.pos, 0), "")
    except KeyboardInterrupt:
        click.echo("\nBroken off.", err=True)
        return False
    return True


async def _all(run: Run, advance: Callable[[int, str], None]) -> None:
    for case in run.cases():
        ticking = asyncio.create_task(_tick(case.name, case.seconds, advance))
        try:
            found: Figure = await case.measure()
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking
        if found.seconds:
            run.figures.append(found)


async def _tick(name: str, seconds: float, advance: Callable[[int, str], None]) -> None:
    """Move the bar on while a case is measured; at its end all of its steps are done."""
    left = round(seconds * _STEPS_PER_S)
    advance(0, name)
    try:
        while left > 0:
            await asyncio.sleep(_TICK_S)
            steps = min(round(_TICK_S * _STEPS_PER_S), left)
            left -= steps
            advance(steps, name)
    finally:
        advance(left, name)


def _loop() -> asyncio.AbstractEventLoop:
    """The fastest loop that there is."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop  # noqa: PLC0415 - it does not exist everywhere.

    return uvloop.new_event_loop()
