"""Walks over pages, one page at a time."""

from __future__ import annotations

from typing import Any

import pytest

from quintet._async.paging import iter_cursor_pages, iter_numbered_pages
from quintet.core.paging import CursorWalk, PageWalk
from quintet.errors import PagingError

PAGES: dict[str | None, tuple[list[int], str | None, bool | None]] = {
    None: ([1, 2], "b", True),
    "b": ([3], "c", None),
    "c": ([4], None, False),
}


async def test_items_of_all_pages_come_in_order_and_pages_when_needed() -> None:
    fetched: list[Any] = []

    async def fetch(params: dict[str, Any]) -> Any:
        fetched.append(params)
        return PAGES[params.get("cursor")]

    items = iter_cursor_pages(CursorWalk(), fetch)
    assert fetched == []
    assert [await items.__anext__(), await items.__anext__()] == [1, 2]
    assert len(fetched) == 1
    assert [item async for item in items] == [3, 4]
    assert len(fetched) == 3


async def test_pages_that_loop_are_an_error() -> None:
    async def fetch(params: dict[str, Any]) -> Any:
        return [1], "same", True

    with pytest.raises(PagingError):
        async for _ in iter_cursor_pages(CursorWalk(), fetch):
            pass


async def test_numbered_pages_are_counted_up() -> None:
    async def fetch(params: dict[str, Any]) -> Any:
        page = params["page"]
        return [page * 10], page < 3

    assert [item async for item in iter_numbered_pages(PageWalk(), fetch)] == [10, 20, 30]
