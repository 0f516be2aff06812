"""Numbers as sentences show them, and the numbers that a sentence shows.

Only a figure that was computed may be told. :func:`figures_in` is what that is checked with.
"""

from __future__ import annotations

import re
from calendar import month_name
from datetime import UTC, datetime
from typing import Any

__all__ = [
    "amount",
    "count",
    "day",
    "figures_in",
    "number",
    "percent",
    "plain",
    "score",
    "share",
    "whole",
]

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_WORDS = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "dozen": "12",
    "hundred": "100",
    "thousand": "1000",
    "million": "1000000",
    "half": "50",
    "twice": "2",
    "double": "2",
    "doubled": "2",
    "tripled": "3",
}
_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b", re.IGNORECASE)


def number(value: Any) -> float:
    """The number in a cell; large and exact ones travel as text. None and text are 0."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def whole(value: Any) -> int:
    """The same for counts."""
    return round(number(value))


def count(value: Any, noun: str, plural: str | None = None) -> str:
    """`1 deal`, `1,204 deals`."""
    several = plural or f"{noun}s"
    return f"{whole(value):,} {noun if whole(value) == 1 else several}"


def amount(value: Any) -> str:
    """`540,000`, with two decimals only if there are any. The data name no currency."""
    exact = number(value)
    return f"{exact:,.0f}" if exact == round(exact) else f"{exact:,.2f}"


def share(part: Any, total: Any) -> str:
    """`41%` of a total; of nothing, `0%`."""
    return percent(100 * number(part) / number(total)) if number(total) else "0%"


def percent(value: float) -> str:
    """`41%`, and one decimal below ten."""
    return f"{value:.0f}%" if abs(value) >= 10 or value == round(value) else f"{value:.1f}%"


def score(value: Any) -> str:
    """A sentiment: `+0.42`, `-0.10`, `0.00`."""
    rounded = round(number(value), 2)
    return f"{rounded:+.2f}" if rounded else "0.00"


def day(value: Any) -> str:
    """`3 March 2026`, of a timestamp as the wire writes it."""
    when = value if isinstance(value, datetime) else _parsed(str(value))
    return f"{when.day} {month_name[when.month]} {when.year}" if when else str(value)


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None


def figures_in(text: str) -> frozenset[str]:
    """Every number of a text, thousands unmarked, signs and trailing zeros left out.

    Number words from two on count, so that "half of them" is a claim as "50%" is.
    """
    written = (plain(found) for found in _FIGURE.findall(text))
    spoken = (_WORDS[word.lower()] for word in _WORD.findall(text))
    return frozenset((*written, *spoken))


def plain(figure: str) -> str:
    """A figure with thousands unmarked and trailing zeros left out: `54,000` and `0.50`."""
    plain = re.sub(r",(?=\d{3}\b)", "", figure)
    if "." in plain and plain.count(".") == 1:
        plain = plain.rstrip("0").rstrip(".")
    return re.sub(r"^0+(?=\d)", "", plain)
