"""What a failed statement is called on the wire: status, code, reason, and what to do about it.

400, 401 and 500 have the six codes of the first version of the API. `FORBIDDEN` came later and has
403 to itself.
"""

from __future__ import annotations

from typing import Any

from quintet_server.engines.sqlite import ErrorKind, SqlError
from quintet_server.http.errors import ApiError

__all__ = ["item_of", "refusal_of"]

_REASONS: dict[ErrorKind, str] = {
    "syntax": "DB_QUERY_INVALID",
    "no_table": "DB_TABLE_NOT_FOUND",
    "no_column": "DB_COLUMN_NOT_FOUND",
    "constraint": "DB_CONSTRAINT_FAILED",
    "forbidden": "DB_STATEMENT_FORBIDDEN",
    "schema_locked": "DB_SCHEMA_LOCKED",
    "parameters": "DB_PARAMETERS_INVALID",
    "too_big": "DB_LIMIT_EXCEEDED",
    "too_long": "DB_QUERY_TIMEOUT",
    "full": "DB_SIZE_EXCEEDED",
    "busy": "DB_BUSY",
    "engine": "DB_CONNECTION_FAILED",
}
_RECOVERY: dict[ErrorKind, str] = {"no_table": "CREATE_TABLE", "no_column": "ALTER_TABLE"}
_OURS: frozenset[ErrorKind] = frozenset({"engine", "busy"})
_FORBIDDEN: frozenset[ErrorKind] = frozenset({"forbidden", "schema_locked"})


def refusal_of(error: SqlError) -> ApiError:
    """Return the answer that a failed statement, or a failed atomic batch, amounts to."""
    status, code, details = _named(error)
    if error.index is None:
        return ApiError(status, code, error.message, details)
    details = {**details, "failedIndex": error.index}
    if code == "DB_QUERY_FAILED":
        details = {**details, "reason": "DB_TRANSACTION_FAILED", "cause": details["reason"]}
    message = f"queries.{error.index}: {error.message.rstrip('.')}. Nothing was changed."
    return ApiError(status, code, message, details)


def item_of(error: SqlError) -> dict[str, Any]:
    """Return what stands in a batch in the place of a statement that failed."""
    _status, code, details = _named(error)
    return {
        "results": [],
        "success": False,
        "error": error.message,
        "code": code,
        "details": details,
    }


def _named(error: SqlError) -> tuple[int, str, dict[str, Any]]:
    details = {
        "reason": _REASONS[error.kind],
        "suggestion": error.suggestion,
        "recoveryAction": _RECOVERY.get(error.kind),
    }
    shown = {name: value for name, value in details.items() if value is not None}
    if error.kind in _FORBIDDEN:
        return 403, "FORBIDDEN", shown
    return (500 if error.kind in _OURS else 400), "DB_QUERY_FAILED", shown
