from __future__ import annotations

import pytest

from lrs.subscriptions.origins import origin_allowed

PUBLIC = "https://lrs.example.com"


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("https://LRS.example.com", "internal:8080", True),
        ("https://lrs.example.com", "lrs.example.com:443", True),
        ("https://other.example.com", "other.example.com", True),
        ("http://127.0.0.1:8081", "127.0.0.1:8080", False),
        ("https://evil.example.com", "lrs.example.com", False),
        ("https://lrs.example.com.evil.com", "lrs.example.com", False),
        ("https://lrs.example.com@evil.com", "lrs.example.com", False),
        ("null", "lrs.example.com", False),
        ("", "lrs.example.com", False),
        ("file://", "", False),
        ("ftp://lrs.example.com", "lrs.example.com", False),
        ("http://[::1", "lrs.example.com", False),
        ("https://other.example.com", "[::1", False),
    ],
)
def test_without_a_list_only_pages_of_this_server_may_connect(origin: str, host: str, allowed: bool) -> None:
    assert origin_allowed(origin, host=host, public_url=PUBLIC, allowed=()) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://lms.example.com", True),
        ("https://LMS.example.com:443", True),
        ("http://lms.example.com", False),
        ("https://lms.example.com:8443", False),
        ("https://lrs.example.com", False),
        ("null", False),
        ("http://[::1", False),
    ],
)
def test_with_a_list_only_the_origins_in_it_may(origin: str, allowed: bool) -> None:
    names = ("https://lms.example.com", "http://localhost:3000")
    assert origin_allowed(origin, host="lrs.example.com", public_url=PUBLIC, allowed=names) is allowed


def test_a_star_in_the_list_stands_for_every_origin() -> None:
    assert origin_allowed("null", host="", public_url=PUBLIC, allowed=("*",))
