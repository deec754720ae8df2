"""Which pages may open the stream in a browser (RFC 6455 4.2.2, 10.2)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
ANY = "*"


def origin_allowed(origin: str, *, host: str, public_url: str, allowed: Sequence[str]) -> bool:
    """Whether a page of ``origin`` may connect to ``host``, the Host header of the handshake.

    Without ``allowed`` only pages of this server may; with it only those of the origins in it, ``*`` for all.
    """
    try:
        return _allowed(origin, host, public_url, allowed)
    except ValueError:
        # One of them is no URL, such as http://[::1 without its end.
        return False


def _allowed(origin: str, host: str, public_url: str, allowed: Sequence[str]) -> bool:
    if allowed:
        return ANY in allowed or _normal(origin) in map(_normal, allowed)
    parts = urlsplit(origin)
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        return False
    # A proxy may end TLS, so the scheme is not compared.
    return _place(origin) in (_place(f"{parts.scheme}://{host}"), _place(public_url))


def _normal(origin: str) -> str:
    return f"{urlsplit(origin).scheme}://{_place(origin)}"


def _place(url: str) -> str:
    """Host and port of ``url``, without the port that its scheme implies."""
    parts = urlsplit(url)
    return parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, " "))
