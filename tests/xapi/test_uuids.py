"""What is a UUID (Data 4.4)."""

from __future__ import annotations

import pytest
from hypothesis import given

from lrs.xapi.uuids import is_uuid
from tests.xapi.strategies import uuids


@given(uuids)
def test_uuids_are_recognised_in_both_cases(text: str) -> None:
    assert is_uuid(text)


def test_any_variant_is_a_uuid() -> None:
    """The standard's own example has a variant that RFC 4122 does not define."""
    assert is_uuid("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fd41c918b88b4b20a0a5a4c32391aaa0",
        "{fd41c918-b88b-4b20-a0a5-a4c32391aaa0}",
        "urn:uuid:fd41c918-b88b-4b20-a0a5-a4c32391aaa0",
        "fd41c918-b88b-4b20-a0a5-a4c32391aaa00",
        "fd41c918-b88b-4b20-a0a5-a4c32391aaa",
        "fd41c91-8b88b-4b20-a0a5-a4c32391aaa0",
        "gd41c918-b88b-4b20-a0a5-a4c32391aaa0",
        "fd41c918-b88b-4b20-a0a5-a4c32391aaa0\n",
        "fd41c918-b88b-4b20-a0a5-a4c32391aa\N{FULLWIDTH DIGIT ONE}0",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    assert not is_uuid(text)
