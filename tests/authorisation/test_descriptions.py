"""Persons and Activities are put together from what their reader may see, and from nothing else (invariant 4)."""

from __future__ import annotations

import json

import pytest

from tests.authorisation.making import LEARNERS, LMS, agent, block, seen_in
from tests.authorisation.matrix import Matrix
from tests.authorisation.stated import FOREIGN, GRANTS, A, B, Reader

SCOPES = (("statements/read/mine",), ("statements/read",), ("all/read",))
ACTIVITIES = (FOREIGN, f"{LMS}/xblock/anywhere", f"{LMS}/course/{A}", f"{LMS}/courses/{B}", block(A, 1))


def telling(matrix: Matrix, reader: Reader, parameter: str, value: str) -> set[int]:
    """Numbers of the statements that count: seen by the reader, holding it themselves, by a writer who may define."""
    seen = matrix.world.seen(reader)
    return {one.stated.number for one in seen if one.defines and (parameter, value) in one.stated.found_by}


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("scopes", SCOPES, ids=" ".join)
def test_a_person_has_the_names_in_statements_that_the_reader_sees(
    matrix: Matrix, scopes: tuple[str, ...], grant: str
) -> None:
    reader = Reader("quiz", scopes, grant)
    for learner in LEARNERS:
        answer = matrix.client(reader).get("agents", params={"agent": json.dumps(agent(learner))})
        numbers = telling(matrix, reader, "related_agents", learner)
        assert set(answer.json().get("name", ())) == {f"{learner} {number}" for number in numbers}


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("scopes", SCOPES, ids=" ".join)
def test_an_activity_is_defined_by_statements_that_the_reader_sees(
    matrix: Matrix, scopes: tuple[str, ...], grant: str
) -> None:
    reader = Reader("quiz", scopes, grant)
    for iri in ACTIVITIES:
        answer = matrix.client(reader).get("activities", params={"activityId": iri})
        numbers = telling(matrix, reader, "related_activities", iri)
        definition = answer.json().get("definition", {"extensions": {}})
        assert set(definition["extensions"]) == {seen_in(number) for number in numbers}
