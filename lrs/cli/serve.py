"""``lrs serve``: the server process, or several on one listening socket."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from multiprocessing import parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import click
import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from lrs.app import create_app
from lrs.cli.admin import link_text
from lrs.cli.heap import collect_rarely, share_one_heap
from lrs.cli.listener import BACKLOG_CONNECTIONS, address, allow_many_sockets, listen
from lrs.cli.logs import configure_logs
from lrs.cli.output import time_text
from lrs.cli.register import data_option, register
from lrs.cli.requests import Requests
from lrs.cli.sockets import Sockets
from lrs.cli.traces import traced
from lrs.clock import SystemClock
from lrs.config import Settings, read_settings
from lrs.oauth.fetch import require_issuers
from lrs.statements.sqlite.process import log_process
from lrs.storage.child import Call, Line, new_name
from lrs.telemetry import logger

SHUTDOWN_S = 10
_LOG_PROCESS = "LRSLITE_LOG_PROCESS"
"""The variable in which workers find the name of the process that writes for all of them."""
WORKER_ANSWERS_S = 60
"""A worker that says nothing for so long is replaced. Before it says anything it loads the program, which takes many
seconds where much else runs; were it replaced by then, its successor would come no further.
"""


def application() -> ASGIApp:
    """The application of one server process, with the settings of its environment."""
    share_one_heap()
    settings = read_settings()
    configure_logs(settings)
    Requests.limits = settings.limits
    collect_rarely()
    # Made before there is any thread.
    application = create_app(settings, process=_writing(settings))
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    return traced(application)


@contextmanager
def _writing_for_all(settings: Settings) -> Iterator[None]:
    """The process in which all workers write that are started meanwhile, if it is wanted."""
    if settings.log_process == "off":
        yield
        return
    os.environ[_LOG_PROCESS] = name = new_name()
    with closing(log_process(name)):
        yield


def _writing(settings: Settings) -> Line | None:
    """The process to write in: the one of all workers, or an own one; none where that is not wanted, or is gone."""
    name = os.environ.get(_LOG_PROCESS)
    try:
        if name is not None:
            return Call(name)
        return log_process() if settings.log_process == "on" else None
    except OSError as error:
        logger.error("log_process_missing", reason=str(error))
        return None


def _end_with(parent: BaseProcess) -> None:
    """End this worker when its parent is gone without having said so: it would keep the port from a new start."""
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


@click.command()
@data_option
@click.option("--host", metavar="ADDRESS", help="Where to listen.  [env: LRS_HOST; default: 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Port to listen on; 0 takes a free one.  [env: LRS_PORT; default: 8080]",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    metavar="COUNT",
    help="Server processes on the one store.  [env: LRS_WORKERS; default: 1]",
)
@click.option(
    "--fd",
    "descriptor",
    type=click.IntRange(0),
    metavar="NUMBER",
    help="Accept from the listening socket with this descriptor; one that systemd hands over is found without it.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Least severity that is logged.  [env: LRS_LOG_LEVEL; default: info]",
)
def serve(
    *,
    data: Path | None,
    host: str | None,
    port: int | None,
    workers: int | None,
    descriptor: int | None,
    log_level: str | None,
) -> None:
    """Start the server, and say where it listens once it answers.

    Every other setting is read from the environment: `lrs settings` lists them. The folder of the store is made when it
    is missing.
    """
    settings = read_settings(data=data, host=host, port=port, workers=workers, log_level=log_level)
    require_issuers(settings, SystemClock())
    configure_logs(settings)
    # It would be that of another server, which this one was started by.
    os.environ.pop(_LOG_PROCESS, None)
    # Worker processes are started anew and read their settings as this one did.
    os.environ.update(_environment(settings))
    allow_many_sockets()
    listener = listen(settings, descriptor)
    config = uvicorn.Config(
        "lrs.cli.serve:application",
        factory=True,
        workers=settings.workers,
        backlog=BACKLOG_CONNECTIONS,
        http=Requests,
        ws=Sockets,
        ws_max_size=settings.limits.client_frame_bytes_max,
        ws_ping_interval=settings.limits.ping_s,
        ws_ping_timeout=settings.limits.pong_s,
        # Compression costs memory for each connection and lets lengths tell about secrets.
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        server_header=False,
        # Nothing here depends on who the client says it is.
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    # Older versions of uvicorn know no such bound, and are not told by an option that they would refuse.
    config.timeout_worker_healthcheck = WORKER_ANSWERS_S
    lines = "\n".join([*_welcome(settings, listener), *_first_link(settings, listener)])
    try:
        if settings.workers == 1:
            _Server(config, lines).run(sockets=[listener])
        else:
            # The kernel keeps connections waiting until the first worker takes them.
            click.echo(lines)
            with _writing_for_all(settings):
                Multiprocess(config, sockets=[listener]).run()
    except KeyboardInterrupt:
        sys.exit(130)


class _Server(uvicorn.Server):
    """A server that says where it listens once it answers, not before."""

    def __init__(self, config: uvicorn.Config, lines: str) -> None:
        super().__init__(config)
        self._lines = lines

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        click.echo(self._lines)


def _environment(settings: Settings) -> dict[str, str]:
    """The settings that options can change, as the variables that ``read_settings`` reads."""
    changed = {"data", "host", "port", "workers", "log_level"}
    return {
        f"LRS_{row.name.upper()}": str(getattr(settings, row.name)) for row in fields(settings) if row.name in changed
    }


def _welcome(settings: Settings, listener: socket.socket) -> list[str]:
    data = "" if settings.data == Settings().data else f" --data {settings.data}"
    return [
        f"lrs-lite listens on {address(listener)} (xAPI below {settings.base})",
        f"The store is {settings.database}. In another terminal, a first writer and a first reader:",
        f"  lrs consumer add open-edx --openedx{data} && lrs key add open-edx{data}",
        f"  lrs consumer add engine --scope stream --scope statements/read{data} && lrs token issue engine{data}",
    ]


def _first_link(settings: Settings, listener: socket.socket) -> list[str]:
    """Lines with the link by which the first administrator sets a password; none once somebody has one."""
    with register(settings.data, create=True) as room:
        made = room.administration.accounts.first_link()
    if made is None:
        return []
    usual = settings.public_url == Settings().public_url
    text = link_text(made, address(listener) if usual else settings.public_url)
    until = time_text(made.expires_at_us)
    return [f"Nobody administers it in a browser yet. This link sets a password, once, until {until}:", f"  {text}"]
