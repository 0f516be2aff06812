"""Page walks: which page to ask for next, and when it is the last.

A walk only decides; the iterator around it sends.  ``next_params()`` says what to ask for (None
when done), ``page(…)`` takes the answer and gives the items to hand out.  Servers that loop or
claim more without giving any are caught: an iterator that never ends is worse than an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from quintet.errors import MisuseError, PagingError

__all__ = ["CursorWalk", "OffsetWalk", "PageWalk"]

T = TypeVar("T")


class _Walk(Generic[T]):
    """What all walks share: the caller's bounds, and empty pages that claim more."""

    def __init__(self, max_pages: int | None, max_items: int | None, max_empty_pages: int) -> None:
        for name, value in (("max_pages", max_pages), ("max_items", max_items)):
            if value is not None and value < 0:
                raise MisuseError(f"{name} must not be negative")
        self._pages_left = max_pages
        self._items_left = max_items
        self._max_empty = max_empty_pages
        self._empty = 0
        self.done = max_pages == 0 or max_items == 0

    def _take(self, items: Sequence[T], more: bool) -> list[T]:
        """Cut to the caller's bounds and note the end."""
        taken = list(items if self._items_left is None else items[: self._items_left])
        if self._items_left is not None:
            self._items_left -= len(taken)
        if self._pages_left is not None:
            self._pages_left -= 1
        self.done = not more or self._items_left == 0 or self._pages_left == 0
        self._empty = 0 if items else self._empty + 1
        if not self.done and self._empty > self._max_empty:
            raise PagingError(
                f"{self._empty} empty pages in a row, each claiming that there is more"
            )
        return taken


class CursorWalk(_Walk[T]):
    """A walk by opaque cursors.

    Args:
        first_cursor: Where to begin; None for the beginning.
        max_pages: Stop quietly after so many pages; None for all.
        max_items: Stop quietly after so many items; None for all.
        param: The service's name for the cursor parameter.
        max_empty_pages: Empty pages in a row to put up with, while each names a new cursor:
            filters make servers send such pages.
    """

    def __init__(
        self,
        first_cursor: str | None = None,
        max_pages: int | None = None,
        max_items: int | None = None,
        *,
        param: str = "cursor",
        max_empty_pages: int = 100,
    ) -> None:
        super().__init__(max_pages, max_items, max_empty_pages)
        self._param = param
        self._cursor = first_cursor
        self._seen = {first_cursor} if first_cursor is not None else set()

    def next_params(self) -> dict[str, Any] | None:
        """Return the parameters of the next page, None if there is no next page."""
        if self.done:
            return None
        return {} if self._cursor is None else {self._param: self._cursor}

    def page(
        self, items: Sequence[T], next_cursor: str | None, has_more: bool | None = None
    ) -> list[T]:
        """Take a page; return the items to hand out.

        Args:
            items: The page's.
            next_cursor: None or ``""`` at the end.
            has_more: What the service says; None if it says nothing, then the cursor decides.

        Raises:
            PagingError: The cursor has been seen before, the service claims more without a
                cursor, or too many pages in a row are empty.
        """
        more = bool(next_cursor) if has_more is None else has_more
        taken = self._take(items, more)
        if self.done:
            return taken
        if not next_cursor:
            raise PagingError("the service says that there is more, but gives no cursor")
        if next_cursor in self._seen:
            raise PagingError("the service gave a cursor for the second time: the pages loop")
        self._seen.add(next_cursor)
        self._cursor = next_cursor
        return taken


class _CountedWalk(_Walk[T]):
    """Walks whose next page is computed here, so a server may ignore it and repeat itself."""

    _previous: Sequence[T] | None = None

    def _check_moved(self, items: Sequence[T]) -> None:
        if items and items == self._previous:
            raise PagingError("the service sent the same page twice: it ignores the page asked for")
        self._previous = items


class PageWalk(_CountedWalk[T]):
    """A walk by page numbers.

    Args:
        first_page: Number of the first page.
        per_page: Page size to ask for; None to leave it to the service.
        max_pages: Stop quietly after so many pages; None for all.
        max_items: Stop quietly after so many items; None for all.
        page_param: The service's name for the page number.
        size_param: The service's name for the page size.
        max_empty_pages: Empty pages in a row to put up with.
    """

    def __init__(
        self,
        first_page: int = 1,
        per_page: int | None = None,
        max_pages: int | None = None,
        max_items: int | None = None,
        *,
        page_param: str = "page",
        size_param: str = "per_page",
        max_empty_pages: int = 0,
    ) -> None:
        super().__init__(max_pages, max_items, max_empty_pages)
        self._page = first_page
        self._per_page = per_page
        self._names = (page_param, size_param)

    def next_params(self) -> dict[str, Any] | None:
        """Return the parameters of the next page, None if there is no next page."""
        if self.done:
            return None
        page_param, size_param = self._names
        params: dict[str, Any] = {page_param: self._page}
        if self._per_page is not None:
            params[size_param] = self._per_page
        return params

    def page(
        self,
        items: Sequence[T],
        has_more: bool | None = None,
        *,
        total_pages: int | None = None,
    ) -> list[T]:
        """Take a page; return the items to hand out.

        The end is what the service says (``has_more``, else ``total_pages``); if it says neither,
        a page that is empty or shorter than asked for.

        Raises:
            PagingError: The same page came twice, or pages are empty and claim more.
        """
        if has_more is None:
            if total_pages is not None:
                has_more = self._page < total_pages
            else:
                has_more = len(items) >= (self._per_page or 1)
        taken = self._take(items, has_more)
        if not self.done:
            self._check_moved(items)
            self._page += 1
        return taken


class OffsetWalk(_CountedWalk[T]):
    """A walk by offset and limit.

    Args:
        limit: Page size to ask for; None to leave it to the service.
        first_offset: Items to skip.
        max_pages: Stop quietly after so many pages; None for all.
        max_items: Stop quietly after so many items; None for all.
    """

    def __init__(
        self,
        limit: int | None = None,
        first_offset: int = 0,
        max_pages: int | None = None,
        max_items: int | None = None,
    ) -> None:
        # An empty page leaves the offset where it is: asking again would loop.
        super().__init__(max_pages, max_items, max_empty_pages=0)
        self._limit = limit
        self._offset = first_offset

    def next_params(self) -> dict[str, Any] | None:
        """Return the parameters of the next page, None if there is no next page."""
        if self.done:
            return None
        params: dict[str, Any] = {"offset": self._offset}
        if self._limit is not None:
            params["limit"] = self._limit
        return params

    def page(
        self, items: Sequence[T], has_more: bool | None = None, *, total: int | None = None
    ) -> list[T]:
        """Take a page; return the items to hand out.

        The end is what the service says (``has_more``, else ``total``); if it says neither, a page
        that is empty or shorter than asked for.

        Raises:
            PagingError: The same page came twice, or an empty page claims more.
        """
        end = self._offset + len(items)
        if has_more is None:
            has_more = end < total if total is not None else len(items) >= (self._limit or 1)
        taken = self._take(items, has_more)
        if not self.done:
            self._check_moved(items)
            self._offset = end
        return taken
