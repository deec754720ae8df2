"""Where a request comes from, as far as somebody is counted by it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

_IPV6_BITS = 64
"""What one household gets of IPv6; counting single addresses of it would count nothing."""


def client_address(told: Sequence[str], peer: str | None) -> str:
    """Whom to count: ``peer``, or, where a proxy tells the client in a header, what that says last.

    ``told`` is what stands in that header, every time that it comes; ``peer`` is who made the connection.
    """
    last = told[-1].rpartition(",")[2].strip() if told else ""
    return counted_as(last or peer or "unknown")


def counted_as(address: str) -> str:
    """What is counted for ``address``: itself, or the network of an IPv6 address; a text that is none, as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_BITS), strict=False))
    return str(parsed)
