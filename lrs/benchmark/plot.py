"""Bars as SVG, without a library: legible on light and dark pages, and small enough to be kept beside the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape, quoteattr

from lrs.benchmark.figures import STREAM, Figure

WIDTH = 860
_LABELS = 230
_BARS = 530
_TICKS, _STEPS = 5, (1, 2, 2.5, 5, 10, 20)
_BAR, _GAP, _HEAD, _FOOT, _TOP = 11, 9, 44, 26, 62

_STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .title { font-size: 17px; font-weight: 600; }
  .panel { font-size: 13px; font-weight: 600; }
  .soft { fill: #59636e; }
  .value { font-size: 10.5px; font-variant-numeric: tabular-nums; }
  .ground { fill: #ffffff; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .s0 { fill: #0969da; } .s1 { fill: #bf8700; } .s2 { fill: #8250df; } .s3 { fill: #6e7781; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .soft { fill: #9198a1; }
    .ground { fill: #0d1117; }
    .grid { stroke: #3d444d; }
    .s0 { fill: #4493f8; } .s1 { fill: #d29922; } .s2 { fill: #ab7df8; } .s3 { fill: #9198a1; }
  }
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows of bars on one scale: a row is its label and a value for each of ``series``, None where there is none.

    ``log``: a logarithmic scale, for values of different sizes. There are at most four series.
    """

    title: str
    unit: str
    series: Sequence[str]
    rows: Sequence[tuple[str, Sequence[float | None]]]
    log: bool = False

    @property
    def height(self) -> int:
        """In pixels."""
        return _HEAD + len(self.rows) * (len(self.series) * _BAR + _GAP) + _FOOT


def draw(title: str, panels: Sequence[Panel], *, subtitle: str = "") -> str:
    """The panels below each other, as a whole SVG document."""
    height = _TOP + sum(panel.height for panel in panels)
    size = f'width="{WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {size} {_attribute(title)}>',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" {size}/>',
        _text(20, 30, title, "title"),
        _text(20, 50, subtitle, "soft"),
    ]
    top = _TOP
    for panel in panels:
        lines += _panel(panel, top)
        top += panel.height
    return "\n".join([*lines, "</svg>\n"])


def of_figures(title: str, figures: Sequence[Figure], *, subtitle: str = "") -> str:
    """A plot of what ``lrs bench`` measured: percentiles, and rates."""
    timed = [one for one in figures if one.timed]
    counted = [one for one in figures if one.done]
    panels = [
        Panel(
            "Time of a request, or of a delivery by the stream",
            "ms",
            ("p50", "p90", "p99"),
            [(one.case, (one.p50_ms, one.p90_ms, one.p99_ms)) for one in timed],
            log=True,
        ),
        Panel(
            "How many a second",
            "1/s",
            ("requests", "statements"),
            [(one.case, (None if one.group == STREAM else one.per_s, one.statements_per_s)) for one in counted],
            log=True,
        ),
    ]
    return draw(title, panels, subtitle=subtitle)


def _panel(panel: Panel, top: int) -> Iterator[str]:
    values = [value for _, row in panel.rows for value in row if value is not None and value > 0]
    low, high = _bounds(values, log=panel.log)
    yield _text(20, top + 18, panel.title, "panel")
    left = WIDTH - 20 - sum(_legend_width(name) for name in panel.series)
    for number, name in enumerate(panel.series):
        yield f'<rect class="s{number}" x="{left}" y="{top + 9}" width="10" height="10"/>'
        yield _text(left + 15, top + 18, name, "soft")
        left += _legend_width(name)
    bottom = top + panel.height - _FOOT
    for tick in _ticks(low, high, log=panel.log):
        x = _LABELS + _BARS * _part(tick, low, high, log=panel.log)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top + _HEAD - 10}" y2="{bottom}"/>'
        yield _text(x, bottom + 14, _number(tick), "soft value", anchor="middle")
    yield _text(WIDTH - 20, bottom + 14, panel.unit, "soft value", anchor="end")
    y = top + _HEAD
    for label, row in panel.rows:
        yield _text(_LABELS - 10, y + len(panel.series) * _BAR / 2 + 4, label, anchor="end")
        for number, value in enumerate(row):
            if value is not None:
                width = max(_BARS * _part(value, low, high, log=panel.log), 1.0)
                yield (
                    f'<rect class="s{number}" x="{_LABELS}" y="{y + number * _BAR}" width="{width:.1f}" '
                    f'height="{_BAR - 2}"/>'
                )
                yield _text(_LABELS + width + 5, y + number * _BAR + 9, _number(value), "value")
        y += len(panel.series) * _BAR + _GAP


def _bounds(values: Sequence[float], *, log: bool) -> tuple[float, float]:
    """The ends of the scale: a bar of the least value can still be seen."""
    if not values:
        return (1.0, 10.0) if log else (0.0, 1.0)
    if not log:
        power = 10.0 ** floor(log10(max(values) / _TICKS))
        return 0.0, next(_TICKS * power * step for step in _STEPS if _TICKS * power * step >= max(values))
    low, high = 10.0 ** floor(log10(min(values) * 0.8)), 10.0 ** ceil(log10(max(values)))
    return low, max(high, low * 10)


def _ticks(low: float, high: float, *, log: bool) -> list[float]:
    if not log:
        return [low + (high - low) * part / _TICKS for part in range(_TICKS + 1)]
    return [10.0**power for power in range(round(log10(low)), round(log10(high)) + 1)]


def _part(value: float, low: float, high: float, *, log: bool) -> float:
    """Where on the scale ``value`` stands, from 0 to 1."""
    if log:
        return (log10(value) - log10(low)) / (log10(high) - log10(low)) if value > low else 0.0
    return (value - low) / (high - low)


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def _legend_width(name: str) -> int:
    return 30 + 7 * len(name)


def _text(x: float, y: float, text: str, classes: str = "", *, anchor: str = "") -> str:
    of_class = f' class="{classes}"' if classes else ""
    at = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{of_class}{at}>{escape(text)}</text>'


def _attribute(text: str) -> str:
    """What readers of screens say of the image."""
    return f'role="img" aria-label={quoteattr(text)}'
