"""lrs-lite: an embedded xAPI Learning Record Store with live subscriptions.

``create_app`` is the server as an ASGI application, ``Engine`` the store without one, ``Settings`` how both are set up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrs.app import create_app
    from lrs.config import Settings
    from lrs.engine import Engine

__version__ = "0.1.0"
__all__ = ["Engine", "Settings", "__version__", "create_app"]

_HOMES = {"create_app": "lrs.app", "Engine": "lrs.engine", "Settings": "lrs.config"}


def __getattr__(name: str) -> Any:
    """Import on first use, so that a command or a client does not load the server."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_HOMES[name]), name)
