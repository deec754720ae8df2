"""Which X-Experience-API-Version is understood as which (Communication 3.3)."""

from __future__ import annotations

import pytest

from lrs.errors import UnsupportedVersion
from lrs.xapi.versions import LATEST, VERSIONS, negotiate


@pytest.mark.parametrize(
    ("header", "version"),
    [
        ("1.0", "1.0.3"),
        ("1.0.0", "1.0.3"),
        ("1.0.1", "1.0.3"),
        ("1.0.3", "1.0.3"),
        ("1.0.17", "1.0.3"),
        ("1.0.4-rc1", "1.0.3"),
        (" 1.0.3\t", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.0", "2.0.0"),
        ("2.0.1", "2.0.0"),
    ],
)
def test_patch_versions_are_those_of_their_family(header: str, version: str) -> None:
    assert negotiate(header) == version


@pytest.mark.parametrize(
    "header",
    [
        "",
        "BAD",
        "0.8",
        "0.9",
        "0.95",
        "1",
        "1.",
        "1.0.",
        "1.0.x",
        "1.00",
        "1.1",
        "1.1.0",
        "2",
        "2.1.0",
        "3.0",
        "10.0",
        "1.0.3,2.0.0",
        "1.\N{ARABIC-INDIC DIGIT ZERO}",
    ],
)
def test_other_versions_are_refused(header: str) -> None:
    with pytest.raises(UnsupportedVersion, match=r"1\.0\.3, 2\.0\.0"):
        negotiate(header, default="1.0.3")


def test_a_missing_header_is_refused_without_a_default() -> None:
    with pytest.raises(UnsupportedVersion, match="is missing"):
        negotiate(None)


def test_a_missing_header_is_the_default() -> None:
    assert negotiate(None, default="1.0") == "1.0.3"


def test_the_latest_version_is_the_last() -> None:
    assert max(VERSIONS) == LATEST
