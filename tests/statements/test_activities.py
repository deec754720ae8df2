"""An Activity as statements describe it (Communication 2.5)."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.statements.activities import described
from tests.samples import statement

ID = "https://x.org/activities/1"
DEFINITION = {
    "name": {"en": "Question"},
    "description": {"en": "A question"},
    "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
    "moreInfo": "https://x.org/more",
    "interactionType": "choice",
    "correctResponsesPattern": ["a"],
    "choices": [{"id": "a", "description": {"en": "A"}}],
    "extensions": {"https://x.org/e": 1},
}


def about(definition: dict[str, Any] | None, activity_id: str = ID) -> dict[str, Any]:
    target: dict[str, Any] = {"objectType": "Activity", "id": activity_id}
    return statement(object=target if definition is None else target | {"definition": definition})


def defined(*definitions: dict[str, Any]) -> Any:
    """The definition after these were stored one after the other."""
    return described(ID, [about(one) for one in reversed(definitions)]).get("definition")


def test_an_unknown_activity_has_its_id() -> None:
    """9274.1.1 4.1.6.4."""
    assert described(ID, []) == {"objectType": "Activity", "id": ID}
    assert described(ID, [about(None), about({})]) == {"objectType": "Activity", "id": ID}


def test_one_definition_comes_back_as_it_was() -> None:
    assert described(ID, [about(DEFINITION)]) == {"objectType": "Activity", "id": ID, "definition": DEFINITION}


@pytest.mark.parametrize("name", ["name", "description", "extensions"])
def test_maps_are_merged_entry_by_entry_and_the_newest_counts(name: str) -> None:
    assert defined({name: {"a:a": "1", "b:b": "1"}}, {name: {"b:b": "2", "c:c": "2"}}) == {
        name: {"a:a": "1", "b:b": "2", "c:c": "2"}
    }


def test_other_members_are_replaced_and_stay_when_they_are_left_out() -> None:
    newer = {"type": "https://x.org/type", "moreInfo": "https://x.org/newer"}
    assert defined(DEFINITION, newer) == DEFINITION | newer
    assert defined(newer, {"name": {"en": "x"}}) == newer | {"name": {"en": "x"}}


def test_an_interaction_is_replaced_as_a_whole() -> None:
    """Choices of one question with the answer of another would be a question that nobody asked."""
    newer = {"interactionType": "true-false", "correctResponsesPattern": ["true"]}
    assert defined(DEFINITION, newer) == {k: v for k, v in DEFINITION.items() if k != "choices"} | newer


def test_merging_leaves_the_statements_as_they_are() -> None:
    first, second = about({"name": {"en": "1"}}), about({"name": {"de": "2"}})
    described(ID, [second, first])
    assert first["object"]["definition"] == {"name": {"en": "1"}}


@pytest.mark.parametrize("place", ["parent", "grouping", "category", "other"])
def test_an_activity_is_found_in_contexts_and_substatements(place: str) -> None:
    inside = {
        "contextActivities": {place: [{"id": ID, "definition": {"name": {"en": "x"}}}, {"id": "https://x.org/2"}]}
    }
    nested = {
        "objectType": "SubStatement",
        "actor": {"mbox": "mailto:a@x.org"},
        "verb": {"id": "x:y"},
        "object": {"id": "https://x.org/3"},
        "context": inside,
    }
    for made in (statement(context=inside), statement(object=nested)):
        assert described(ID, [made])["definition"] == {"name": {"en": "x"}}


def test_ids_are_compared_exactly() -> None:
    """Data 3.1: IRIs are neither resolved nor normalised."""
    for other in (f"{ID}/", f"{ID}#", "https://x.org/activities/./1", ID.upper()):
        assert "definition" not in described(ID, [about(DEFINITION, other)])
