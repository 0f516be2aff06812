# Generated from quintet/_async/paging.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Walks over pages as a plain iterator of items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from quintet.core.paging import CursorWalk, PageWalk

__all__ = ["iter_cursor_pages", "iter_numbered_pages"]

T = TypeVar("T")


def iter_cursor_pages(
    walk: CursorWalk[T],
    fetch: Callable[[dict[str, Any]], tuple[Sequence[T], str | None, bool | None]],
) -> Iterator[T]:
    """Yield the items of all pages, fetching each page when its first item is asked for.

    Args:
        walk: Decides which page comes next and when to stop.
        fetch: Gets the page for the parameters it is given: items, next cursor, whether there
            is more (None if the service does not say).

    Raises:
        PagingError: The service's pages loop, or never end.
        QuintetError: Whatever ``fetch`` raises.
    """
    while (params := walk.next_params()) is not None:
        items, cursor, has_more = fetch(params)
        for item in walk.page(items, cursor, has_more):
            yield item


def iter_numbered_pages(
    walk: PageWalk[T],
    fetch: Callable[[dict[str, Any]], tuple[Sequence[T], bool | None]],
) -> Iterator[T]:
    """Yield the items of all pages, fetching each page when its first item is asked for.

    Args:
        walk: Decides which page comes next and when to stop.
        fetch: Gets the page for the parameters it is given: items, and whether there is more
            (None if the service does not say).

    Raises:
        PagingError: The service's pages loop, or never end.
        QuintetError: Whatever ``fetch`` raises.
    """
    while (params := walk.next_params()) is not None:
        items, has_more = fetch(params)
        for item in walk.page(items, has_more):
            yield item
