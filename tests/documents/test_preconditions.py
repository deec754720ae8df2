"""If-Match and If-None-Match: as RFC 9110 has them, and as both versions of xAPI want them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.documents.documents import Kind
from lrs.documents.preconditions import Preconditions, check_put
from lrs.door.entity_tags import entity_tag
from lrs.errors import Conflict, InvalidParameter, LrsError, PreconditionFailed

TAG = entity_tag(b"present")
OTHER = entity_tag(b"other")
NONE = Preconditions()
PROFILES = (Kind.AGENT_PROFILE, Kind.ACTIVITY_PROFILE)

tags = st.sampled_from([TAG, OTHER, f"W/{TAG}", '""', '"a,b"', '"*"'])
headers = st.none() | st.just("*") | st.lists(tags, min_size=1, max_size=3).map(", ".join)


def parsed(if_match: str | None = None, if_none_match: str | None = None) -> Preconditions:
    return Preconditions.of(*([] if text is None else [text] for text in (if_match, if_none_match)))


def model(if_match: str | None, if_none_match: str | None, etag: str | None) -> bool:
    """RFC 9110 13.1.1 and 13.1.2, word for word."""
    present = etag is not None
    listed = [] if if_match is None else if_match.split(", ")
    if if_match == "*" and not present:
        return False
    if if_match not in (None, "*") and not (present and etag in listed):
        return False
    if if_none_match == "*":
        return not present
    if if_none_match is not None and etag is not None:
        return etag not in [tag.removeprefix("W/") for tag in if_none_match.split(", ")]
    return True


@given(headers, headers, st.sampled_from([None, TAG, OTHER]))
def test_preconditions_hold_as_the_rfc_says(if_match: str | None, if_none_match: str | None, etag: str | None) -> None:
    try:
        parsed(if_match, if_none_match).check(etag)
    except PreconditionFailed:
        held = False
    else:
        held = True
    assert held == model(if_match, if_none_match, etag)


@given(
    headers,
    headers,
    st.sampled_from([None, TAG, OTHER]),
    st.sampled_from(list(Kind)),
    st.sampled_from(["1.0.3", "2.0.0"]),
)
def test_a_put_is_judged_as_its_version_says(
    if_match: str | None, if_none_match: str | None, etag: str | None, kind: Kind, version: str
) -> None:
    """Communication 3.1, 9274.1.1 4.1.4."""
    expected: type[LrsError] | None = None
    if if_match is None and if_none_match is None:
        if version == "1.0.3" and kind is not Kind.STATE:
            expected = Conflict if etag else InvalidParameter
        elif version == "2.0.0" and etag:
            expected = Conflict
    elif not model(if_match, if_none_match, etag):
        expected = PreconditionFailed
    raised: type[LrsError] | None = None
    try:
        check_put(parsed(if_match, if_none_match), etag, kind, version)
    except LrsError as error:
        raised = type(error)
    assert raised is expected


def test_a_conflict_tells_what_to_do() -> None:
    """Communication 3.1: check the current state, set If-Match with the current ETag."""
    with pytest.raises(Conflict, match=r"Read its current state.* If-Match with its ETag"):
        check_put(NONE, TAG, Kind.ACTIVITY_PROFILE, "1.0.3")


@pytest.mark.parametrize(
    "lines",
    [
        [f"{OTHER},{TAG}"],
        [OTHER, TAG],
        [f" , {OTHER} ,\t{TAG} ,"],
        [f'"with,comma", {TAG}'],
        [TAG.strip('"')],
        [f"{OTHER.strip(chr(34))}, {TAG.strip(chr(34)).upper()}"],
    ],
    ids=str,
)
def test_a_list_matches_by_any_of_its_tags(lines: list[str]) -> None:
    """In one line or several, with empty elements, with commas inside of tags; also the bare SHA-1 of old clients."""
    Preconditions.of(lines, []).check(TAG)
    with pytest.raises(PreconditionFailed):
        Preconditions.of([], lines).check(TAG)


@pytest.mark.parametrize(
    "text",
    ["", " ", ",", "abc", '"open', 'open"', f"{TAG} {OTHER}", f"*, {TAG}", "**", 'w/"a"', "0" * 39, "W/" + "0" * 40],
)
def test_what_is_no_list_of_tags_is_refused(text: str) -> None:
    attempts: list[tuple[list[str], list[str]]] = [([text], []), ([], [text])]
    for attempt in attempts:
        with pytest.raises(InvalidParameter):
            Preconditions.of(*attempt)


def test_headers_that_were_not_sent_are_no_precondition() -> None:
    assert not Preconditions.of([], []).given()
    NONE.check(None)
    NONE.check(TAG)
