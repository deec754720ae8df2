"""A veiled statement tells nothing of who it was, and is a statement still."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrs.auth.disclosure import Disclosure
from lrs.pseudonyms.naming import home_page, pseudonym
from lrs.pseudonyms.veil import Veil
from lrs.xapi.actors import ifi
from lrs.xapi.normalise import normalise
from lrs.xapi.validate import validator
from tests.pseudonyms.making import LMS, Maker, leaks, learners

STORED = "2026-11-22T10:00:00.123456Z"
PUBLIC = "https://lrs.example.org"
AUTHORITY = {"objectType": "Agent", "name": "lms", "account": {"homePage": PUBLIC, "name": "lms"}}
SECRETS = {"tools": bytes(32), "others": bytes(31) + b"1"}
ANN = {"objectType": "Agent", "name": "Ann Smith", "account": {"homePage": LMS, "name": "ann"}}

chances = st.integers(0, 2**32).map(random.Random)
hiding = st.sampled_from(
    [
        Disclosure.of("pseudonym", "tools"),
        Disclosure.of("none"),
        Disclosure.of("pseudonym", "tools", ["names", "mboxes", "response"]),
        Disclosure.of("none", None, ["mboxes"]),
    ]
)


def veil(disclosure: Disclosure) -> Veil:
    space = disclosure.space
    return Veil(disclosure, home_page(PUBLIC, space), lambda name: pseudonym(SECRETS[space or ""], name))


def stored(statement: dict[str, Any]) -> bytes:
    return orjson.dumps(statement | {"authority": AUTHORITY, "stored": STORED, "version": "1.0.3"})


def shown(disclosure: Disclosure, statement: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = orjson.loads(veil(disclosure).payload(stored(statement)))
    return made


def statement(actor: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"actor": actor, "verb": {"id": f"{LMS}/did"}, "object": {"id": f"{LMS}/it"}, **more}


@settings(deadline=None)
@given(chances, hiding)
def test_no_identifier_is_left_anywhere_and_it_is_a_valid_statement(
    chance: random.Random, disclosure: Disclosure
) -> None:
    people = learners(chance)
    made = Maker(chance, people).statement()
    normalise(made)
    raw = stored(made)
    answer = veil(disclosure).payload(raw)
    assert leaks(answer, people) == []
    told = orjson.loads(answer)
    validator("2.0.0").check({name: value for name, value in told.items() if name not in ("stored", "version")})
    assert (told["id"], told["stored"], told["verb"]["id"]) == (made["id"], STORED, made["verb"]["id"])


@settings(deadline=None)
@given(chances, st.sampled_from([Disclosure.of("pseudonym", "tools"), Disclosure.of("none")]))
def test_the_quick_way_and_the_slow_way_show_the_same(chance: random.Random, disclosure: Disclosure) -> None:
    people = learners(chance)
    maker = Maker(chance, people)
    for made in (maker.plain(), maker.statement()):
        raw = stored(made)
        quick, slow = veil(disclosure), veil(disclosure)
        slow._quick = None
        assert orjson.loads(quick.payload(raw)) == orjson.loads(slow.payload(raw))


def test_most_statements_take_the_quick_way() -> None:
    quick = veil(Disclosure.of("pseudonym", "tools"))._quick
    assert quick is not None
    assert quick.payload(stored(statement(ANN))) is not None
    assert quick.payload(stored(statement(ANN, context={"instructor": ANN}))) is None


def test_an_agent_is_an_account_whose_name_is_a_uuid() -> None:
    actor = shown(Disclosure.of("pseudonym", "tools"), statement(ANN))["actor"]
    name = pseudonym(SECRETS["tools"], ifi(ANN) or "")
    assert actor == {"objectType": "Agent", "account": {"homePage": f"{PUBLIC}/pseudonyms/tools", "name": name}}


def test_nobody_is_the_same_for_all_and_alone() -> None:
    bob = ANN | {"account": {"homePage": LMS, "name": "bob"}}
    group = {"objectType": "Group", "member": [ANN, bob]}
    one, other = (shown(Disclosure.of("none"), statement(actor))["actor"] for actor in (ANN, bob))
    assert one == other == {"objectType": "Agent", "account": {"homePage": f"{PUBLIC}/pseudonyms", "name": "anonymous"}}
    assert shown(Disclosure.of("none"), statement(group))["actor"]["member"] == [one]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("ann", True),
        ("user ann, again", True),
        ("https://lms.example.com/u/ANN/", True),
        ("u_ann_1", True),
        ("%61nn", True),
        ("planned", False),
        ("Annual", False),
        ("Ann Smith", True),
        ("ann+smith", True),
        ("a smith", False),
    ],
)
def test_a_short_name_is_found_where_it_stands_by_itself(text: str, hidden: bool) -> None:
    made = shown(Disclosure.of("pseudonym", "tools"), statement(ANN, result={"response": text}))
    assert (made["result"]["response"] != text) is hidden


def test_a_number_is_no_part_of_another_number_nor_of_a_time() -> None:
    one = {"account": {"homePage": LMS, "name": "10"}}
    extensions = {f"{LMS}/a": "user10", f"{LMS}/b": "2010", f"{LMS}/c": 10}
    told = shown(
        Disclosure.of("none"), statement(one, timestamp="2026-11-22T10:00:00.000Z", context={"extensions": extensions})
    )
    assert told["timestamp"] == "2026-11-22T10:00:00.000Z"
    assert told["stored"] == STORED
    assert told["context"]["extensions"] == {f"{LMS}/a": "useranonymous", f"{LMS}/b": "2010", f"{LMS}/c": 10}


def test_the_name_of_the_program_that_wrote_it_is_no_secret() -> None:
    """It may be any word; and the address of the platform holds it."""
    made = shown(Disclosure.of("pseudonym", "tools"), statement(ANN))
    assert made["object"]["id"].startswith("https://lms.")
    assert made["authority"]["account"]["name"] != "lms"


def test_stripping_alone_leaves_the_rest_as_stored() -> None:
    mail = {"mbox": "mailto:ann@example.com", "name": "Ann Smith"}
    told = {"response": "I am Ann Smith, ann@example.com or bob@example.com"}
    names = shown(Disclosure.of(strip=["names"]), statement(mail, result=told))
    assert names["actor"] == {"mbox": "mailto:ann@example.com"}
    assert names["result"]["response"] == "I am removed, ann@example.com or bob@example.com"
    mboxes = shown(Disclosure.of(strip=["mboxes"]), statement(mail, result=told))
    assert mboxes["actor"].keys() == {"mbox_sha1sum", "name"}
    digest = mboxes["actor"]["mbox_sha1sum"]
    assert mboxes["result"]["response"] == f"I am Ann Smith, {digest} or removed"
    response = shown(Disclosure.of(strip=["response"]), statement(ANN, result=told))
    assert response["actor"] == ANN
    assert response["result"] == {}


def test_the_response_of_a_substatement_is_stripped_too() -> None:
    inner = {"objectType": "SubStatement", **statement(ANN, result={"response": "x", "success": True})}
    made = shown(Disclosure.of(strip=["response"]), statement(ANN, object=inner))
    assert made["object"]["result"] == {"success": True}


@settings(deadline=None)
@given(chances)
def test_what_tells_a_learner_apart_in_one_space_tells_nothing_in_another(chance: random.Random) -> None:
    people = learners(chance)
    names = [name for one in people if (name := ifi(one.agent))]
    one, other = ({pseudonym(SECRETS[space], name) for name in names} for space in ("tools", "others"))
    assert len(one) == len(other) == len(people)
    assert not one & other


@settings(deadline=None)
@given(chances, st.sampled_from([Disclosure.of("pseudonym", "tools"), Disclosure.of("none")]))
def test_a_document_tells_nothing_of_its_agent(chance: random.Random, disclosure: Disclosure) -> None:
    people = learners(chance)
    owner = people[chance.randrange(len(people))]
    maker = Maker(chance, [owner])
    value = {"a": maker._extensions([owner]), maker._text([owner]): [maker._one([owner])]}
    assert leaks(veil(disclosure).json(orjson.dumps(value), ifi(owner.agent)), [owner]) == []
    text = veil(disclosure).text(maker._text([owner]).encode(), ifi(owner.agent))
    assert text is not None
    assert leaks(text, [owner]) == []


def test_bytes_that_mention_the_agent_are_not_shown() -> None:
    made = veil(Disclosure.of("pseudonym", "tools"))
    assert made.text(b"\xff ann \xff", ifi(ANN)) is None
    assert made.text(b"\xff\x00", ifi(ANN)) == b"\xff\x00"


def test_a_document_without_a_mention_keeps_its_bytes() -> None:
    raw = b'{ "a" : 1.0 }'
    assert veil(Disclosure.of("pseudonym", "tools")).json(raw, ifi(ANN)) is raw
