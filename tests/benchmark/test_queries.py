"""Each filter is asked for with values that the LRS holds, and in the form of the standard."""

from __future__ import annotations

from random import Random
from typing import Any
from urllib.parse import parse_qsl

import pytest

from lrs.benchmark.queries import FILTERS, ONE, UNKNOWN, queries
from lrs.limits import DEFAULT_LIMITS
from lrs.simulation.mix import statements
from lrs.statements.parameters import parse_query


def answered(count: int = 300) -> list[dict[str, Any]]:
    """Statements as an LRS gives them."""
    return [
        {**one, "stored": f"2026-11-22T06:00:{number // 10:02}.{number % 10}Z"}
        for number, one in enumerate(statements(count, seed=1))
    ]


def asked(made: dict[str, list[str]], name: str) -> list[dict[str, str]]:
    found = []
    for resource in made[name]:
        path, _, query = resource.partition("?")
        assert path == "statements"
        found.append(dict(parse_qsl(query)))
    return found


MADE = queries(answered(), Random(1), limit=50, each=20)


def test_every_filter_is_asked_for() -> None:
    assert list(MADE) == [*FILTERS, *UNKNOWN, ONE]


@pytest.mark.parametrize("name", MADE)
def test_a_server_understands_every_query(name: str) -> None:
    for parameters in asked(MADE, name):
        if "statementId" not in parameters:
            assert parse_query(list(parameters.items()), DEFAULT_LIMITS).selection.limit == 50


@pytest.mark.parametrize("name", MADE)
def test_there_are_at_most_so_many_and_no_two_are_the_same(name: str) -> None:
    assert 1 <= len(MADE[name]) <= 20
    assert len(set(MADE[name])) == len(MADE[name])


def test_a_course_is_asked_for_as_a_related_activity() -> None:
    for parameters in asked(MADE, "related course"):
        assert "/course/course-v1:" in parameters["activity"]
        assert parameters["related_activities"] == "true"


def test_a_combined_query_has_both_parts() -> None:
    assert all({"agent", "verb"} <= parameters.keys() for parameters in asked(MADE, "agent and verb"))


def test_what_nothing_has_is_left_out() -> None:
    found = [{**one, "context": {}} for one in answered(20)]
    made = queries(found, Random(1))
    assert {"registration", "related course", "related course and verb"} & made.keys() == set()


def test_an_empty_log_is_asked_for_what_needs_no_value() -> None:
    assert list(queries([], Random(1))) == list(UNKNOWN)
