"""A development over periods in words: from the first to the last whole one, and its peak."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from quintet_server.services.amdahl.agent_work.answers.figures import number
from quintet_server.services.amdahl.agent_work.asking.windows import (
    period_end,
    period_label,
    period_words,
)

__all__ = ["developed"]

_EACH_TOLD_COUNT = 7
Row = Mapping[str, Any]


def developed(
    rows: Sequence[Row],
    field: str,
    grain: str,
    now: datetime,
    *,
    noun: str,
    shown: Callable[[Any], str],
    steady: float = 0,
) -> tuple[str, str]:
    """The headline of a development and what else there is to say of it.

    Args:
        rows: one for each period, the latest first, with its start in `period`.
        steady: a change below this is none.
    """
    periods = [(datetime.fromisoformat(str(row["period"])), row[field]) for row in reversed(rows)]
    # The period that is under way would look like a fall.
    complete = [(at, value) for at, value in periods if period_end(at, grain) <= now] or periods
    (first_at, first), (last_at, last) = complete[0], complete[-1]
    begun, ended = period_words(first_at, grain), period_words(last_at, grain)
    headline = f"The {noun} was {shown(first)} {begun}."
    under_way = periods[-1] if len(complete) < len(periods) else None
    if under_way is not None and len(complete) == 1:
        at, value = under_way
        return (
            f"{headline[:-1]} and stands at {shown(value)} so far {period_words(at, grain)}.",
            "",
        )
    if len(complete) > 1:
        change = number(last) - number(first)
        verb = "rose" if change > 0 else "fell"
        headline = f"The {noun} {verb} from {shown(first)} {begun} to {shown(last)} {ended}."
        if not change or abs(change) < steady:
            headline = f"The {noun} was {shown(last)} {ended}, about as {begun} ({shown(first)})."
    more = ""
    if len(complete) > 2:
        peak_at, peak = max(complete, key=lambda pair: number(pair[1]))
        more = f" The peak was {period_words(peak_at, grain)} with {shown(peak)}."
    if 2 < len(complete) <= _EACH_TOLD_COUNT:
        each = [f"{shown(value)} {period_words(at, grain)}" for at, value in complete]
        more += f" One by one: {', '.join(each[:-1])} and {each[-1]}."
    if under_way is not None:
        at, value = under_way
        more += f" So far, {period_label(at, grain)} stands at {shown(value)}."
    return headline, more
