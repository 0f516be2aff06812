"""What a question answers: rows, goals and notes; printed as a table, kept as dated JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.statistics import Spread

RESULTS = Path(__file__).parent / "results"


@dataclass(slots=True)
class Row:
    """One line of a table: a contender (or a comparison of two) and what it measured.

    `versus` names the row it is compared with, and `ratio` how many times that row's value it is,
    as the median over repetitions that ran side by side.
    """

    label: str
    unit: str
    samples: list[float]
    versus: str | None = None
    ratio: float | None = None

    @property
    def spread(self) -> Spread:
        """The median of the samples and how far they lie apart."""
        return Spread.of(self.samples)


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise with a number: met when `value` stands on the right side of `bound`."""

    text: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the measurement keeps the promise."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound


@dataclass(slots=True)
class Report:
    """The answer to one question."""

    name: str
    question: str
    rows: list[Row] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self,
        label: str,
        unit: str,
        samples: Sequence[float],
        *,
        versus: Row | None = None,
    ) -> Row:
        """Add a row; with `versus`, its ratio is taken repetition by repetition."""
        row = Row(label, unit, list(samples))
        if versus is not None:
            pairs = zip(row.samples, versus.samples, strict=False)
            row.versus = versus.label
            row.ratio = Spread.of([mine / other for mine, other in pairs]).median
        self.rows.append(row)
        return row


def render(report: Report) -> str:
    """Return the report as text for a terminal."""
    lines = [f"{report.name}: {report.question}"]
    table = [("", "median", "middle half", "min … max", "ratio")]
    for row in report.rows:
        spread = row.spread
        ratio = "" if row.ratio is None else f"{_number(row.ratio)} × {row.versus}"
        table.append(
            (
                row.label,
                f"{_number(spread.median)} {row.unit}",
                f"{_number(spread.low)} … {_number(spread.high)}",
                f"{_number(spread.minimum)} … {_number(spread.maximum)}",
                ratio,
            )
        )
    widths = [max(len(line[column]) for line in table) for column in range(5)]
    for line in table:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:4], widths[1:4], strict=True)]
        lines.append(("  " + "  ".join([*cells, line[4]])).rstrip())
    for goal in report.goals:
        sign = "≥" if goal.at_least else "≤"
        word = "met" if goal.met else "MISSED"
        lines.append(
            f"  goal {word}: {goal.text}: {_number(goal.value)} ({sign} {_number(goal.bound)})"
        )
    lines += [f"  note: {note}" for note in report.notes]
    return "\n".join(lines)


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def save(report: Report, *, quick: bool) -> Path:
    """Write `results/YYYY-MM-DD-<name>.json`, replacing an earlier one of the day.

    It says how many cores and which Python, and nothing else about the machine.
    """
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-{report.name}{'-quick' * quick}.json"
    path.write_text(json.dumps(_as_json(report, quick), indent=1, ensure_ascii=False) + "\n")
    return path


def _as_json(report: Report, quick: bool) -> dict[str, Any]:
    return {
        "name": report.name,
        "question": report.question,
        "measured_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "quick": quick,
        "python": platform.python_version(),
        "system": sys.platform,
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "goals": [{**asdict(goal), "met": goal.met} for goal in report.goals],
        "notes": report.notes,
        "rows": [
            {
                "label": row.label,
                "unit": row.unit,
                "versus": row.versus,
                "ratio": row.ratio,
                **asdict(row.spread),
                "samples": row.samples,
            }
            for row in report.rows
        ],
    }
