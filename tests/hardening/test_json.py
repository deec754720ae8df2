"""JSON that other parsers take, or break on: all of it is refused with 400 before the writer sees it."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.hardening.conftest import Target, refused
from tests.samples import agent, statement

GOOD = json.dumps(statement(result={"score": {"raw": 7}, "response": "here"})).encode()
NUMBER, TEXT = b'"raw": 7', b'"here"'


def altered(part: bytes, by: bytes) -> bytes:
    """A good statement with one part replaced, under an id of its own."""
    made = json.dumps(statement(result={"score": {"raw": 7}, "response": "here"})).encode()
    assert made.count(part) == 1
    return made.replace(part, by)


def test_what_is_altered_here_is_otherwise_good(target: Target) -> None:
    """Otherwise the refusals below would prove nothing."""
    assert target.post(altered(NUMBER, b'"raw": 8')).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        altered(NUMBER, b'"raw": 1, "raw": 2'),
        altered(b'"verb":', b'"verb": {"id": "http://example.com/seen"}, "verb":'),
        altered(NUMBER, b'"raw": 1, "\\u0072aw": 2'),
        b'{"id": "%b", ' % str(uuid.uuid4()).encode() + altered(NUMBER, NUMBER)[1:],
    ],
    ids=["score", "verb", "escaped", "id"],
)
def test_one_name_twice(target: Target, body: bytes) -> None:
    """Let one reader see the first value and another the last."""
    assert refused(target.post(body), 400) == "malformed_json"


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "1e400",
        "-1e400",
        "0x10",
        "01",
        "+1",
        ".5",
        "1.",
        "1_000",
        "--1",
        "1e",
        "-",
    ],
)
def test_what_is_no_number(target: Target, number: str) -> None:
    """CPython's json takes the first three and writes them back as JSON that nobody else reads."""
    assert refused(target.post(altered(NUMBER, b'"raw": %b' % number.encode())), 400) == "malformed_json"


@pytest.mark.parametrize("number", ["9" * 5_000, "-" + "9" * 5_000, "9" * 1_000_000, str(2**63), str(-(2**63) - 1)])
def test_integers_beyond_what_the_store_holds(target: Target, number: str) -> None:
    """int() of over 4,300 digits raises ValueError, and 2^63 can't be bound to SQLite."""
    assert refused(target.post(altered(NUMBER, b'"raw": %b' % number.encode())), 400) == "malformed_json"


@pytest.mark.parametrize("number", ["1" + "0" * 300 + ".0", "0." + "1" * 100_000, "1e-400", "5e-324", str(2**63 - 1)])
def test_numbers_that_are_odd_but_valid(target: Target, number: str) -> None:
    """Pass limits by another spelling; what JSON allows and a double holds is stored."""
    assert target.post(altered(NUMBER, b'"raw": %b' % number.encode())).status_code == 200


@pytest.mark.parametrize("bomb", [b"[", b'{"a":', b'[{"a":'], ids=["arrays", "objects", "both"])
@pytest.mark.parametrize("levels", [65, 1_000, 100_000, 1_000_000])
def test_depth(target: Target, bomb: bytes, levels: int) -> None:
    """A hundred thousand brackets: a recursive parser overflows its stack, and RecursionError is not a ValueError."""
    closing = b"]" if bomb == b"[" else b"}" if bomb == b'{"a":' else b"}]"
    for body in (bomb * levels, bomb * levels + b"1" + closing * levels):
        assert refused(target.post(body), 400) == "malformed_json"


def test_depth_within_a_good_statement(target: Target) -> None:
    """Nest where the standard lets anything stand."""
    bomb = b'"context": {"extensions": {"http://example.com/x": %b}}' % (b"[" * 1_000 + b"]" * 1_000)
    assert refused(target.post(GOOD[:-1] + b"," + bomb + b"}"), 400) == "malformed_json"


@pytest.mark.parametrize(
    "text",
    [b'"\\ud800"', b'"\\udfff"', b'"\\ud800\\ud800"', b'"\\udc00\\ud800"', b'"\\ud800x"', b'"\xed\xa0\x80"'],
)
def test_lone_surrogates(target: Target, text: bytes) -> None:
    """Half a character: str.encode() raises when it is stored or sent on."""
    assert refused(target.post(altered(TEXT, text)), 400) == "malformed_json"


@pytest.mark.parametrize("text", [b'"a\\u0000b"', b'"a\x00b"', b'"a\nb"', b'"a\x1fb"', b'"\\x41"', b"'a'", b'"a'])
def test_characters_that_json_or_the_store_has_not(target: Target, text: bytes) -> None:
    """NUL ends strings in C, and control characters break lines of logs."""
    assert refused(target.post(altered(TEXT, text)), 400) == "malformed_json"


@pytest.mark.parametrize(
    "text",
    [b'"\xff"', b'"\xc0\xaf"', b'"\xe0\x80\xaf"', b'"\xf4\x90\x80\x80"', b'"\xc3"', b'"\x80"'],
    ids=["ff", "overlong", "overlong of 3", "beyond unicode", "cut off", "continuation"],
)
def test_what_is_not_utf_8(target: Target, text: bytes) -> None:
    """Overlong forms hide characters from filters."""
    assert refused(target.post(altered(TEXT, text)), 400) == "malformed_json"


@pytest.mark.parametrize(
    "body",
    [b"\xef\xbb\xbf" + GOOD, *(GOOD.decode().encode(name) for name in ("utf-16", "utf-16-le", "utf-32"))],
    ids=["byte order mark", "UTF-16", "UTF-16 without mark", "UTF-32"],
)
def test_another_encoding(target: Target, body: bytes) -> None:
    """json.loads guesses the encoding of bytes; a filter before it may guess another."""
    assert refused(target.post(body), 400) == "malformed_json"


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"\x00", b"nul", b"{", b"}", b"{}{}", GOOD + b",", GOOD + GOOD, b"[" + GOOD + b",]", GOOD + b"\x00"],
)
def test_what_is_no_json(target: Target, body: bytes) -> None:
    """Garbage, and good JSON with something behind it."""
    assert refused(target.post(body), 400) == "malformed_json"


@pytest.mark.parametrize("body", [b"null", b"1", b'"x"', b"true", b"[null]", b"[[]]", b"[1]", b'["x"]', b"{}", b"[{}]"])
def test_json_that_is_no_statement(target: Target, body: bytes) -> None:
    """Reach code that expects a mapping."""
    assert refused(target.post(body), 400) == "invalid_statement"


@pytest.mark.parametrize(
    "member",
    [b'"__class__": 1', b'"__proto__": {}', b'"constructor": {}', b'"": 1', b'"a\\u0022b": 1', b'"$ref": "#"'],
)
def test_names_that_mean_something_elsewhere(target: Target, member: bytes) -> None:
    """Pollute prototypes or attributes; a statement has no such members."""
    assert refused(target.post(GOOD[:-1] + b"," + member + b"}"), 400) == "invalid_statement"


def test_a_hundred_thousand_members_and_elements(target: Target) -> None:
    """Make hashing and reporting take long: the report stays short."""
    many = b",".join(b'"x%d": 1' % number for number in range(100_000))
    assert refused(target.post(GOOD[:-1] + b"," + many + b"}"), 400) == "invalid_statement"
    assert refused(target.post(b"[" + b",".join([b"1"] * 9_000) + b"]"), 400) == "invalid_statement"


def test_a_very_long_string(target: Target) -> None:
    """Ten megabytes in one name, one value, one id."""
    long = b"x" * 10_000_000
    assert target.post(altered(TEXT, b'"%b"' % long)).status_code == 200
    assert refused(target.post(GOOD[:-1] + b',"%b": 1}' % long), 400) == "invalid_statement"
    assert refused(target.post(b'{"id": "%b"}' % long), 400) == "invalid_statement"


@pytest.mark.parametrize(
    "given",
    [
        "[" * 1_000,
        '{"mbox":NaN}',
        '{"mbox":"mailto:a@b.c","mbox":"mailto:d@e.f"}',
        '{"mbox":"\\ud800"}',
        "\x00",
        "1",
        "",
    ],
)
def test_the_same_in_a_parameter(target: Target, given: str) -> None:
    """JSON comes in by the query string as well."""
    assert refused(target.request("GET", params={"agent": given}), 400) == "invalid_parameter"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":"\\ud800"}', b"\xff"])
def test_the_same_in_a_document_that_is_merged(target: Target, body: bytes) -> None:
    """Documents are opaque until one is merged into another: then they are read."""
    place = {"activityId": "http://example.com/a", "agent": json.dumps(agent()), "stateId": str(uuid.uuid4())}
    path, headers = "/xapi/activities/state", {"Content-Type": "application/json"}
    for stored in (b'{"b":1}', body):
        target.request("PUT", path, params=place, content=stored, headers=headers)
        answer = target.request("POST", path, params=place, content=body, headers=headers)
        refused(answer, 400)
