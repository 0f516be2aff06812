"""What became of one declared query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows of a declared query, or why there are none."""

    columns: tuple[str, ...] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    """As on the wire: numbers beyond a double's precision are strings."""
    truncated: bool = False
    """There was at least one more row than may be shown."""
    error: Mapping[str, Any] | None = None
    """`code`, `message` and perhaps `details`, like the error of a call."""

    @property
    def row_count(self) -> int:
        """How many rows there are here."""
        return len(self.rows)

    def wire(self) -> dict[str, Any]:
        """The outcome as the answer to a render shows it."""
        return {
            "columns": list(self.columns),
            "rows": list(self.rows),
            "row_count": self.row_count,
            "truncated": self.truncated,
            "error": self.error,
        }
