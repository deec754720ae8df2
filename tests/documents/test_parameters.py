"""What parameters the document resources take, and what they refuse (Communication 3.2)."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from lrs.documents.documents import Context, Kind
from lrs.documents.parameters import Target, parse_target
from lrs.errors import InvalidParameter
from lrs.limits import DEFAULT_LIMITS
from tests.samples import agent

ANN = json.dumps(agent("ann"))
ANN_IFI = "account|https://lms.example.com|ann"
REGISTRATION = UUID(int=7)
ACTIVITY = "https://x.org/a?b=ü#c"
METHODS = ("GET", "PUT", "POST", "DELETE")

WITHIN: dict[Kind, dict[str, str]] = {
    Kind.STATE: {"activityId": ACTIVITY, "agent": ANN, "registration": str(REGISTRATION)},
    Kind.AGENT_PROFILE: {"agent": ANN},
    Kind.ACTIVITY_PROFILE: {"activityId": ACTIVITY},
}
NAME = {Kind.STATE: "stateId", Kind.AGENT_PROFILE: "profileId", Kind.ACTIVITY_PROFILE: "profileId"}
CONTEXT = {
    Kind.STATE: Context(Kind.STATE, ACTIVITY, ANN_IFI, REGISTRATION),
    Kind.AGENT_PROFILE: Context(Kind.AGENT_PROFILE, agent=ANN_IFI),
    Kind.ACTIVITY_PROFILE: Context(Kind.ACTIVITY_PROFILE, ACTIVITY),
}


def parsed(kind: Kind, method: str, version: str = "1.0.3", **given: str) -> Target:
    return parse_target(kind, method, list(given.items()), version, DEFAULT_LIMITS)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("method", METHODS)
def test_one_document_is_named_by_all_its_parameters(kind: Kind, method: str) -> None:
    assert parsed(kind, method, **WITHIN[kind], **{NAME[kind]: "id"}) == Target(CONTEXT[kind], "id", None)


@pytest.mark.parametrize("kind", Kind)
def test_a_get_without_an_id_is_for_the_list(kind: Kind) -> None:
    found = parsed(kind, "GET", **WITHIN[kind], since="1970-01-01T00:00:01Z")
    assert found == Target(CONTEXT[kind], None, 1_000_000)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_only_states_are_deleted_without_an_id(kind: Kind, method: str) -> None:
    if (kind, method) == (Kind.STATE, "DELETE"):
        assert parsed(kind, method, **WITHIN[kind]).id is None
    else:
        with pytest.raises(InvalidParameter, match=f"{NAME[kind]} is missing"):
            parsed(kind, method, **WITHIN[kind])


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("method", METHODS)
def test_what_is_required_must_be_there(kind: Kind, method: str) -> None:
    for name in WITHIN[kind].keys() - {"registration"}:
        given = WITHIN[kind] | {NAME[kind]: "id"}
        del given[name]
        with pytest.raises(InvalidParameter, match=f"{name} is missing"):
            parsed(kind, method, **given)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("method", METHODS)
def test_unknown_repeated_and_wrongly_spelt_parameters_are_refused(kind: Kind, method: str) -> None:
    given = WITHIN[kind] | {NAME[kind]: "id"}
    every = {name for within in WITHIN.values() for name in within} | {"stateId", "profileId"}
    foreign = (every - given.keys()) | {"x", "", "StateId", "ActivityId", "AGENT", "Registration", "limit"}
    for name in foreign:
        with pytest.raises(InvalidParameter, match="unknown parameter"):
            parsed(kind, method, **given, **{name: ACTIVITY})
    for name in given:
        with pytest.raises(InvalidParameter, match="more than once"):
            parse_target(kind, method, [*given.items(), (name, given[name])], "1.0.3", DEFAULT_LIMITS)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("method", METHODS)
def test_since_is_for_lists_only(kind: Kind, method: str) -> None:
    with pytest.raises(InvalidParameter, match="since"):
        parsed(kind, method, **WITHIN[kind], **{NAME[kind]: "id"}, since="2026-01-01T00:00:00Z")


BAD: list[tuple[str, Any]] = [
    *(("activityId", text) for text in ("", "abc", "x y:z", "//x.org/a", "a/b")),
    *(("registration", text) for text in ("", "true", "7", "{00000000-0000-0000-0000-000000000007}", "0" * 32)),
    *(("since", text) for text in ("", "true", "yesterday", "2026-13-01T00:00:00Z", "1763791376")),
    *(
        ("agent", text)
        for text in (
            "",
            "true",
            "not JSON",
            "{}",
            "[]",
            "null",
            '{"objectType":"Agent"}',
            '{"name":"Ann"}',
            '{"mbox":"ann@x.org"}',
            '{"mbox":"mailto:ann@x.org","openid":"https://x.org/ann"}',
            '{"mbox":"mailto:ann@x.org","mbox":"mailto:bob@x.org"}',
            '{"mbox":"mailto:ann@x.org","unknown":1}',
            '{"mbox":null}',
            '{"objectType":"agent","mbox":"mailto:ann@x.org"}',
            '{"objectType":"Group","member":[{"mbox":"mailto:ann@x.org"}]}',
            '{"mbox":"mailto:ann@x.org"}{',
            "[" * 10_000,
        )
    ),
]


@pytest.mark.parametrize(("name", "text"), BAD)
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_malformed_values_are_refused(name: str, text: str, version: str) -> None:
    given = WITHIN[Kind.STATE] | {name: text}
    with pytest.raises(InvalidParameter, match=name):
        parsed(Kind.STATE, "GET", version, **given)


@pytest.mark.parametrize("kind", Kind)
def test_an_empty_id_is_refused(kind: Kind) -> None:
    """It looks like an id that was lost on the way, and DELETE without one deletes everything."""
    for method in METHODS:
        with pytest.raises(InvalidParameter, match="is empty"):
            parsed(kind, method, **WITHIN[kind], **{NAME[kind]: ""})


def test_a_registration_is_known_in_upper_and_lower_case() -> None:
    registration = uuid4()
    for text in (str(registration), str(registration).upper()):
        assert (
            parsed(Kind.STATE, "GET", **WITHIN[Kind.STATE] | {"registration": text}).context.registration
            == registration
        )
