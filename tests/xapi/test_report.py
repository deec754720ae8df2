"""The report agrees with the decision, and says what is wrong, where and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from lrs.errors import InvalidStatement, Problem
from lrs.xapi.definitions import statement_uri
from lrs.xapi.report import PROBLEMS_MAX, Reporter
from lrs.xapi.validate import Shape, validator
from tests.xapi.examples import LEARNER, REMOVED, STATEMENT, TEACHER, WITH_SUBSTATEMENT, changed
from tests.xapi.strategies import damaged, statements

SHAPES = {version: Shape(statement_uri(version)) for version in ("1.0.3", "2.0.0")}
REPORTERS = {version: Reporter(statement_uri(version)) for version in ("1.0.3", "2.0.0")}


@given(damaged(statements("1.0.3")))
def test_report_and_decision_agree_for_1_0_3(statement: Any) -> None:
    assert SHAPES["1.0.3"].is_valid(statement) == (REPORTERS["1.0.3"].problems(statement) == ())


@given(damaged(statements("2.0.0")))
def test_report_and_decision_agree_for_2_0_0(statement: Any) -> None:
    assert SHAPES["2.0.0"].is_valid(statement) == (REPORTERS["2.0.0"].problems(statement) == ())


@given(damaged(statements("2.0.0")))
def test_every_problem_has_a_path_a_rule_and_a_short_reason(statement: Any) -> None:
    for problem in REPORTERS["2.0.0"].problems(statement):
        assert problem.path.startswith("$")
        assert problem.rule
        assert 0 < len(problem.reason) < 200


def problems(statement: Any) -> list[Problem]:
    with pytest.raises(InvalidStatement) as caught:
        validator("2.0.0").check(statement)
    return list(caught.value.problems)


def test_all_problems_are_told_at_once() -> None:
    statement = changed(WITH_SUBSTATEMENT, "actor", "mbox", to="ann")
    statement = changed(statement, "object", "verb", "id", to=REMOVED)
    statement = changed(statement, "object", "result", "success", to="true")
    assert {(problem.path, problem.rule) for problem in problems(statement)} == {
        ("$.actor.mbox", "pattern"),
        ("$.object.verb.id", "required"),
        ("$.object.result.success", "type"),
    }


def test_the_number_of_problems_is_bounded() -> None:
    group = {"objectType": "Group", "member": [{"name": "nobody"}] * (2 * PROBLEMS_MAX)}
    assert len(problems(STATEMENT | {"actor": group})) == PROBLEMS_MAX


@pytest.mark.parametrize(
    ("statement", "path", "reason"),
    [
        (changed(STATEMENT, "verb", to=REMOVED), "$.verb", "is missing"),
        (changed(STATEMENT, "verb", to=None), "$.verb", "must be an object, not null"),
        (changed(STATEMENT, "result", "success", to="true"), "$.result.success", "must be true or false"),
        (changed(STATEMENT, "result", "score", "scaled", to=1.5), "$.result.score.scaled", "must be at most 1"),
        (changed(STATEMENT, "dummy", to=1), "$.dummy", "is not a member that may stand here"),
        (
            changed(STATEMENT, "context", "Platform", to="x"),
            "$.context.Platform",
            "is not a member that may stand here; did you mean platform?",
        ),
        (
            changed(STATEMENT, "actor", to=LEARNER | TEACHER),
            "$.actor",
            "exactly one of mbox, mbox_sha1sum, openid and account must stand here",
        ),
        (
            changed(STATEMENT, "verb", "display", "something", to="x"),
            "$.verb.display.something",
            "is not shaped like a language tag of RFC 5646, such as en or pt-BR",
        ),
        (
            changed(STATEMENT, "context", "extensions", "tries", to=1),
            "$.context.extensions.tries",
            "is not an absolute IRI, such as https://example.com/activities/1",
        ),
        (
            changed(STATEMENT, "object", "definition", to={"choices": []}),
            "$.object.definition.interactionType",
            "an interaction needs an interactionType",
        ),
        (
            changed(STATEMENT, "object", "objectType", to="activity"),
            "$.object.objectType",
            "must be Activity, Agent, Group, StatementRef or, outside of a SubStatement, SubStatement",
        ),
        (changed(STATEMENT, "context", "team", "objectType", to="Agent"), "$.context.team.objectType", "must be Group"),
    ],
)
def test_reasons_are_in_plain_words(statement: Any, path: str, reason: str) -> None:
    first = problems(statement)[0]
    assert (first.path, first.reason) == (path, reason)


def test_a_value_of_the_wrong_type_is_told_once() -> None:
    """That null also lacks an identifier helps nobody."""
    assert [problem.rule for problem in problems(changed(STATEMENT, "actor", to=None))] == ["type"]
