"""A plot is a well-formed SVG that shows each value."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.benchmark.figures import READ, STREAM, WRITE, Figure, figure
from lrs.benchmark.plot import WIDTH, Panel, draw, of_figures

SVG = "{http://www.w3.org/2000/svg}"
VALUES = st.lists(st.floats(1e-6, 1e12) | st.none() | st.just(0.0), min_size=2, max_size=2)


def drawn(*panels: Panel) -> ET.Element:
    return ET.fromstring(draw("Title", panels))


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_categories=["C"])), VALUES)), st.booleans())
def test_whatever_is_drawn_is_well_formed_and_inside(rows: list[tuple[str, list[float | None]]], log: bool) -> None:
    image = drawn(Panel("<&>", "ms", ("a", "b"), rows, log=log))
    for bar in image.iter(f"{SVG}rect"):
        assert 0 <= float(bar.get("x", 0)) + float(bar.get("width", 0)) <= WIDTH


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"])))
def test_no_text_can_break_out(text: str) -> None:
    image = ET.fromstring(draw(text, [Panel(text, text, (text,), [(text, (1.0,))])], subtitle=text))
    assert image.get("aria-label") == text
    assert {child.tag for child in image} <= {f"{SVG}{name}" for name in ("title", "style", "rect", "text", "line")}


@pytest.mark.parametrize("log", [True, False])
def test_a_greater_value_has_a_longer_bar(log: bool) -> None:
    image = drawn(Panel("x", "ms", ("a",), [("1", (1.0,)), ("2", (2.0,)), ("3", (30.0,))], log=log))
    widths = [float(bar.get("width", 0)) for bar in image.iter(f"{SVG}rect") if bar.get("class") == "s0"][1:]
    assert widths == sorted(widths)
    assert len(set(widths)) == 3


def test_each_value_is_written_beside_its_bar() -> None:
    image = drawn(Panel("x", "ms", ("a", "b"), [("row", (1_234.5, 0.123)), ("none", (None, 7.0))]))
    texts = {text.text for text in image.iter(f"{SVG}text")}
    assert {"1,234", "0.12", "7", "row", "none", "ms", "a", "b"} <= texts


def test_colours_are_legible_on_light_and_dark() -> None:
    """Each class of the light style has a colour of its own in the dark one, on a ground of its own."""
    text = draw("x", [])
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    for name in (".ground", ".grid", ".soft", ".s0", ".s1", ".s2", ".s3"):
        colours = [re.search(rf"\{name} {{ \w+: (#\w+)", part) for part in (light, dark)]
        assert all(colours), name
        assert len({found[1] for found in colours if found}) == 2, name


def test_figures_are_drawn_where_they_have_something_to_show() -> None:
    figures = [
        figure("PUT of one", WRITE, connections=1, took_s=[0.001], seconds=1),
        figure("refused", READ, connections=1, took_s=[], seconds=1, errors={"403": 1}),
        Figure(case="catching up", group=STREAM, connections=1, done=9, statements=9, seconds=1),
    ]
    labels = [text.text for text in ET.fromstring(of_figures("x", figures)).iter(f"{SVG}text")]
    assert (labels.count("PUT of one"), labels.count("catching up"), labels.count("refused")) == (2, 1, 0)
