"""Checking a schedule before it is sent: cron expression and time zone.

The grammar is the service's, so a typing mistake fails where it was made, when the worker's module
is imported, and not at the server hours later. When a schedule runs is the server's affair:
nothing here computes it, and the server also refuses the few well-formed expressions that fall on
no date (a fifth Monday within the first week).

Five fields — minute, hour, day of month, month, day of week — or six with seconds in front:

=====================  ========================================================================
``*`` ``?`` ``*/n``    anywhere
``a`` ``a-b`` ``a/n``  anywhere, and ``a-b/n``, and lists of these; a range may wrap, as ``22-2``
names                  ``JAN`` to ``DEC``, ``SUN`` to ``SAT``, in any case; Sunday is 0 or 7
``L`` ``L-n`` ``nW``   day of month: the last, n before it, the nearest weekday; also ``LW``
``dL`` ``d#n``         day of week: the last or the n-th of the month
=====================  ========================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from zeridion_flare.errors import FlareMisuseError

__all__ = ["CronError", "check_cron", "check_timezone"]

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_STAR = re.compile(r"[*?](?:/([0-9]+))?", re.ASCII)
_ITEM = re.compile(r"([0-9A-Z]+)(?:-([0-9A-Z]+))?(?:/([0-9]+))?", re.ASCII)
_LAST_DAY = re.compile(r"L(?:-([0-9]{1,2}))?W?", re.ASCII)
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", re.ASCII)
_LONGEST = 200


class CronError(FlareMisuseError):
    """A cron expression or a time zone that the service would refuse."""

    code = "invalid_cron_expression"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    first_name: int = 0

    def value(self, text: str) -> int:
        """Return the number that a number or a name stands for."""
        if text.isdigit() and len(text) <= 2:
            number = int(text)
        elif text in self.names:
            number = self.first_name + self.names.index(text)
        else:
            raise self.error(f"{text!r} is no value of this field")
        if not self.least <= number <= self.most:
            raise self.error(f"{text!r} is outside {self.least} to {self.most}")
        return number

    def step(self, text: str | None) -> int:
        """Return a step, 1 if there is none."""
        if text is None:
            return 1
        if len(text) > 2 or not 1 <= int(text) <= self.most:
            raise self.error(f"the step {text!r} is outside 1 to {self.most}")
        return int(text)

    def error(self, problem: str) -> CronError:
        return CronError(f"{self.name}: {problem}")


_SECOND = _Field("second", 0, 59)
_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY = _Field("day of month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS, 1)
_WEEKDAY = _Field("day of week", 0, 7, _DAYS)


def check_cron(expression: str) -> str:
    """Return the expression; it is one that the service takes.

    Raises:
        CronError: It is not; the message names the field and what is wrong with it.
    """
    if not isinstance(expression, str):
        raise CronError(f"a cron expression is a string, not {type(expression).__name__}")
    if len(expression) > _LONGEST:
        raise CronError(f"a cron expression has at most {_LONGEST} characters")
    words = re.split(r"[ \t]+", expression.strip(" \t").upper())
    if len(words) == 5:
        words.insert(0, "0")
    if len(words) != 6:
        count = len(words) if words != [""] else 0
        raise CronError(f"a cron expression has 5 or 6 fields, not {count}: {expression!r}")
    for field, word in zip((_SECOND, _MINUTE, _HOUR), words, strict=False):
        _values(field, word)
    earliest_need = _check_day(words[3])
    months = _values(_MONTH, words[4])
    _check_weekday(words[5])
    if all(earliest_need > _MONTH_LENGTHS[month - 1] for month in months):
        raise _DAY.error(f"{words[3]!r} falls on no day of the months {words[4]!r}")
    return expression


def check_timezone(name: str) -> str:
    """Return the name; it is a time zone of the IANA database.

    Where this machine has no such database the name's form alone is checked.

    Raises:
        CronError: There is no such zone.
    """
    from zoneinfo import ZoneInfo, available_timezones

    if not isinstance(name, str) or not _ZONE.fullmatch(name):
        raise _unknown_zone(name)
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        if available_timezones():
            raise _unknown_zone(name) from None
    return name


def _check_day(word: str) -> int:
    """Return how long a month must be for the field to fall on one of its days."""
    if word.startswith("L"):
        found = _LAST_DAY.fullmatch(word)
        before_last = int(found[1] or 0) if found else _DAY.most
        if before_last >= _DAY.most:
            raise _DAY.error(f"{word!r} is not L, LW, L-n or L-nW with n up to 30")
        return before_last + 1
    if word.endswith("W"):
        return _DAY.value(word[:-1])
    return min(_values(_DAY, word))


def _check_weekday(word: str) -> None:
    if word.endswith("L") and word != "L":
        _WEEKDAY.value(word[:-1])
        return
    weekday, hash_, nth = word.partition("#")
    if not hash_:
        _values(_WEEKDAY, word)
        return
    _WEEKDAY.value(weekday)
    if nth not in ("1", "2", "3", "4", "5"):
        raise _WEEKDAY.error(f"{word!r} must name the 1st to 5th weekday after '#'")


def _values(field: _Field, word: str) -> set[int]:
    """Return the values of a field; for weekdays only whether it is well formed counts."""
    star = _STAR.fullmatch(word)
    if star is not None:
        return set(range(field.least, field.most + 1, field.step(star[1])))
    return {value for item in word.split(",") for value in _item(field, item)}


def _item(field: _Field, text: str) -> Iterable[int]:
    found = _ITEM.fullmatch(text)
    if found is None:
        raise field.error(f"{text!r} is not a value, range or step")
    low = field.value(found[1])
    step = field.step(found[3])
    if found[2] is not None:
        high = field.value(found[2])
    else:
        high = field.most if found[3] is not None else low
    if high >= low:
        return range(low, high + 1, step)
    size = field.most - field.least + 1
    wrapped = range(low, high + size + 1, step)
    return ((value - field.least) % size + field.least for value in wrapped)


def _unknown_zone(name: object) -> CronError:
    return CronError(f"{name!r} is not an IANA time zone", code="invalid_timezone")
