"""What surrounds a page of a list."""

from __future__ import annotations

from typing import TypedDict


class Envelope(TypedDict, total=False):
    """Where a page stands in its list."""

    limit: int
    offset: int
    total: int
    has_more: bool
    next_cursor: str | None
    """What to ask the next page with; ``None`` at the end."""
