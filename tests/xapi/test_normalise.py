"""What is stored otherwise than it was sent."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given

from lrs.xapi.equivalent import equivalent
from lrs.xapi.normalise import normalise
from lrs.xapi.timestamps import parse_timestamp
from lrs.xapi.validate import validator
from tests.xapi.examples import COURSE, STATEMENT, WITH_SUBSTATEMENT, changed
from tests.xapi.strategies import statements


def normalised(statement: Any) -> Any:
    made = copy.deepcopy(statement)
    normalise(made)
    return made


@given(statements("2.0.0"))
def test_a_normalised_statement_is_still_valid(statement: Any) -> None:
    validator("2.0.0").check(normalised(statement))


@given(statements("2.0.0"))
def test_a_normalised_statement_is_equivalent(statement: Any) -> None:
    assert equivalent(statement, normalised(statement))


@given(statements("2.0.0"))
def test_normalising_twice_changes_nothing_more(statement: Any) -> None:
    once = normalised(statement)
    assert normalised(once) == once


def test_a_single_context_activity_becomes_an_array() -> None:
    """Data 2.4.6.2: the LRS must return arrays."""
    activities = normalised(WITH_SUBSTATEMENT)["context"]["contextActivities"]
    assert activities["grouping"] == [COURSE]
    assert activities["parent"] == [COURSE]
    assert activities["category"] == []


def test_a_single_context_activity_in_a_substatement_becomes_an_array() -> None:
    assert normalised(WITH_SUBSTATEMENT)["object"]["context"]["contextActivities"]["grouping"] == [COURSE]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-11-22T06:02:56.123+01:00", "2026-11-22T05:02:56.123000Z"),
        ("2026-11-22T06:02:56Z", "2026-11-22T06:02:56.000000Z"),
        ("2026-11-22T06:02:56.12Z", "2026-11-22T06:02:56.120000Z"),
        ("2026-11-22T06:02:56,123Z", "2026-11-22T06:02:56.123000Z"),
        ("2026-11-22T06:02:56.123", "2026-11-22T06:02:56.123000Z"),
        ("2026-11-22", "2026-11-22T00:00:00.000000Z"),
    ],
)
def test_timestamps_become_utc_with_milliseconds_or_more(sent: str, stored: str) -> None:
    """Data 4.5"""
    statement = normalised(changed(WITH_SUBSTATEMENT | {"timestamp": sent}, "object", "timestamp", to=sent))
    assert (statement["timestamp"], statement["object"]["timestamp"]) == (stored, stored)


@pytest.mark.parametrize(
    "sent", ["2026-11-22T06:02:56.123Z", "2026-11-22T06:02:56.123456+00:00", "2026-11-22T06:02:56.123456789Z"]
)
def test_timestamps_in_utc_stay_as_they_were_sent(sent: str) -> None:
    assert normalised(STATEMENT | {"timestamp": sent})["timestamp"] == sent


@given(statements())
def test_every_stored_timestamp_is_in_utc_and_precise(statement: Any) -> None:
    timestamp = normalised(statement).get("timestamp", "2026-11-22T06:02:56.123Z")
    assert re.fullmatch(r"[^.]*\.[0-9]{3,}(?:Z|\+00:00)", timestamp)
    assert parse_timestamp(timestamp) == parse_timestamp(statement.get("timestamp", timestamp))


def test_nothing_else_changes() -> None:
    statement = normalised(STATEMENT)
    statement["timestamp"] = STATEMENT["timestamp"]
    statement["context"]["contextActivities"]["grouping"] = COURSE
    assert statement == STATEMENT
