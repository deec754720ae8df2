"""What the schemas say about actors, objects, contexts, attachments and versions, one rule at a time."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.xapi.validate import validator
from tests.xapi.examples import (
    ANONYMOUS,
    ATTACHMENT,
    BAD_AGENTS,
    CONTEXT_AGENT,
    CONTEXT_GROUP,
    COURSE,
    LEARNER,
    QUESTION,
    REMOVED,
    SIGNATURE,
    STATEMENT,
    SUBSTATEMENT,
    TEACHER,
    TEAM,
    VOIDED,
    WITH_SUBSTATEMENT,
    Path,
    changed,
    name_of,
)
from tests.xapi.refusal import is_refused

V1 = validator("1.0.3")
V2 = validator("2.0.0")

AGENT_PLACES: list[Path] = [
    ("actor",),
    ("authority",),
    ("context", "instructor"),
    ("context", "team", "member", 0),
    ("object", "actor"),
    ("object", "context", "instructor"),
]


@pytest.mark.parametrize("place", AGENT_PLACES, ids=name_of)
@pytest.mark.parametrize("agent", BAD_AGENTS.values(), ids=BAD_AGENTS)
def test_bad_agents_are_refused_in_every_place(place: Path, agent: Any) -> None:
    """Data 2.4.2"""
    assert is_refused(changed(WITH_SUBSTATEMENT, *place, to=agent))


GROUP_PLACES: list[Path] = [
    ("actor",),
    ("context", "instructor"),
    ("context", "team"),
    ("object", "actor"),
    ("object",),
]
BAD_GROUPS = {
    "anonymous without member": {"objectType": "Group", "name": "Blue"},
    "anonymous with no members": ANONYMOUS | {"member": []},
    "a Group in a Group": ANONYMOUS | {"member": [TEAM]},
    "member is no array": ANONYMOUS | {"member": LEARNER},
    "two identifiers": TEAM | TEACHER,
    "objectType in lower case": ANONYMOUS | {"objectType": "group"},
}


@pytest.mark.parametrize("place", GROUP_PLACES, ids=name_of)
@pytest.mark.parametrize("group", BAD_GROUPS.values(), ids=BAD_GROUPS)
def test_bad_groups_are_refused_in_every_place(place: Path, group: Any) -> None:
    """Data 2.4.2.2"""
    assert is_refused(changed(WITH_SUBSTATEMENT, *place, to=group))


@pytest.mark.parametrize("place", GROUP_PLACES, ids=name_of)
@pytest.mark.parametrize(
    "group", [ANONYMOUS, TEAM, changed(TEAM, "member", to=REMOVED), changed(TEAM, "member", to=[])]
)
def test_good_groups_are_accepted_in_every_place(place: Path, group: Any) -> None:
    V1.check(changed(WITH_SUBSTATEMENT, *place, to=group))


def test_a_team_is_a_group() -> None:
    assert is_refused(changed(STATEMENT, "context", "team", to=LEARNER))


@pytest.mark.parametrize(
    "authority",
    [
        TEAM,
        ANONYMOUS,
        ANONYMOUS | {"member": [LEARNER, TEACHER, TEACHER]},
        ANONYMOUS | TEACHER | {"member": [LEARNER, TEACHER]},
    ],
)
def test_an_authority_is_an_agent_or_two(authority: Any) -> None:
    """Data 2.4.9: a Group there is anonymous and has exactly two members."""
    assert is_refused(changed(STATEMENT, "authority", to=authority))


@pytest.mark.parametrize(
    "target",
    [
        LEARNER | {"objectType": "Activity"},
        changed(LEARNER, "objectType", to=REMOVED),
        QUESTION | {"objectType": "activity"},
        QUESTION | {"objectType": "GroupActivity"},
        {"objectType": "StatementRef"},
        {"objectType": "StatementRef", "id": "not-a-uuid"},
        {"objectType": "StatementRef", "id": STATEMENT["id"], "definition": {}},
        {"id": STATEMENT["id"]},
        {"objectType": "Activity"},
        {},
        [],
        "https://example.org/activity",
    ],
)
def test_objects_are_what_their_object_type_says(target: Any) -> None:
    """Data 2.4.4; without objectType it is an Activity, so an Agent must state it."""
    assert is_refused(changed(STATEMENT, "object", to=target))


@pytest.mark.parametrize("name", ["id", "stored", "version", "authority"])
def test_a_substatement_has_nothing_that_the_lrs_sets(name: str) -> None:
    assert is_refused(changed(WITH_SUBSTATEMENT, "object", name, to=STATEMENT[name]))


def test_a_substatement_holds_no_substatement() -> None:
    inner = changed(WITH_SUBSTATEMENT["object"], "context", to=REMOVED)
    assert is_refused(changed(WITH_SUBSTATEMENT, "object", "object", to=inner))


@pytest.mark.parametrize("name", ["revision", "platform"])
@pytest.mark.parametrize("target", [LEARNER, TEAM, {"objectType": "StatementRef", "id": STATEMENT["id"]}])
def test_revision_and_platform_stand_beside_activities_only(name: str, target: Any) -> None:
    """Data 2.4.6"""
    assert is_refused({"actor": LEARNER, "verb": STATEMENT["verb"], "object": target, "context": {name: "1"}})


def test_an_object_without_object_type_is_an_activity_also_beside_platform() -> None:
    V1.check(changed(STATEMENT, "object", "objectType", to=REMOVED))


@pytest.mark.parametrize("target", [QUESTION, LEARNER, SUBSTATEMENT])
def test_only_a_statement_ref_can_be_voided(target: Any) -> None:
    """Data 2.3.2"""
    assert is_refused({"actor": LEARNER, "verb": {"id": VOIDED}, "object": target})
    V1.check(
        {"actor": LEARNER, "verb": {"id": VOIDED}, "object": {"objectType": "StatementRef", "id": STATEMENT["id"]}}
    )


@pytest.mark.parametrize("name", ["correctResponsesPattern", "choices", "scale", "source", "target", "steps"])
def test_parts_of_an_interaction_need_its_type(name: str) -> None:
    assert is_refused(changed(STATEMENT, "object", "definition", to={name: []}))


@pytest.mark.parametrize("path", [("contextActivities", "parent", 0), ("contextActivities", "grouping")])
def test_context_activities_are_activities(path: Path) -> None:
    assert is_refused(changed(STATEMENT, "context", *path, to=LEARNER))
    assert is_refused(changed(STATEMENT, "context", *path, to={"objectType": "Activity"}))


def test_context_activities_have_four_kinds() -> None:
    assert is_refused(changed(STATEMENT, "context", "contextActivities", "consequence", to=[COURSE]))


@pytest.mark.parametrize("name", ["usageType", "display", "contentType", "length", "sha2"])
def test_attachments_need_all_but_description_and_file_url(name: str) -> None:
    assert is_refused(changed(STATEMENT, "attachments", 0, name, to=REMOVED))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("length", 27.5),
        ("length", -1),
        ("sha2", "not hexadecimal"),
        ("sha2", "0" * 63),
        ("contentType", "text"),
        ("contentType", ""),
        ("fileUrl", "files/essay"),
        ("usageType", "essay"),
        ("usageType", SIGNATURE),
    ],
)
def test_attachments_with_wrong_values_are_refused(name: str, value: Any) -> None:
    """Data 2.4.11; a signature is application/octet-stream (2.6)."""
    assert is_refused(changed(STATEMENT, "attachments", 0, name, to=value))


def test_a_signature_is_an_octet_stream() -> None:
    V1.check(
        changed(
            STATEMENT,
            "attachments",
            0,
            to=ATTACHMENT | {"usageType": SIGNATURE, "contentType": "application/octet-stream"},
        )
    )


@pytest.mark.parametrize("version", ["1.0", "1.0.0", "1.0.9", "1.0.3-beta"])
def test_versions_that_start_with_1_0_are_accepted(version: str) -> None:
    """Data 2.4.10"""
    V1.check(STATEMENT | {"version": version})
    V2.check(STATEMENT | {"version": version})


@pytest.mark.parametrize("version", ["0.9.9", "1.1.0", "1", "10.0", "1.0.", "1.0.x", "v1.0.0", "2.1.0", "3.0.0", ""])
def test_other_versions_are_refused(version: str) -> None:
    assert is_refused(STATEMENT | {"version": version})
    assert is_refused(STATEMENT | {"version": version}, "2.0.0")


def test_version_2_stands_only_in_requests_of_2_0() -> None:
    V2.check(STATEMENT | {"version": "2.0.0"})
    assert is_refused(STATEMENT | {"version": "2.0.0"})


@pytest.mark.parametrize(("name", "entry"), [("contextAgents", CONTEXT_AGENT), ("contextGroups", CONTEXT_GROUP)])
class TestContextAgentsAndGroups:
    """9274.1.1 4.2.2.5"""

    def test_they_are_new_in_2_0(self, name: str, entry: Any) -> None:
        statement = changed(STATEMENT, "context", name, to=[entry])
        V2.check(statement)
        assert is_refused(statement)

    def test_they_may_stand_in_a_substatement(self, name: str, entry: Any) -> None:
        V2.check(changed(WITH_SUBSTATEMENT, "object", "context", name, to=[entry]))

    @pytest.mark.parametrize(
        "change",
        [
            {"objectType": "Agent"},
            {"objectType": REMOVED},
            {"agent": {}, "group": {}},
            {"agent": REMOVED, "group": REMOVED},
            {"agent": TEAM, "group": LEARNER},
            {"relevantTypes": []},
            {"relevantTypes": ["tutor"]},
            {"relevantTypes": "https://example.org/types/tutor"},
            {"role": "tutor"},
        ],
    )
    def test_wrong_entries_are_refused(self, name: str, entry: Any, change: dict[str, Any]) -> None:
        made = dict(entry)
        for member, value in change.items():
            if value is REMOVED:
                made.pop(member, None)
            elif member in made or member == "role":
                made[member] = value
        assert is_refused(changed(STATEMENT, "context", name, to=[made]), "2.0.0")

    def test_relevant_types_are_optional(self, name: str, entry: Any) -> None:
        V2.check(changed(STATEMENT, "context", name, to=[changed(entry, "relevantTypes", to=REMOVED)]))
