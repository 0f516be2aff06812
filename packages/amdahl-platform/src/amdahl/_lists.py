"""How a list goes on: by cursor or by offset, as its first page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amdahl._envelope import items_of
from amdahl.errors import DecodeError, MisuseError, PaginationError
from quintet.core.paging import CursorWalk, OffsetWalk
from quintet.errors import PagingError


class ListWalk:
    """A walk over the pages of a list.

    A page with ``next_cursor`` is followed by that, ``null`` being the end; otherwise one with
    ``has_more`` is followed by offset; one with neither is the only one.

    Args:
        key: The name under which the items are.
        max_items: Stop quietly after so many; ``None`` for all.

    Raises:
        MisuseError: ``max_items`` is no whole number, or negative.
    """

    def __init__(self, key: str = "items", max_items: int | None = None) -> None:
        if max_items is not None and (type(max_items) is not int or max_items < 0):
            raise MisuseError(message="the count must be a whole number, 0 or more")
        self._key = key
        self._max_items = max_items
        self._walk: CursorWalk[Any] | OffsetWalk[Any] | None = None
        self._done = max_items == 0

    def next_params(self) -> dict[str, Any] | None:
        """Return the parameters of the next page, ``None`` if there is no next page."""
        if self._done:
            return None
        return {} if self._walk is None else self._walk.next_params()

    def take(self, envelope: Any) -> list[Any]:
        """Take a page; return its items.

        Raises:
            DecodeError: There is no list in it.
            PaginationError: A cursor came for the second time, or a page is empty and claims more.
        """
        items = items_of(envelope, self._key)
        if items is None:
            raise DecodeError(message="expected a page of a list, got something else")
        try:
            return self._turned(items, envelope if isinstance(envelope, Mapping) else {})
        except PagingError as error:
            raise PaginationError(message=error.message) from None

    def _turned(self, items: list[Any], envelope: Mapping[str, Any]) -> list[Any]:
        by_cursor = "next_cursor" in envelope
        if self._walk is None:
            if not by_cursor and "has_more" not in envelope:
                self._done = True
                return items[: self._max_items]
            offset = envelope.get("offset")
            self._walk = (
                CursorWalk(max_items=self._max_items, max_empty_pages=0)
                if by_cursor
                else OffsetWalk(
                    first_offset=offset if isinstance(offset, int) else 0,
                    max_items=self._max_items,
                )
            )
        if isinstance(self._walk, CursorWalk):
            cursor = envelope.get("next_cursor")
            # A number is a cursor as well.
            ends = cursor is None or isinstance(cursor, bool)
            return self._walk.page(items, None if ends else str(cursor))
        return self._walk.page(items, bool(envelope.get("has_more")))
