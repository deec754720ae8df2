"""What the documentation lists is what the code has: no setting, command or error in one only."""

from __future__ import annotations

import pytest

from lrs.config import describe
from scripts.write_docs import DOCS, PARTS, rendered


@pytest.mark.parametrize("name", PARTS)
def test_lists_are_those_of_the_code(name: str) -> None:
    """A difference is mended by ``make docs``."""
    path, text = rendered(name)
    assert path.read_text() == text


def test_every_setting_stands_in_the_table_with_unit_and_default() -> None:
    text = (DOCS / "settings.md").read_text()
    for row in describe():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{row.variable}` |")]
        assert row.default in line
        assert row.unit in line
        assert row.doc
