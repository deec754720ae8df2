"""When two Statements are the same (Data 2.3.1)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi.equivalent import equivalent
from tests.xapi.examples import (
    ATTACHMENT,
    CONTEXT_AGENT,
    COURSE,
    LEARNER,
    QUESTION,
    REMOVED,
    SIGNATURE,
    STATEMENT,
    TEACHER,
    TEAM,
    WITH_SUBSTATEMENT,
    Path,
    changed,
    name_of,
    nodes,
)
from tests.xapi.strategies import statements


@given(statements("2.0.0"))
def test_a_statement_is_equivalent_to_itself(statement: Any) -> None:
    assert equivalent(statement, copy.deepcopy(statement))


@given(statements("2.0.0"), statements("2.0.0"))
def test_the_order_of_the_two_does_not_matter(one: Any, other: Any) -> None:
    assert equivalent(one, other) == equivalent(other, one)


@given(statements("2.0.0"), st.randoms(use_true_random=False))
def test_the_order_of_names_does_not_matter(statement: Any, random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shuffled(value[name]) for name in random.sample(list(value), len(value))}
        return list(map(shuffled, value)) if isinstance(value, list) else value

    assert equivalent(shuffled(statement), statement)


@given(statements("2.0.0"))
def test_what_the_lrs_adds_does_not_count(statement: Any) -> None:
    sent = {name: value for name, value in statement.items() if name not in ("id", "timestamp", "version")}
    stored = sent | {
        "id": STATEMENT["id"],
        "timestamp": "2026-11-22T06:02:56.123Z",
        "stored": "2026-11-22T06:02:56.123Z",
        "authority": TEACHER,
        "version": "1.0.0",
    }
    assert equivalent(sent, stored)


SAME: dict[str, tuple[Path, Any]] = {
    "id in upper case": (("id",), STATEMENT["id"].upper()),
    "registration in upper case": (("context", "registration"), STATEMENT["context"]["registration"].upper()),
    "id of a StatementRef in lower case": (
        ("context", "statement", "id"),
        STATEMENT["context"]["statement"]["id"].lower(),
    ),
    "language in another case": (("context", "language"), "PT-br"),
    "domain in another case": (("actor", "mbox"), "mailto:ann@EXAMPLE.org"),
    "hash in upper case": (
        ("context", "team", "member", 1, "mbox_sha1sum"),
        "0123456789ABCDEF0123456789ABCDEF01234567",
    ),
    "timestamp in another zone": (("timestamp",), "2026-11-22T05:02:56.123Z"),
    "timestamp cut off to milliseconds": (("timestamp",), "2026-11-22T05:02:56.123999Z"),
    "other stored": (("stored",), "2027-01-01T00:00:00Z"),
    "other authority": (("authority",), TEACHER),
    "other version": (("version",), "1.0.3"),
    "other display": (("verb", "display"), {"fr": "a répondu"}),
    "no display": (("verb", "display"), REMOVED),
    "other definition": (("object", "definition"), {}),
    "no definition": (("object", "definition"), REMOVED),
    "other definition in the context": (("context", "contextActivities", "parent", 0, "definition"), {}),
    "members in another order": (("context", "team", "member"), TEAM["member"][::-1]),
    "a single context activity": (("context", "contextActivities", "parent"), COURSE),
    "an array of one context activity": (("context", "contextActivities", "grouping"), [COURSE]),
    "numbers written otherwise": (("result", "score", "raw"), 5.0),
    "no attachments": (("attachments",), REMOVED),
    "a signature": (("attachments", "+"), ATTACHMENT | {"usageType": SIGNATURE, "sha2": "0" * 64}),
    "an attachment described otherwise": (("attachments", 0, "display"), {"fr": "Essai"}),
}

DIFFERENT: dict[str, tuple[Path, Any]] = {
    "other id": (("id",), "fd41c918-b88b-4b20-a0a5-a4c32391aaa1"),
    "other actor": (("actor",), TEACHER),
    "local part in another case": (("actor", "mbox"), "mailto:Ann@example.org"),
    "other name": (("actor", "name"), "Anna"),
    "no objectType": (("actor", "objectType"), REMOVED),
    "other verb": (("verb", "id"), "https://example.org/verbs/asked"),
    "verb in another case": (("verb", "id"), "http://adlnet.gov/expapi/verbs/Answered"),
    "other object": (("object", "id"), "https://lms.example.org/xblock/8"),
    "object is an Agent": (("object",), LEARNER),
    "no result": (("result",), REMOVED),
    "other success": (("result", "success"), False),
    "completion is no number": (("result", "completion"), 0),
    "other score": (("result", "score", "raw"), 5.5),
    "duration in other units": (("result", "duration"), "PT90.5S"),
    "other result extension": (("result", "extensions", "https://example.org/x/tries"), [True, None, {"deep": {}}]),
    "other instant": (("timestamp",), "2026-11-22T05:02:56.124Z"),
    "fewer members": (("context", "team", "member"), TEAM["member"][:1]),
    "a context activity more": (("context", "contextActivities", "category"), [COURSE]),
    "other context activities": (("context", "contextActivities", "parent", 0), QUESTION),
    "other platform": (("context", "platform"), "Web"),
    "no context": (("context",), REMOVED),
    "other attachments": (("attachments", 0, "sha2"), "0" * 64),
}


@pytest.mark.parametrize(("path", "value"), SAME.values(), ids=SAME)
def test_differences_that_an_lrs_may_cause_are_ignored(path: Path, value: Any) -> None:
    assert equivalent(changed(STATEMENT, *path, to=value), STATEMENT)


@pytest.mark.parametrize(("path", "value"), DIFFERENT.values(), ids=DIFFERENT)
def test_all_other_differences_count(path: Path, value: Any) -> None:
    assert not equivalent(changed(STATEMENT, *path, to=value), STATEMENT)


IN_PARTS = {
    name: case
    for name, case in (SAME | DIFFERENT).items()
    if case[0][0] in ("actor", "verb", "result", "timestamp") or case[0][:2] == ("context", "team")
}


@pytest.mark.parametrize(("path", "value"), IN_PARTS.values(), ids=IN_PARTS)
def test_a_substatement_is_compared_like_a_statement(path: Path, value: Any) -> None:
    same = equivalent(changed(STATEMENT, *path, to=value), STATEMENT)
    assert equivalent(changed(WITH_SUBSTATEMENT, "object", *path, to=value), WITH_SUBSTATEMENT) == same


def test_the_timestamp_of_a_substatement_is_part_of_it() -> None:
    """No LRS sets it, so one without is another."""
    assert not equivalent(changed(WITH_SUBSTATEMENT, "object", "timestamp", to=REMOVED), WITH_SUBSTATEMENT)


COUNTED = [path for path, _ in nodes(STATEMENT["context"]) if path and not {"definition", "statement"} & set(path)]


@pytest.mark.parametrize("path", COUNTED, ids=name_of)
def test_nothing_in_the_context_may_be_missing(path: Path) -> None:
    assert not equivalent(changed(STATEMENT, "context", *path, to=REMOVED), STATEMENT)


def test_the_order_of_context_activities_counts() -> None:
    """Data 2.3.1 frees the order of un-ordered lists, and 2.4.2.2 calls only the members of Groups so."""
    parents = [COURSE, QUESTION]
    one = changed(STATEMENT, "context", "contextActivities", "parent", to=parents)
    assert not equivalent(one, changed(STATEMENT, "context", "contextActivities", "parent", to=parents[::-1]))


def test_context_agents_are_compared_as_agents() -> None:
    one = changed(STATEMENT, "context", "contextAgents", to=[CONTEXT_AGENT])
    upper = changed(one, "context", "contextAgents", 0, "agent", "mbox", to="mailto:ann@EXAMPLE.ORG")
    other = changed(one, "context", "contextAgents", 0, "agent", "mbox", to="mailto:bob@example.org")
    assert equivalent(upper, one)
    assert not equivalent(other, one)


def test_durations_are_compared_to_hundredths() -> None:
    """Data 4.6"""
    one = changed(STATEMENT, "result", "duration", to="P1DT12H36M0.12S")
    assert equivalent(changed(STATEMENT, "result", "duration", to="P1DT12H36M0.1237S"), one)


@pytest.mark.parametrize("part", ["context", "result"])
class TestIgnoredExtensions:
    """Writers that change an extension when they are upgraded must not be told that they contradict themselves."""

    NAME = "https://example.org/x/program"

    def test_they_do_not_count(self, part: str) -> None:
        one = changed(STATEMENT, part, "extensions", self.NAME, to="writer 1")
        other = changed(STATEMENT, part, "extensions", self.NAME, to="writer 2")
        assert not equivalent(one, other)
        assert equivalent(one, other, ignore_extensions={self.NAME})
        assert equivalent(one, STATEMENT, ignore_extensions={self.NAME})

    def test_others_still_count(self, part: str) -> None:
        one = changed(STATEMENT, part, "extensions", self.NAME, to="writer 1")
        other = changed(one, part, "extensions", "https://example.org/x/other", to=1)
        assert not equivalent(one, other, ignore_extensions={self.NAME})

    def test_they_may_be_all_there_are(self, part: str) -> None:
        one = changed(STATEMENT, part, "extensions", to={self.NAME: "writer 1"})
        other = changed(STATEMENT, part, "extensions", to=REMOVED)
        assert equivalent(one, other, ignore_extensions={self.NAME})
