"""The time in the last member of a payload."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.statements.stored import stored_at
from lrs.xapi.timestamps import format_us


@given(st.integers(0, 4_000_000_000_000_000))
def test_it_is_the_time_that_was_written(stored_us: int) -> None:
    assert stored_at(b'{"id":"x","stored":"%b"}' % format_us(stored_us).encode()) == stored_us


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b'{"stored":"2026-11-22T06:02:56Z"}',
        b'{"stored":"2026-11-22T06:02:56.123456Z","id":"x"}',
        b'{"id":"xxxxxxxxxx","stored":"2026-99-22T06:02:56.123456Z"}',
        b'{"stored":"2026-11-22T06:02:56.\xff23456Z"}',
    ],
)
def test_what_has_another_form_has_no_time(payload: bytes) -> None:
    assert stored_at(payload) is None
