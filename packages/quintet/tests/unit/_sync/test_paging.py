# Generated from tests/unit/_async/test_paging.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Walks over pages, one page at a time."""

from __future__ import annotations

from typing import Any

import pytest

from quintet._sync.paging import iter_cursor_pages, iter_numbered_pages
from quintet.core.paging import CursorWalk, PageWalk
from quintet.errors import PagingError

PAGES: dict[str | None, tuple[list[int], str | None, bool | None]] = {
    None: ([1, 2], "b", True),
    "b": ([3], "c", None),
    "c": ([4], None, False),
}


def test_items_of_all_pages_come_in_order_and_pages_when_needed() -> None:
    fetched: list[Any] = []

    def fetch(params: dict[str, Any]) -> Any:
        fetched.append(params)
        return PAGES[params.get("cursor")]

    items = iter_cursor_pages(CursorWalk(), fetch)
    assert fetched == []
    assert [items.__next__(), items.__next__()] == [1, 2]
    assert len(fetched) == 1
    assert [item for item in items] == [3, 4]
    assert len(fetched) == 3


def test_pages_that_loop_are_an_error() -> None:
    def fetch(params: dict[str, Any]) -> Any:
        return [1], "same", True

    with pytest.raises(PagingError):
        for _ in iter_cursor_pages(CursorWalk(), fetch):
            pass


def test_numbered_pages_are_counted_up() -> None:
    def fetch(params: dict[str, Any]) -> Any:
        page = params["page"]
        return [page * 10], page < 3

    assert [item for item in iter_numbered_pages(PageWalk(), fetch)] == [10, 20, 30]
