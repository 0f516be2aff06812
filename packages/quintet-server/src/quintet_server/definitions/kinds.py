"""The kinds of things that a definition file can describe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from quintet_server.store.database import Connection

__all__ = ["Apply", "Kind", "Outcome", "Read", "Report"]

Outcome = Literal["created", "updated", "unchanged"]
Apply = Callable[[Connection, str, str, Any], Awaitable[Outcome]]


class Report(Protocol):
    """Notes a mistake; several can be noted before they are shown together."""

    def __call__(self, message: str, *location: str | int, fatal: bool = True) -> None:
        """`location`: path of the field within `spec`; nothing if it is no field's fault.

        What is not `fatal` is shown too, and the document is applied all the same.
        """


Read = Callable[[Path, Any, Report], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of one service; services list theirs in ``Service.definitions``."""

    service: str
    kind: str
    model: type[BaseModel]
    """Validates ``spec``; its field names appear in error messages."""
    apply: Apply
    """(connection, project id, name, spec) → what it did. Runs in the transaction of the whole."""
    read: Read | None = None
    """(definition file, spec, report) → what ``apply`` gets instead of the spec.

    For a kind whose spec names other files, relative to its own: looks at them before anything is
    written, so that what is wrong with them is shown with all other mistakes.
    """
    order: int = 0
    """Kinds with a larger number are applied later, wherever they stand: they refer to others."""
