"""The page about the design names the rooms that there are, in the order that is enforced."""

from __future__ import annotations

import re
import tomllib

from scripts.write_docs import DOCS


def test_layers_are_those_that_are_enforced() -> None:
    contract = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    enforced = [re.findall(r"\w+", layer) for layer in contract["layers"]]
    rows = re.findall(r"^\| (`.*?`) \|", (DOCS / "design.md").read_text(), flags=re.MULTILINE)
    assert [re.findall(r"\w+", row) for row in rows] == enforced
