"""Time in words: "last 90 days", "since March", "in Q1 2026" become two instants.

All in UTC. A window is half open, from `start` to before `end`. "Last 90 days" reaches back from
now; "last month" is the calendar month before this one, as people mean it.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["GRAINS", "Window", "find_window", "period_end", "period_label", "period_words"]

GRAINS = ("day", "week", "month", "quarter", "year")
_RECENT_DAYS = 30
_MONTHS = {name.lower(): number for number, name in enumerate(month_name) if name}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()}
_MONTH_WORDS = "|".join(sorted(_MONTHS, key=len, reverse=True))
_COUNTS = {"two": 2, "three": 3, "four": 4, "six": 6, "twelve": 12}
_NUMBER = rf"(\d{{1,4}}|{'|'.join(_COUNTS)})"


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, and how it is called in a sentence ("in the last 90 days")."""

    start: datetime
    end: datetime
    words: str

    def before(self) -> Window:
        """The stretch of the same length that ends where this one begins."""
        words = "in the period before"
        return Window(self.start - (self.end - self.start), self.start, words)


def find_window(text: str, now: datetime) -> tuple[Window | None, str]:
    """The first window that a text names, and the text without those words.

    A text that names none gives None and comes back as it is.
    """
    for pattern, window_of in _PATTERNS:
        match = pattern.search(text)
        window = window_of(match, now) if match else None
        if match and window:
            return window, f"{text[: match.start()]} {text[match.end() :]}"
    return None, text


def period_end(start: datetime, grain: str) -> datetime:
    """Where the day, week, month, quarter or year that begins at `start` ends."""
    if grain == "day":
        return start + timedelta(days=1)
    if grain == "week":
        return start + timedelta(days=7)
    return _months_on(start, {"month": 1, "quarter": 3, "year": 12}[grain])


def period_label(start: datetime, grain: str) -> str:
    """How such a period is called: "March 2026", "the week of 2 March 2026", "Q1 2026"."""
    if grain == "year":
        return str(start.year)
    if grain == "quarter":
        return f"Q{(start.month + 2) // 3} {start.year}"
    if grain == "month":
        return f"{month_name[start.month]} {start.year}"
    day = f"{start.day} {month_name[start.month]} {start.year}"
    return day if grain == "day" else f"the week of {day}"


def period_words(start: datetime, grain: str) -> str:
    """The same with its preposition: "in March 2026", "on 2 March 2026"."""
    return f"{'on' if grain == 'day' else 'in'} {period_label(start, grain)}"


def _months_on(start: datetime, count: int) -> datetime:
    index = start.year * 12 + start.month - 1 + count
    day = min(start.day, _days_in(index // 12, index % 12 + 1))
    return start.replace(year=index // 12, month=index % 12 + 1, day=day)


def _days_in(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (following - timedelta(days=1)).day


def _midnight(when: datetime) -> datetime:
    return when.replace(hour=0, minute=0, second=0, microsecond=0)


def _start_of(grain: str, when: datetime) -> datetime:
    day = _midnight(when)
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "day":
        return day
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[grain]
    return day.replace(month=month, day=1)


def _rolling(match: re.Match[str], now: datetime) -> Window:
    number = match[1].lower()
    count = max(1, _COUNTS.get(number) or int(number))
    unit = match[2].lower()
    words = f"in the last {count} {unit}s" if count > 1 else f"in the last {unit}"
    days = {"day": 1, "week": 7}.get(unit)
    if days is not None:
        return Window(now - timedelta(days=days * count), now, words)
    months = {"month": 1, "quarter": 3, "year": 12}[unit] * min(count, 1200)
    return Window(_months_on(now, -months), now, words)


def _calendar(match: re.Match[str], now: datetime) -> Window:
    which, grain = match[1].lower(), match[2].lower()
    start = _start_of(grain, now)
    if which in ("this", "current"):
        return Window(start, now, f"this {grain}")
    before = _start_of(grain, start - timedelta(hours=1))
    return Window(before, start, f"last {grain}")


def _near(match: re.Match[str], now: datetime) -> Window:
    word = match[1].lower()
    today = _midnight(now)
    if word == "today":
        return Window(today, now, "today")
    if word == "yesterday":
        return Window(today - timedelta(days=1), today, "yesterday")
    if word in ("ytd", "year to date"):
        return Window(_start_of("year", now), now, "this year so far")
    start = now - timedelta(days=_RECENT_DAYS)
    return Window(start, now, f"in the last {_RECENT_DAYS} days")


def _since(match: re.Match[str], now: datetime) -> Window | None:
    start = _date(match[1]) or _month(match[1], now)
    if start is None or start >= now:
        return None
    return Window(start, now, f"since {start.day} {month_name[start.month]} {start.year}")


def _between(match: re.Match[str], now: datetime) -> Window | None:
    start, last = _date(match[1]), _date(match[2])
    if start is None or last is None or last < start:
        return None
    return Window(start, last + timedelta(days=1), f"between {match[1]} and {match[2]}")


def _in_month(match: re.Match[str], now: datetime) -> Window | None:
    start = _month(match[1], now)
    if start is None:
        return None
    words = f"in {period_label(start, 'month')}"
    return Window(start, min(period_end(start, "month"), max(now, start)), words)


def _in_quarter(match: re.Match[str], now: datetime) -> Window:
    year = int(match[2]) if match[2] else now.year
    start = datetime(year, int(match[1]) * 3 - 2, 1, tzinfo=UTC)
    return Window(start, period_end(start, "quarter"), f"in {period_label(start, 'quarter')}")


def _in_year(match: re.Match[str], now: datetime) -> Window:
    start = datetime(int(match[1]), 1, 1, tzinfo=UTC)
    return Window(start, period_end(start, "year"), f"in {match[1]}")


def _date(text: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip()[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def _month(text: str, now: datetime) -> datetime | None:
    """The latest such month that has begun, unless the text has a year."""
    words = text.lower().split()
    number = _MONTHS.get(words[0]) if words else None
    if number is None:
        return None
    if len(words) > 1:
        return datetime(int(words[1]), number, 1, tzinfo=UTC)
    year = now.year if number <= now.month else now.year - 1
    return datetime(year, number, 1, tzinfo=UTC)


_Reading = tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Window | None]]


def _reading(
    pattern: str, window_of: Callable[[re.Match[str], datetime], Window | None]
) -> _Reading:
    return re.compile(pattern, re.IGNORECASE), window_of


_UNITS = "(day|week|month|quarter|year)"
_A_DATE = r"(\d{4}-\d{2}-\d{2})"
# A bare year only of this century and the last: "2000 interactions" is a number.
_YEAR = r"((?:19|20)\d{2})"
_PATTERNS: tuple[_Reading, ...] = (
    _reading(rf"\b(?:between|from)\s+{_A_DATE}\s+(?:and|to|until)\s+{_A_DATE}", _between),
    _reading(
        rf"\b(?:in |over |during |within |for )?(?:the )?(?:last|past|previous|trailing)\s+"
        rf"{_NUMBER}[\s-]+{_UNITS}s?\b",
        _rolling,
    ),
    _reading(
        rf"\b(?:in |over |during )?(?:the )?(last|past|previous|this|current)\s+{_UNITS}\b",
        _calendar,
    ),
    _reading(rf"\bsince\s+({_A_DATE[1:-1]}|(?:{_MONTH_WORDS})\b(?:\s+\d{{4}})?)", _since),
    _reading(rf"\b(?:in|during|of|for)\s+((?:{_MONTH_WORDS})\b(?:\s+\d{{4}})?)", _in_month),
    _reading(rf"\b((?:{_MONTH_WORDS})\s+\d{{4}})\b", _in_month),
    _reading(r"\b(?:in |during )?Q([1-4])(?:\s+(\d{4}))?\b", _in_quarter),
    _reading(rf"\b(?:in|during|for|of)\s+{_YEAR}\b", _in_year),
    _reading(r"\b(today|yesterday|ytd|year to date|recently|recent|lately)\b", _near),
)
