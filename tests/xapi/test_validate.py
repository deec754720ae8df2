"""What is a Statement of 1.0.3, and what is none: the decision of the compiled schemas and the rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from lrs.errors import InvalidStatement
from lrs.xapi.validate import EXPLAINED_BYTES_MAX, check_actor, check_agent, validator
from tests.xapi.examples import (
    ANONYMOUS,
    BAD_AGENTS,
    LEARNER,
    REMOVED,
    STATEMENT,
    TEACHER,
    TEAM,
    WITH_SUBSTATEMENT,
    Path,
    changed,
    name_of,
    nodes,
    renamed,
)
from tests.xapi.refusal import is_refused
from tests.xapi.strategies import statements

V1 = validator("1.0.3")
V2 = validator("2.0.0")
NODES = list(nodes(WITH_SUBSTATEMENT))


@pytest.mark.parametrize("statement", [STATEMENT, WITH_SUBSTATEMENT], ids=["plain", "nested"])
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_a_statement_with_every_member_is_accepted(statement: Any, version: str) -> None:
    validator(version).check(statement)


@given(statements("1.0.3"))
def test_valid_statements_of_1_0_3_are_accepted(statement: Any) -> None:
    V1.check(statement)


@given(statements("2.0.0"))
def test_valid_statements_of_2_0_0_are_accepted(statement: Any) -> None:
    V2.check(statement)


@given(statements("1.0.3"))
def test_2_0_0_accepts_what_1_0_3_accepts(statement: Any) -> None:
    V2.check(statement)


@pytest.mark.parametrize("path", [path for path, _ in NODES], ids=name_of)
def test_null_is_refused_everywhere(path: Path) -> None:
    """Data 2.2: null may stand inside of extensions only."""
    assert is_refused(changed(WITH_SUBSTATEMENT, *path, to=None))


LANGUAGE_MAPS = ("display", "description", "name")
MEMBERS = [
    path for path, _ in NODES if path and isinstance(path[-1], str) and not (path[-2:-1] and path[-2] in LANGUAGE_MAPS)
]


@pytest.mark.parametrize("path", MEMBERS, ids=name_of)
def test_the_case_of_names_matters(path: Path) -> None:
    """Data 2.2: where the case of a key does not match. Names of language maps and extensions are no such keys."""
    assert is_refused(renamed(WITH_SUBSTATEMENT, path, str(path[-1]).swapcase()))


OBJECTS = [path for path, node in NODES if isinstance(node, dict) and path[-1:] != ("extensions",)]


@pytest.mark.parametrize("path", OBJECTS, ids=name_of)
def test_unknown_members_are_refused_in_every_object(path: Path) -> None:
    assert is_refused(changed(WITH_SUBSTATEMENT, *path, "dummy_", to="x"))


@pytest.mark.parametrize("path", [path for path, node in NODES if isinstance(node, bool | int | float)], ids=name_of)
def test_numbers_and_booleans_are_no_strings(path: Path) -> None:
    assert is_refused(changed(WITH_SUBSTATEMENT, *path, to="1"))


@pytest.mark.parametrize("path", [path for path, node in NODES if isinstance(node, str)], ids=name_of)
def test_strings_are_no_numbers(path: Path) -> None:
    assert is_refused(changed(WITH_SUBSTATEMENT, *path, to=1))


FREE_TEXT = ("name", "response", "revision", "platform")
FREE_PARTS = {"display", "description", "correctResponsesPattern", "choices"}
FORMATTED = [
    (path, node)
    for path, node in NODES
    if isinstance(node, str) and path[-1] not in FREE_TEXT and path[-2:-1] != ("name",) and not FREE_PARTS & set(path)
]


@pytest.mark.parametrize(
    ("path", "text"), FORMATTED, ids=lambda value: name_of(value) if isinstance(value, tuple) else ""
)
def test_a_newline_after_a_value_with_a_format_is_refused(path: Path, text: str) -> None:
    """``$`` in a pattern is the very end."""
    assert is_refused(changed(WITH_SUBSTATEMENT, *path, to=text + "\n"))


@pytest.mark.parametrize("name", ["actor", "verb", "object"])
def test_actor_verb_and_object_must_stand(name: str) -> None:
    assert is_refused(changed(STATEMENT, name, to=REMOVED))
    assert is_refused(changed(WITH_SUBSTATEMENT, "object", name, to=REMOVED))


@pytest.mark.parametrize("value", [None, [], "x", 1, True])
def test_what_is_no_object_is_no_statement(value: Any) -> None:
    assert is_refused(value)


def test_the_error_names_the_place_in_a_batch() -> None:
    with pytest.raises(InvalidStatement, match=r"^not a valid Statement: \$\[3\]\.actor\.mbox is not mailto: and"):
        V1.check(changed(STATEMENT, "actor", "mbox", to="ann"), "$[3]")


def test_a_very_large_statement_is_refused_with_its_first_problem() -> None:
    """Explaining may not cost seconds."""
    group = {"objectType": "Group", "member": [*[LEARNER] * (EXPLAINED_BYTES_MAX // 50), {}, {}]}
    with pytest.raises(InvalidStatement) as caught:
        V1.check(STATEMENT | {"actor": group})
    (problem,) = caught.value.problems
    assert problem.path == f"$.actor.member[{EXPLAINED_BYTES_MAX // 50}]"


def test_an_anonymous_group_is_an_actor_but_can_not_be_asked_for() -> None:
    """Communication 2.1.3: the parameter agent is an Agent or an Identified Group."""
    check_actor(ANONYMOUS)
    with pytest.raises(InvalidStatement, match="agent exactly one of"):
        check_agent(ANONYMOUS, "agent")


@pytest.mark.parametrize("agent", [LEARNER, TEACHER, TEAM])
def test_agents_and_identified_groups_can_be_asked_for(agent: Any) -> None:
    check_agent(agent)


@pytest.mark.parametrize("agent", [*BAD_AGENTS.values(), True, None, "mailto:ann@example.org"])
def test_bad_agents_can_not_be_asked_for(agent: Any) -> None:
    with pytest.raises(InvalidStatement):
        check_agent(agent)
    with pytest.raises(InvalidStatement):
        check_actor(agent)
