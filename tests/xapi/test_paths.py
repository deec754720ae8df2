"""Paths are readable and bounded."""

from __future__ import annotations

import pytest

from lrs.xapi.paths import NAME_CHARS_MAX, json_path


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ([], "$"),
        (["actor", "mbox"], "$.actor.mbox"),
        ([3, "id"], "$[3].id"),
        (["https://example.org/x"], '$["https://example.org/x"]'),
        (["zh-Hans"], '$["zh-Hans"]'),
        (['"'], '$["\\""]'),
        (["\n"], '$["\\n"]'),
        ([""], '$[""]'),
    ],
)
def test_names_are_plain_or_quoted(steps: list[str | int], path: str) -> None:
    assert json_path(steps) == path


def test_the_root_is_given() -> None:
    assert json_path(["mbox"], "agent") == "agent.mbox"


def test_long_names_are_cut() -> None:
    assert len(json_path(["a" * 10_000])) < NAME_CHARS_MAX + 10
