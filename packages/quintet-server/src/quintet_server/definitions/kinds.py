"""The kinds of things that a definition file can describe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from quintet_server.store.database import Connection

__all__ = ["Apply", "Kind", "Outcome"]

Outcome = Literal["created", "updated", "unchanged"]
Apply = Callable[[Connection, str, str, Any], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of one service; services list theirs in ``Service.definitions``."""

    service: str
    kind: str
    model: type[BaseModel]
    """Validates ``spec``; its field names appear in error messages."""
    apply: Apply
    """(connection, project id, name, spec) → what it did. Runs in the transaction of the whole."""
