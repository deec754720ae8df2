from __future__ import annotations

from typing import Any

import pytest

from lrs.errors import InvalidParameter
from lrs.subscriptions.starts import After, Stored, parse_start, parse_start_text


@pytest.mark.parametrize(
    ("members", "start"),
    [
        ({}, "now"),
        ({"from": "now"}, "now"),
        ({"from": "beginning"}, "beginning"),
        ({"from": {"stored": "1970-01-01T00:00:01Z"}}, Stored(1_000_000)),
        ({"after": "c1"}, After("c1")),
    ],
)
def test_a_start_is_read(members: dict[str, Any], start: object) -> None:
    assert parse_start(members) == start


@pytest.mark.parametrize(
    "members",
    [
        {"after": "c1", "from": "now"},
        {"after": None},
        {"after": 7},
        {"from": None},
        {"from": "yesterday"},
        {"from": ["now"]},
        {"from": {}},
        {"from": {"stored": 7}},
        {"from": {"stored": "noon"}},
        {"from": {"stored": "1970-01-01T00:00:01Z", "more": 1}},
    ],
)
def test_another_start_is_an_error(members: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match=r"after|from"):
        parse_start(members)


@pytest.mark.parametrize(
    ("name", "text", "start"),
    [
        ("after", "c1", After("c1")),
        ("from", "now", "now"),
        ("from", "beginning", "beginning"),
        ("from", "1970-01-01T01:00:01+01:00", Stored(1_000_000)),
        ("from", "1970-01-01T01:00:01 01:00", Stored(1_000_000)),
    ],
)
def test_a_start_is_read_from_a_url_also_when_its_plus_became_a_blank(name: str, text: str, start: object) -> None:
    assert parse_start_text(name, text) == start
