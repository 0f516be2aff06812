"""``sdk.database``: SQL on the project's database."""

from __future__ import annotations

from aerostack._async.database import _AsyncDatabase
from aerostack._sync.database import _Database

__all__ = ["Database"]


class Database(_Database, _AsyncDatabase):
    """The project's database; SQLite's dialect.

    Each operation has a blocking form and one with ``_async`` that is awaited; both take the same.
    """
