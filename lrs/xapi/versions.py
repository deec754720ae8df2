"""The version of xAPI that a request speaks (Communication 3.3, 9274.1.1 4.1.2)."""

from __future__ import annotations

import re
from typing import Final

from lrs.errors import UnsupportedVersion

VERSIONS: Final = ("1.0.3", "2.0.0")
LATEST: Final = VERSIONS[-1]
_OFFER: Final = ", ".join(VERSIONS)

# Every patch version has the data model and the resources of the latest one.
_FAMILIES: Final = {"1.0": "1.0.3", "2.0": "2.0.0"}
_VERSION = re.compile(r"([0-9]+\.[0-9]+)(?:\.[0-9]+(?:-[0-9A-Za-z-]+)?)?")


def negotiate(header: str | None, *, default: str | None = None) -> str:
    """The one of ``VERSIONS`` in which a request with this X-Experience-API-Version is answered.

    ``1.0`` and ``1.0.x`` are 1.0.3, ``2.0`` and ``2.0.x`` are 2.0.0. ``default`` stands for a missing header.
    UnsupportedVersion for anything else, and for a missing header without a default.
    """
    if header is None:
        if default is None:
            raise UnsupportedVersion(f"The header X-Experience-API-Version is missing; send one of {_OFFER}.")
        header = default
    match = _VERSION.fullmatch(header.strip(" \t"))
    version = _FAMILIES.get(match[1]) if match else None
    if version is None:
        raise UnsupportedVersion(f"X-Experience-API-Version {header[:40]!r} is not supported; send one of {_OFFER}.")
    return version
