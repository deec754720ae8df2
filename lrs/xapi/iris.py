"""IRIs (Data 4.3, RFC 3987): compared as they are, never resolved or normalised (Data 3.1)."""

from __future__ import annotations

from lrs.xapi.definitions import pattern


def is_iri(text: str) -> bool:
    """True if ``text`` has a scheme and nothing that an IRI can't hold."""
    return pattern("iri").fullmatch(text) is not None
