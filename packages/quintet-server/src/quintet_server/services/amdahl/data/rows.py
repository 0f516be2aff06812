"""From what a caller sends to rows as they are kept: every field checked, what follows filled in.

JSON brings values of their types; a CSV file brings texts, which are read the same way. A row is a
tuple of its table's columns, in order. A row that is to have an identifier and brings none gets one
made of its values: the same row sent again is the same row.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import orjson

from quintet_server.services.amdahl.data.tables import TABLES, ColumnInfo, Table

__all__ = ["CONTENT_MAX_CHARS", "BadRow", "Row", "RowReader"]

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]

CONTENT_MAX_CHARS = 100_000
"""Of the content of an interaction: about an hour of speech, or a very long mail thread."""
_TEXT_MAX_CHARS = 2_000
_KEY_MAX_CHARS = 512
_METADATA_MAX_BYTES = 64 * 1024
_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_WON, _LOST = frozenset({"closed_won", "won"}), frozenset({"closed_lost", "lost"})


class BadValue(ValueError):
    """What is wrong with one value."""


class BadRow(Exception):
    """What is wrong with a row: (field, sentence) for each of its mistakes."""

    def __init__(self, problems: Sequence[tuple[str, str]]):
        super().__init__("; ".join(f"{field}: {message}" for field, message in problems))
        self.problems = problems


class RowReader:
    """Reads rows of one table.

    Args:
        table: Which one.
        from_text: Whether values may come as texts, as in CSV: an empty one is none, numbers and
            truth values are read from theirs. Without it a number must be a number.
    """

    def __init__(self, table: Table, *, from_text: bool = False) -> None:
        self._table = table
        self._names = frozenset(column.name for column in table.columns)
        self._makes_keys = table.name == "interactions"
        self._key_at = [column.name for column in table.columns].index(table.key)
        self._columns: tuple[tuple[str, Convert, bool], ...] = tuple(
            (
                column.name,
                _converter(column, from_text=from_text, is_key=column.name == table.key),
                not column.nullable and not (self._makes_keys and column.name == table.key),
            )
            for column in table.columns
        )
        self._complete = _COMPLETE.get(table.name, list)

    def read(self, values: Mapping[str, Any]) -> Row:
        """The row. Raises BadRow, which names every field at fault."""
        problems = [] if self._names.issuperset(values) else self._unknown(values)
        row = []
        for name, convert, is_required in self._columns:
            value = values.get(name)
            if value is not None:
                try:
                    value = convert(value)
                except BadValue as error:
                    problems.append((name, str(error)))
            if value is None and is_required:
                problems.append((name, "is required"))
            row.append(value)
        if problems:
            raise BadRow(problems)
        if row[self._key_at] is None:
            row[self._key_at] = _made_key(row)
        return tuple(self._complete(row))

    def _unknown(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        problems = []
        for name in values:
            if name not in self._names:
                near = get_close_matches(str(name), self._names, 1)
                hint = f": did you mean {near[0]}?" if near else ""
                problems.append((str(name)[:100], f"is no column of {self._table.name}{hint}"))
        return problems


def _made_key(row: Sequence[Any]) -> str:
    """An identifier that only the values decide."""
    digest = hashlib.sha256(orjson.dumps(row)).hexdigest()
    return f"int_{digest[:32]}"


def _converter(column: ColumnInfo, *, from_text: bool, is_key: bool) -> Convert:
    if column.type == "FLOAT":
        return _number(column, from_text=from_text)
    if column.type == "BOOLEAN":
        return _truth_of_text if from_text else _truth
    if column.type == "TIMESTAMP":
        return _instant
    if column.type == "JSON":
        return _object_of_text if from_text else _object
    if column.choices:
        return _choice(column.choices)
    most = _KEY_MAX_CHARS if is_key else _TEXT_MAX_CHARS
    return _text(CONTENT_MAX_CHARS if column.name == "content" else most, from_text=from_text)


def _text(most: int, *, from_text: bool) -> Convert:
    def convert(value: Any) -> str | None:
        if type(value) is not str:
            if not from_text or isinstance(value, (dict, list)):
                raise BadValue("must be a string")
            value = str(value)  # a typed file: a number that is a name
        if len(value) > most:
            raise BadValue(f"must have at most {most} characters, it has {len(value)}")
        if "\x00" in value:
            raise BadValue("must not contain NUL")
        return value if value else None

    return convert


def _choice(choices: Sequence[str]) -> Convert:
    known = {choice: choice for choice in choices}

    def convert(value: Any) -> str | None:
        if type(value) is not str:
            raise BadValue("must be a string")
        found = known.get(value) or known.get(value.strip().lower())
        if found is None and value.strip():
            raise BadValue(f"must be one of {', '.join(choices)}, not {value[:100]!r}")
        return found

    return convert


def _number(column: ColumnInfo, *, from_text: bool) -> Convert:
    low, high = column.low, column.high

    def convert(value: Any) -> float | None:
        if from_text and isinstance(value, str):
            value = _number_of_text(value)
            if value is None:
                return None
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BadValue("must be a number")
        try:
            number = float(value)
        except OverflowError:
            raise BadValue("must be a number within the range of a double") from None
        if not math.isfinite(number):
            raise BadValue("must be a finite number")
        if (low is not None and number < low) or (high is not None and number > high):
            raise BadValue(f"must be from {low:g} to {high:g}")
        return number

    return convert


def _number_of_text(text: str) -> float | None:
    text = text.strip()
    if not text:
        return None
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        raise BadValue(f"must be a number, not {text[:100]!r}") from None


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue("must be true or false")
    return value


def _truth_of_text(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text:
        raise BadValue(f"must be true or false, not {text[:100]!r}")
    return None


def _instant(value: Any) -> datetime | None:
    """A date, or a date and time, in a form of ISO 8601; without a zone it is UTC."""
    if isinstance(value, datetime):  # a typed file
        when = value
    elif not isinstance(value, str):
        raise BadValue("must be an instant such as 2026-04-14T18:22:11Z")
    elif not (text := value.strip()):
        return None
    else:
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            message = f"must be an instant such as 2026-04-14T18:22:11Z, not {text[:100]!r}"
            raise BadValue(message) from None
    if when.tzinfo is None:
        return when.replace(tzinfo=UTC)
    try:
        return when.astimezone(UTC)
    except OverflowError:
        raise BadValue("must be within the years 1 to 9999") from None


def _object(value: Any) -> str:
    if not isinstance(value, dict):
        raise BadValue("must be an object")
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError) as error:
        raise BadValue(f"cannot be kept as JSON: {error}") from None
    if len(text) > _METADATA_MAX_BYTES:
        raise BadValue(f"must have at most {_METADATA_MAX_BYTES} bytes as JSON")
    if b"\\u0000" in text:
        raise BadValue("must not contain NUL")
    return text.decode()


def _object_of_text(value: Any) -> str | None:
    if isinstance(value, str):
        if not value.strip():
            return None
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise BadValue(f"must be a JSON object: {error}") from None
    return _object(value)


def _interaction(row: list[Any]) -> list[Any]:
    """What an interaction does not say of itself, but what follows from the rest."""
    at = _INTERACTION_AT
    if row[at["interaction_type"]] is None:
        row[at["interaction_type"]] = _type_of(row, at)
    if row[at["deal_stage_status"]] is None and (stage := row[at["deal_stage"]]) is not None:
        row[at["deal_stage_status"]] = _status_of(stage)
    if row[at["interaction_type"]] == "deal":
        amount, deal_amount = row[at["amount"]], row[at["deal_amount"]]
        row[at["amount"]] = deal_amount if amount is None else amount
        row[at["deal_amount"]] = amount if deal_amount is None else deal_amount
    return row


def _type_of(row: list[Any], at: Mapping[str, int]) -> str | None:
    channel = row[at["channel"]]
    if channel == "email":
        return "email"
    if channel == "crm":
        return "deal" if row[at["deal_id"]] or row[at["deal_name"]] else "note"
    if row[at["content"]] is not None:
        return "utterance"
    return "meeting" if channel == "meeting" else None


def _status_of(stage: str) -> str:
    plain = stage.strip().lower().replace(" ", "_").replace("-", "_")
    if plain in _WON:
        return "won"
    return "lost" if plain in _LOST else "open"


def _deal(row: list[Any]) -> list[Any]:
    at = _DEAL_AT
    status, is_won = row[at["deal_stage_status"]], row[at["deal_stage_is_won"]]
    label = row[at["deal_stage_label"]]
    if status is None and is_won is None and label is not None:
        status = _status_of(label)
    elif status is None and is_won:
        status = "won"
    if status is not None and is_won is None:
        is_won = status == "won"
    if is_won is not None and status is not None and is_won != (status == "won"):
        raise BadRow([("deal_stage_is_won", f"contradicts deal_stage_status {status!r}")])
    row[at["deal_stage_status"]], row[at["deal_stage_is_won"]] = status, is_won
    return row


def _places(table: str) -> Mapping[str, int]:
    return {column.name: place for place, column in enumerate(TABLES[table].columns)}


_INTERACTION_AT = _places("interactions")
_DEAL_AT = _places("deals")
_COMPLETE: Mapping[str, Callable[[list[Any]], list[Any]]] = {
    "interactions": _interaction,
    "deals": _deal,
}
