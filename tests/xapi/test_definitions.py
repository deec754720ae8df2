"""The schemas are sound, and their patterns mean the same to both validators."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi.definitions import TYPES, documents, pattern, statement_uri
from lrs.xapi.versions import VERSIONS
from tests.xapi.strategies import durations, iris, languages, timestamps, utc_timestamps, uuids

NAMES = [name for name, definition in documents()[TYPES]["$defs"].items() if "pattern" in definition]
EDGES = (
    "aZ09:/?#[]@!$&'()*+,;=%._~- \t\n\r\x00\x1f\x7f\x85\xa0\u2028\ufeff\ufffe\uffff\U0001f600éPTWYMDHSz\"\\<>^`{|}xX"
)

samples = st.one_of(
    iris,
    uuids,
    languages,
    durations(),
    timestamps(),
    utc_timestamps(),
    st.sampled_from(["mailto:ann@example.org", "0" * 40, "0" * 64, "text/plain; charset=utf-8", "openid:x", ""]),
)


@st.composite
def near_misses(draw: st.DrawFn) -> str:
    """A text that may fit some pattern, with a few letters put in or taken out."""
    text: str = draw(samples)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(EDGES)) + text[at + draw(st.integers(0, 1)) :]
    return text


def all_patterns(node: Any) -> list[str]:
    if isinstance(node, list):
        return [text for part in node for text in all_patterns(part)]
    if not isinstance(node, dict):
        return []
    own = [str(node["pattern"])] if isinstance(node.get("pattern"), str) else []
    return own + all_patterns([part for name, part in node.items() if name != "x-reason"])


PATTERNS = all_patterns(list(documents().values()))


@pytest.mark.parametrize("uri", list(documents()))
def test_schemas_follow_the_meta_schema(uri: str) -> None:
    jsonschema.Draft202012Validator.check_schema(documents()[uri])
    jsonschema_rs.meta.validate(documents()[uri])


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_has_a_schema(version: str) -> None:
    assert statement_uri(version) in documents()


@pytest.mark.parametrize("text", PATTERNS)
def test_patterns_use_only_what_all_engines_understand_alike(text: str) -> None:
    """No short classes, whose letters differ, no look-around or back references; anchored at both ends."""
    assert text.startswith("^")
    assert text.endswith("$")
    assert not re.search(r"\\[dDwWsSbBAZzpPk1-9]|\(\?[^:]", text)


@pytest.mark.parametrize("text", PATTERNS)
@given(value=near_misses())
def test_patterns_mean_the_same_to_both_engines(text: str, value: str) -> None:
    compiled = jsonschema_rs.Draft202012Validator({"pattern": text}, pattern_options=jsonschema_rs.RegexOptions())
    assert compiled.is_valid(value) == (re.fullmatch(text, value) is not None)


@pytest.mark.parametrize("name", NAMES)
def test_no_text_makes_a_pattern_slow(name: str) -> None:
    """Python's engine backtracks; a pattern that nests repetitions would not come back from this."""
    for unit in ("a", "0", "-a1", "a.", "P1Y", "%41", "1.", "@", "://", "a@", "[", "x-a"):
        pattern(name).fullmatch("mailto:a" + unit * 20_000 + "\n")
        pattern(name).fullmatch(unit * 20_000 + "\n")
