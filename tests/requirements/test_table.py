"""The table of requirements has no hole: every section of the standard, every requirement, every test that it names."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
TESTS = HERE.parent
LEVELS = ("MUST NOT ", "MUST ", "SHOULD NOT ", "SHOULD ", "MAY ")
SUITE_LAST = 336

# Every section that asks something of somebody, as the tables of contents have them.
SECTIONS = {
    "Data": """
        1.0 2.1 2.2 2.3.1 2.3.2 2.4 2.4.1 2.4.2.1 2.4.2.2 2.4.2.3 2.4.2.4 2.4.3 2.4.3.1 2.4.4 2.4.4.1 2.4.4.2 2.4.4.3
        2.4.5 2.4.5.1 2.4.6 2.4.6.1 2.4.6.2 2.4.7 2.4.8 2.4.9 2.4.10 2.4.11 2.5 2.6 3.1 3.2 4.1 4.2 4.3 4.4 4.5 4.6""",
    "Communication": """
        1.1 1.2 1.3 1.4 1.5 1.5.1 1.5.2 2.0 2.1.1 2.1.2 2.1.3 2.1.4 2.2 2.3 2.4 2.5 2.6 2.7 2.8 3.0 3.1 3.2 3.3
        4.0 4.1 4.2 5.0""",
    "9274.1.1": """
        4.1.2 4.1.3 4.1.4 4.1.6.1 4.1.6.2 4.1.6.3 4.1.6.4 4.1.6.5 4.1.6.6 4.1.6.7 4.2.2.5 4.2.4.3 4.2.5 4.2.7""",
}


def table() -> dict[str, dict[str, Any]]:
    """Section, then requirement, then tests or why there are none."""
    found: dict[str, dict[str, Any]] = {}
    for path in HERE.glob("*.toml"):
        part = tomllib.loads(path.read_text())
        assert found.keys().isdisjoint(part)
        found |= part
    return found


TABLE = table()
ROWS = [(section, says, proof) for section, rows in TABLE.items() for says, proof in rows.items() if says != "suite"]


@cache
def named_in(path: Path) -> frozenset[str]:
    """The tests in a file as pytest names them, without the file; none in a file that pytest does not read."""

    def named(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                yield from named(node.body, f"{prefix}{node.name}::")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield prefix + node.name

    contract = path.parent.name == "contracts"
    if not path.exists() or not (path.name.startswith("test_") or contract):
        return frozenset()
    return frozenset(named(ast.parse(path.read_text()).body))


@pytest.mark.parametrize("standard", SECTIONS)
def test_every_section_of_the_standard_is_there_and_no_other(standard: str) -> None:
    in_table = {section for section in TABLE if section.startswith(f"{standard} ")}
    assert in_table == {f"{standard} {number}" for number in SECTIONS[standard].split()}


def test_every_section_has_a_requirement() -> None:
    assert {section for section, _, _ in ROWS} == TABLE.keys()
    assert len(ROWS) > 200


@pytest.mark.parametrize(("section", "says", "proof"), ROWS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_requirement_is_proven_by_tests_that_exist_or_says_why_not(section: str, says: str, proof: Any) -> None:
    assert says.startswith(LEVELS)
    match proof:
        case {"deviation": str(words), **rest} if not rest:
            assert not says.startswith("MUST"), "what must be done is done"
            assert words in re.sub(r"\s+", " ", (TESTS.parent / "docs" / "deviations.md").read_text())
        case {"reason": str(words), **rest} if not rest:
            assert words
        case [_, *_]:
            missing = [
                name for name in proof if name.partition("::")[2] not in named_in(TESTS / name.partition("::")[0])
            ]
            assert missing == []
        case _:
            pytest.fail("neither tests nor a reason")


def test_every_number_of_the_official_suite_has_its_section() -> None:
    """From XAPI-00001 to XAPI-00336, those that the suite has withdrawn since included; each once."""
    numbers: list[int] = []
    for rows in TABLE.values():
        for span in filter(None, rows.get("suite", "").split(", ")):
            first, _, last = span.partition("-")
            numbers += range(int(first), int(last or first) + 1)
    assert sorted(numbers) == list(range(1, SUITE_LAST + 1))
