"""What measuring a case gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

WRITE, READ, STREAM = "write", "read", "stream"


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The least value that at least ``percent`` of ``ordered`` do not exceed; ``ordered`` is not empty, and ascends."""
    return ordered[max(ceil(len(ordered) * percent / 100) - 1, 0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One case: ``done`` requests (of the stream: deliveries) that went well within ``seconds``.

    ``statements``: what those brought or took, all together. Times are those of what went well, 0 when nothing did.
    ``errors``: how often what else came, by HTTP status or in a word.
    """

    case: str
    group: str
    connections: int
    done: int
    statements: int
    seconds: float
    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    errors: Mapping[str, int] = field(default_factory=dict)

    @property
    def per_s(self) -> float:
        """How many a second."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def statements_per_s(self) -> float:
        """How many statements a second."""
        return self.statements / self.seconds if self.seconds else 0.0

    @property
    def timed(self) -> bool:
        """Whether its times mean something: what went well was more than one long answer."""
        return self.max_ms > 0

    @property
    def errors_text(self) -> str:
        """Errors as ``12 x 429``, or a dash."""
        return ", ".join(f"{count} x {what}" for what, count in sorted(self.errors.items())) or "-"


def figure(
    case: str,
    group: str,
    *,
    connections: int,
    took_s: Sequence[float],
    seconds: float,
    statements: int | None = None,
    errors: Mapping[str, int] | None = None,
) -> Figure:
    """The figure of a case in which each of ``took_s`` is a request that went well; each brought one statement unless
    ``statements`` says how many all of them did.
    """
    ordered = sorted(took_s)
    times = {name: percentile(ordered, percent) * 1e3 for name, percent in PERCENTS.items()} if ordered else {}
    return Figure(
        case=case,
        group=group,
        connections=connections,
        done=len(ordered),
        statements=len(ordered) if statements is None else statements,
        seconds=seconds,
        errors=dict(errors or {}),
        **times,
    )


PERCENTS: Mapping[str, float] = {"p50_ms": 50.0, "p90_ms": 90.0, "p99_ms": 99.0, "max_ms": 100.0}

HEADINGS = ("CASE", "CONN", "PER S", "STATEMENTS/S", "P50 ms", "P90 ms", "P99 ms", "MAX ms", "ERRORS")


def rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """The cells of a table under ``HEADINGS``."""
    return [
        (
            one.case,
            str(one.connections),
            f"{one.per_s:,.0f}",
            f"{one.statements_per_s:,.0f}",
            *(f"{getattr(one, name):,.1f}" if one.timed else "-" for name in PERCENTS),
            one.errors_text,
        )
        for one in figures
    ]


def as_json(figures: Sequence[Figure], **run: Any) -> dict[str, Any]:
    """What ``--json`` writes: ``run`` (what was measured, when and how), and ``cases``."""
    return {
        **run,
        "cases": [
            {
                "case": one.case,
                "group": one.group,
                "connections": one.connections,
                "done": one.done,
                "statements": one.statements,
                "seconds": round(one.seconds, 6),
                "per_s": round(one.per_s, 3),
                "statements_per_s": round(one.statements_per_s, 3),
                **{name: round(getattr(one, name), 4) if one.timed else None for name in PERCENTS},
                "errors": dict(one.errors),
            }
            for one in figures
        ],
    }
