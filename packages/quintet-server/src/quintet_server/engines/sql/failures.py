"""What PostgreSQL says when a statement fails, as the reasons that callers know.

Only the message and the hint are passed on, never the context or internal positions: the text that
PostgreSQL saw is not the text that the caller wrote.
"""

from __future__ import annotations

import re

import psycopg
from psycopg import errors

from quintet_server.engines.sql.model import Reason, SqlRefused
from quintet_server.engines.sql.numbers_only import NUMBERS_ONLY

__all__ = ["refused"]

_BY_STATE: dict[str, Reason] = {
    "42601": "syntax",
    "42703": "unknown_column",
    "42P10": "unknown_column",  # ORDER BY or GROUP BY a position that is not there
    "42P01": "unknown_table",
    "3F000": "unknown_table",
    "42501": "forbidden_function",
    "42701": "duplicate_column",
    "42P18": "parameter_invalid",  # nothing says of what type it is
    "0A000": "not_select",
    "53400": "too_large",  # temporary files
    "54000": "too_large",
    "54001": "too_large",  # stack depth
    "54011": "too_large",
    "54023": "too_large",
    "53200": "too_large",  # memory
}
# Values, by class: 22 data exceptions, 21 cardinality.
_EVALUATION = ("22", "21", "2F", "38", "39")

_UNKNOWN_CALL = "42883"
_CALL = re.compile(r"function (?:\w+\.)?(\w+)\((.*)\) does not exist")
_OPERATION = re.compile(r"operator does not exist: (.+)")
# What PostgreSQL calls a type, and what we do.
_TYPES = {
    "timestamp with time zone": "TIMESTAMP",
    "timestamp without time zone": "DATETIME",
    "time without time zone": "TIME",
    "double precision": "FLOAT",
    "character varying": "STRING",
    "bigint": "INTEGER",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    "numeric": "NUMERIC",
    "interval": "INTERVAL",
    "jsonb": "JSON",
    "date": "DATE",
    "text": "STRING",
    "unknown": "STRING",
}
_TYPE = re.compile(rf"\b(?:{'|'.join(_TYPES)})\b")


def refused(error: psycopg.Error) -> SqlRefused | None:
    """The refusal that this failure is; None if it is not the statement's fault."""
    if isinstance(error, errors.QueryCanceled):
        return None
    state = error.sqlstate or ""
    reason = _BY_STATE.get(state)
    if reason is None:
        if state[:2] in _EVALUATION:
            reason = "evaluation"
        elif state[:2] == "25":  # what a read-only transaction does not take
            reason = "not_select"
        elif state[:2] in {"42", "54"}:
            reason = "invalid_expression"
        else:
            return None
    return SqlRefused(reason, _message(error, reason))


def _message(error: psycopg.Error, reason: Reason) -> str:
    text = (error.diag.message_primary or str(error)).strip()
    if reason == "forbidden_function":
        return f"Not allowed here: {text}."
    if error.sqlstate == _UNKNOWN_CALL and (plain := _types_that_do_not_fit(text)):
        return plain
    hint = error.diag.message_hint
    sentence = f"{text[:1].upper()}{text[1:]}."
    # Hints that tell how to raise a setting are for operators.
    return f"{sentence} {hint}" if hint and "parameter" not in hint else sentence


def _types_that_do_not_fit(text: str) -> str | None:
    """The same in the caller's words: names of functions were checked, so types are at fault."""
    if found := _CALL.fullmatch(text):
        name, types = found[1].upper(), _in_our_words(found[2])
        if name in NUMBERS_ONLY:
            return f"{name} needs numbers, not {types}."
        return f"{name} does not take ({types})."
    if found := _OPERATION.fullmatch(text):
        return f"These types do not go together: {_in_our_words(found[1])}; CAST one of them."
    return None


def _in_our_words(types: str) -> str:
    return _TYPE.sub(lambda found: _TYPES[found[0]], types)
