"""Language tags, and which language of a map suits a reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi.languages import RANGES_MAX, choose_language, is_language_tag
from tests.xapi.strategies import language_maps, languages


@given(languages)
def test_tags_are_recognised(tag: str) -> None:
    assert is_language_tag(tag)


@pytest.mark.parametrize(
    "tag",
    [
        "de",
        "de-DE",
        "zh-Hant",
        "sr-Latn-RS",
        "cmn",
        "tlh",
        "ase",
        "es-MX",
        "zh-Hans-CN",
        "zh-cmn-Hans",
        "sl-rozaj-biske",
        "de-CH-1901",
        "EN-us",
        "en-a-bbb-x-a-ccc",
        "de-CH-x-phonebk",
        "x-whatever",
        "i-klingon",
        "en-GB-oed",
        "sgn-BE-FR",
    ],
)
def test_known_tags_are_recognised(tag: str) -> None:
    """Examples of RFC 5646, appendix A."""
    assert is_language_tag(tag)


@pytest.mark.parametrize(
    "tag",
    [
        "e",
        "something",
        "s-something",
        "zh-something-ccc",
        "a12345678",
        "en_US",
        "en-",
        "-en",
        "en--US",
        "en-US-",
        "12",
        "en-a",
        "en-US-GB",
        "x",
        "x-",
        "fr-toolongsubtag",
        "*",
        "ёж",
        "",
        "en us",
        "en\n",
    ],
)
def test_other_texts_are_none(tag: str) -> None:
    """Subtags have at most eight letters, and the order of their lengths is fixed (Data 2.2)."""
    assert not is_language_tag(tag)


MAP = {"en-US": "color", "en-GB": "colour", "fr": "couleur", "de-CH": "Farb", "de": "Farbe"}


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("en-GB", "en-GB"),
        ("EN-gb", "en-GB"),
        ("en", "en-US"),
        ("de", "de"),
        ("de-CH", "de-CH"),
        ("de-AT", "de"),
        ("en-AU", "en-US"),
        ("fr-CA-x-quebec", "fr"),
        ("es, fr", "fr"),
        ("fr;q=0.5, de;q=0.8", "de"),
        ("fr ; q=1, de;Q=0.8", "fr"),
        ("*", "en-US"),
        ("es, *;q=0.5", "en-US"),
        ("en-US;q=0, en", "en-GB"),
        ("fr, en-GB;q=0, *;q=0", "fr"),
        ("en-GB, en;q=0", "en-GB"),
        ("es", "en-US"),
        ("", "en-US"),
        ("*;q=0", "en-US"),
        ("; ,,q=, en-GB;q=2, fr", "fr"),
    ],
)
def test_the_best_language_is_chosen(header: str, tag: str) -> None:
    assert choose_language(MAP, header) == {tag: MAP[tag]}


@given(language_maps, st.lists(languages).map(", ".join) | st.text(max_size=30))
def test_one_language_of_the_map_is_left(language_map: dict[str, str], header: str) -> None:
    chosen = choose_language(language_map, header)
    assert len(chosen) == min(len(language_map), 1)
    assert chosen.items() <= language_map.items()


def test_only_the_first_ranges_of_a_long_header_are_read() -> None:
    assert choose_language(MAP, "es," * RANGES_MAX + "fr") == {"en-US": "color"}
