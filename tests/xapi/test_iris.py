"""What is an IRI (Data 4.3)."""

from __future__ import annotations

import pytest
from hypothesis import given

from lrs.xapi.iris import is_iri
from tests.xapi.strategies import iris


@given(iris)
def test_iris_are_recognised(text: str) -> None:
    assert is_iri(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://adlnet.gov/expapi/verbs/answered",
        "https://lms.example.org/xblock/block-v1:Org+C1+2026+type@problem+block@0a1b",
        "https://w3id.org/xapi/video/extensions/time",
        "urn:uuid:438ad672-de2c-4f0b-8876-35444e7dd746",
        "mailto:ann@example.org",
        "http://example.com/فعل/خواندن",
        "tag:example.org,2026:x",
        "https://example.org/a%20b?c=d&e[0]=f#g",
    ],
)
def test_known_iris_are_recognised(text: str) -> None:
    assert is_iri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "should fail",
        "www.example.org/no/scheme",
        "//example.org/no/scheme",
        "/path",
        "#fragment",
        ":no-scheme",
        "1http://example.org",
        "ab=c://should.fail.com",
        "http:",
        "https://example.org/a b",
        "https://example.org/a\n",
        "https://example.org/<x>",
        'https://example.org/"x"',
        "https://example.org/{x}",
        "https://example.org/a|b",
        "https://example.org/a\\b",
        "https://example.org/^",
        "https://example.org/`",
        "https://example.org/%",
        "https://example.org/%4",
        "https://example.org/%zz",
        "https://example.org/#a#b",
        "https://example.org/\x7f",
        "https://example.org/\x85",
        "438AD672-DE2C-4F0B-8876-35444E7DD746",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    assert not is_iri(text)
