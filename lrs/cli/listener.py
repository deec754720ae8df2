"""The listening socket: made here, or inherited from whoever keeps it open across restarts."""

from __future__ import annotations

import os
import resource
import socket
from contextlib import suppress

from lrs.config import Settings
from lrs.errors import ConfigError

BACKLOG_CONNECTIONS = 2048
DESCRIPTORS = 65_536
_FIRST_INHERITED = 3


def listen(settings: Settings, descriptor: int | None) -> socket.socket:
    """The socket to accept from: ``descriptor`` if given, else the one that systemd hands over, else a new one.

    An inherited socket stays open when this process ends, so a restart refuses no connection: those who come meanwhile
    wait in its backlog. Raises ConfigError.
    """
    if descriptor is None:
        descriptor = _from_systemd()
    if descriptor is not None:
        return _inherited(descriptor)
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG_CONNECTIONS)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"can't listen on {settings.host}:{settings.port}: {reason}") from error


def allow_many_sockets() -> None:
    """Let this process, and those that it starts, have as many descriptors as they may need and the system allows.

    The usual soft limit of 1,024 is there for programs with select(2); it is far below ``connections_max``, and
    strangers who connect and say nothing would use it up at once.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft not in (resource.RLIM_INFINITY, wanted) and soft < wanted:
        # Some systems have a lower limit beside this one, and refuse; then it stays as it is.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def address(listener: socket.socket) -> str:
    """Where ``listener`` is reached, as the authority of a URL, or the path of a Unix socket."""
    name = listener.getsockname()
    if isinstance(name, (str, bytes)):
        return os.fsdecode(name)
    host, port = name[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _from_systemd() -> int | None:
    """The descriptor that systemd passes to this process (sd_listen_fds(3)); ConfigError when it passes several."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = os.environ.get("LISTEN_FDS", "0")
    if count != "1":
        raise ConfigError(f"systemd passes {count} sockets; lrs-lite listens on one")
    return _FIRST_INHERITED


def _inherited(descriptor: int) -> socket.socket:
    try:
        inherited = socket.socket(fileno=descriptor)
        listening = inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise ConfigError(f"descriptor {descriptor} is no socket: {error.strerror}") from error
    if not listening:
        inherited.detach()
        raise ConfigError(f"the socket with descriptor {descriptor} does not listen")
    return inherited
