"""Whom a request is counted for."""

from __future__ import annotations

import pytest

from lrs.door.addresses import client_address, counted_as


@pytest.mark.parametrize(
    ("told", "peer", "counted"),
    [
        ([], "192.0.2.1", "192.0.2.1"),
        ([], None, "unknown"),
        (["192.0.2.9"], "192.0.2.1", "192.0.2.9"),
        (["forged, 192.0.2.9"], "192.0.2.1", "192.0.2.9"),
        (["forged", "192.0.2.9"], "192.0.2.1", "192.0.2.9"),
        (["forged, "], "192.0.2.1", "192.0.2.1"),
    ],
)
def test_only_what_the_proxy_itself_has_added_counts(told: list[str], peer: str | None, counted: str) -> None:
    """It adds at the end; what stands before came with the request."""
    assert client_address(told, peer) == counted


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::", "2001:db8::/64"),
        ("unix", "unix"),
        ("x" * 1000, "x" * 64),
    ],
)
def test_a_household_of_ipv6_counts_as_one(address: str, counted: str) -> None:
    assert counted_as(address) == counted
