from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from lrs.errors import InvalidParameter
from lrs.limits import Limits
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.openings import Opening, is_name, opening_in_frame, parse_opening
from lrs.subscriptions.starts import After
from tests.samples import ANSWERED, COURSE_A, COURSE_B, LMS

LIMITS = Limits()
EVERYTHING = parse_filter({}, LIMITS)


@pytest.mark.parametrize("name", ["a", "s:1.a_b-c", "9", "x" * 64])
def test_a_name_is_letters_digits_and_some_marks(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ä", "a\n", '"', "a/b"])
def test_anything_else_is_no_name(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ({}, Opening(EVERYTHING, "now")),
        ({"after": "c1", "window": 1}, Opening(EVERYTHING, After("c1"), window=1)),
        ({"durable": "knowledge", "from": "beginning"}, Opening(EVERYTHING, "beginning", durable="knowledge")),
        ({"durable": "k", "reset": True, "window": 500}, Opening(EVERYTHING, "now", 500, "k", reset=True)),
    ],
)
def test_a_frame_is_read(frame: dict[str, Any], expected: Opening) -> None:
    assert opening_in_frame(frame, LIMITS) == expected


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        ({"window": 0}, "window"),
        ({"window": -1}, "window"),
        ({"window": True}, "window"),
        ({"window": 1.5}, "window"),
        ({"window": "5"}, "window"),
        ({"window": 10_001}, "window"),
        ({"durable": ""}, "durable"),
        ({"durable": 7}, "durable"),
        ({"durable": "a b"}, "durable"),
        ({"reset": True}, "reset"),
        ({"durable": "k", "reset": 1}, "reset"),
        ({"durable": "k", "after": 7}, "after"),
    ],
)
def test_what_a_frame_can_not_mean_is_named(frame: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        opening_in_frame(frame, LIMITS)


def opening(query: str) -> Any:
    return parse_opening(parse_qsl(query, keep_blank_values=True), LIMITS)


def test_a_url_without_parameters_opens_nothing() -> None:
    assert opening("") is None


def test_a_url_says_the_same_as_a_filter() -> None:
    found = opening(f"course={quote(COURSE_A)}&course={quote(COURSE_B)}&verb={quote(ANSWERED)}&after=c1")
    assert found.asked == parse_filter({"course": [COURSE_A, COURSE_B], "verb": [ANSWERED]}, LIMITS)
    assert found.start == After("c1")


def test_a_start_alone_opens_a_subscription_to_everything() -> None:
    assert opening("from=beginning") == Opening(parse_filter({}, LIMITS), "beginning")


def test_a_filter_alone_starts_now() -> None:
    assert opening("verb=x:y").start == "now"


@pytest.mark.parametrize("course", [COURSE_A, f"{LMS}/course/{COURSE_A}"])
def test_a_plus_that_was_left_unencoded_is_put_back(course: str) -> None:
    assert opening(f"course={course}").asked.courses == {COURSE_A}


def test_a_plus_in_an_iri_is_put_back() -> None:
    block = "block-v1:Org+A+2026+type@problem+block@b"
    assert (
        opening(f"activity={LMS}/xblock/{block}").asked == opening(f"activity={quote(LMS + '/xblock/' + block)}").asked
    )


def test_an_actor_stands_in_a_url_as_json_and_a_plus_in_its_address_is_put_back() -> None:
    plain = parse_filter({"actor": [{"mbox": "mailto:a+b@example.com"}]}, LIMITS)
    assert opening('actor={"mbox":"mailto:a%2Bb@example.com"}').asked == plain
    assert opening('actor={"mbox":"mailto:a+b@example.com"}').asked == plain


@pytest.mark.parametrize(
    "query",
    [
        "courses=x",
        "token=secret",
        "access_token=secret",
        "after=c1&from=now",
        "after=c1&after=c2",
        "from=whenever",
        "verb=",
        "course=Org",
        "actor=nobody",
        "actor={",
    ],
)
def test_a_url_that_is_not_understood_is_an_error_that_names_the_parameter(query: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        opening(query)
    assert query.partition("=")[0] in caught.value.message


def test_an_error_never_repeats_a_token() -> None:
    with pytest.raises(InvalidParameter) as caught:
        opening("token=very-secret")
    assert "very-secret" not in caught.value.message


def test_a_url_can_have_a_window_and_a_durable_name() -> None:
    found = opening("durable=knowledge&reset=true&window=20&from=beginning")
    assert found == Opening(EVERYTHING, "beginning", window=20, durable="knowledge", reset=True)
    assert opening("durable=knowledge") == Opening(EVERYTHING, "now", durable="knowledge")


@pytest.mark.parametrize(
    "query",
    ["window=", "window=x", "window=0", "window=1&window=2", "durable=", "durable=a&reset=1", "reset=true"],
)
def test_the_same_rules_hold_in_a_url(query: str) -> None:
    with pytest.raises(InvalidParameter, match=r"window|durable|reset"):
        opening(query)
