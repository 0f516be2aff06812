"""A SQLite database for every project: statements of strangers, kept within bounds.

A call goes `engine` → `lanes` (which thread, whose turn) → `execution` (one statement or a batch on
one connection) → `connection` (limits, deadline); `rules` is what a statement may touch, `errors`
what a failure is called. Writes that wait together go through `groups`: one commit for them all.
"""

from __future__ import annotations

from quintet_server.engines.sqlite.engine import Databases
from quintet_server.engines.sqlite.model import (
    ErrorKind,
    KeyReused,
    QueryResult,
    SqlBusy,
    SqlError,
    Statement,
    Usage,
)
from quintet_server.engines.sqlite.settings import SqliteSettings

__all__ = [
    "Databases",
    "ErrorKind",
    "KeyReused",
    "QueryResult",
    "SqlBusy",
    "SqlError",
    "SqliteSettings",
    "Statement",
    "Usage",
]
