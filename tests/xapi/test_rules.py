"""Rules that no schema can say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from lrs.xapi.rules import broken_rules
from tests.xapi.examples import QUESTION, STATEMENT, WITH_SUBSTATEMENT, changed
from tests.xapi.strategies import statements


@given(statements("2.0.0"))
def test_valid_statements_break_none(statement: Any) -> None:
    assert broken_rules(statement) == []


@pytest.mark.parametrize(
    ("score", "paths"),
    [
        ({"min": 0, "max": 0}, ["max"]),
        ({"min": 1, "max": 0.5}, ["max"]),
        ({"raw": -1, "min": 0}, ["raw"]),
        ({"raw": 11, "max": 10}, ["raw"]),
        ({"raw": 11, "min": 0, "max": 10}, ["raw"]),
        ({"raw": 0, "min": 0, "max": 10}, []),
        ({"raw": 10, "min": 0, "max": 10.0}, []),
        ({"raw": 1e300}, []),
        ({"scaled": 1, "raw": 5}, []),
        ({}, []),
    ],
)
def test_min_is_less_than_max_and_raw_lies_between(score: Any, paths: list[str]) -> None:
    """Data 2.4.5.1"""
    found = broken_rules(changed(STATEMENT, "result", "score", to=score))
    assert [problem.path for problem in found] == [f"$.result.score.{path}" for path in paths]


@pytest.mark.parametrize("name", ["timestamp", "stored"])
@pytest.mark.parametrize("text", ["2026-02-29T00:00:00Z", "2026-04-31", "0000-01-01T00:00:00Z", "2026-01-01T12:00:60Z"])
def test_moments_that_do_not_exist_are_refused(name: str, text: str) -> None:
    (problem,) = broken_rules(STATEMENT | {name: text}, "$[1]")
    assert (problem.path, problem.rule) == (f"$[1].{name}", "timestamp")


@pytest.mark.parametrize("text", ["2028-02-29T00:00:00Z", "2026-12-31T23:59:60Z", "9999-12-31T23:59:59Z", "0001-01-01"])
def test_rare_moments_exist(text: str) -> None:
    assert broken_rules(STATEMENT | {"timestamp": text}) == []


@pytest.mark.parametrize("name", ["choices", "scale", "source", "target", "steps"])
@pytest.mark.parametrize(
    "path", [("object",), ("context", "contextActivities", "parent", 0), ("context", "contextActivities", "grouping")]
)
def test_ids_of_components_are_distinct(name: str, path: tuple[str | int, ...]) -> None:
    """Data 2.4.4.1, wherever an Activity stands."""
    activity = changed(QUESTION, "definition", name, to=[{"id": "a"}, {"id": "b"}, {"id": "a"}])
    (problem,) = broken_rules(changed(STATEMENT, *path, to=activity))
    assert problem.rule == "distinct-ids"
    assert problem.path.endswith(f".definition.{name}")


def test_components_of_different_lists_may_share_ids() -> None:
    definition = {"interactionType": "matching", "source": [{"id": "a"}], "target": [{"id": "a"}]}
    assert broken_rules(changed(STATEMENT, "object", "definition", to=definition)) == []


def test_a_substatement_is_judged_like_a_statement() -> None:
    statement = changed(WITH_SUBSTATEMENT, "object", "result", "score", to={"min": 1, "max": 1})
    statement["object"]["timestamp"] = "2026-06-31T00:00:00Z"
    assert [problem.path for problem in broken_rules(statement)] == ["$.object.timestamp", "$.object.result.score.max"]
