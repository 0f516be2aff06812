"""Page walks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet.core.paging import CursorWalk, OffsetWalk, PageWalk
from quintet.errors import MisuseError, PagingError

ITEMS = list(range(25))


def walk_cursor(walk: CursorWalk[int], size: int, has_more: bool = True) -> list[int]:
    """Play a server whose cursor is the next index."""
    out: list[int] = []
    while (params := walk.next_params()) is not None:
        start = int(params.get("cursor", 0))
        end = start + size
        more = end < len(ITEMS)
        out += walk.page(ITEMS[start:end], str(end) if more else None, more if has_more else None)
    return out


@given(
    st.integers(1, 30),
    st.booleans(),
    st.none() | st.integers(0, 30),
    st.none() | st.integers(0, 30),
)
def test_cursor_walk_gives_each_item_once_within_its_bounds(
    size: int, has_more: bool, max_items: int | None, max_pages: int | None
) -> None:
    walk = CursorWalk[int](max_items=max_items, max_pages=max_pages)
    expected = ITEMS[:max_items][: None if max_pages is None else max_pages * size]
    assert walk_cursor(walk, size, has_more) == expected
    assert walk.done


def test_cursor_walk_begins_at_the_given_cursor() -> None:
    assert walk_cursor(CursorWalk("20"), 3) == [20, 21, 22, 23, 24]


def test_cursor_walk_uses_the_services_name() -> None:
    assert CursorWalk("c", param="after").next_params() == {"after": "c"}


@pytest.mark.parametrize("period", [1, 2, 5])
def test_cursor_walk_of_a_server_that_loops_is_an_error(period: int) -> None:
    walk = CursorWalk[int]()
    with pytest.raises(PagingError, match="loop"):
        for turn in range(100):
            walk.page([turn], f"c{turn % period}", True)


def test_cursor_walk_back_to_its_first_cursor_is_an_error() -> None:
    walk = CursorWalk[int]("c")
    with pytest.raises(PagingError, match="loop"):
        walk.page([1], "c")


@pytest.mark.parametrize("cursor", [None, ""])
def test_cursor_walk_claiming_more_without_a_cursor_is_an_error(cursor: str | None) -> None:
    with pytest.raises(PagingError, match="no cursor"):
        CursorWalk[int]().page([1], cursor, True)


def test_cursor_walk_ends_where_the_service_says_so_in_spite_of_a_cursor() -> None:
    walk = CursorWalk[int]()
    assert walk.page([1], "c", False) == [1]
    assert walk.next_params() is None


def test_cursor_walk_puts_up_with_some_empty_pages() -> None:
    walk = CursorWalk[int](max_empty_pages=2)
    walk.page([], "a")
    walk.page([], "b")
    walk.page([1], "c")
    walk.page([], "d")
    walk.page([], "e")
    with pytest.raises(PagingError, match="3 empty pages"):
        walk.page([], "f")


@pytest.mark.parametrize("bounds", [{"max_pages": -1}, {"max_items": -1}])
def test_walk_with_a_negative_bound_is_misuse(bounds: dict[str, Any]) -> None:
    with pytest.raises(MisuseError):
        CursorWalk[int](**bounds)


def walk_pages(walk: PageWalk[int], size: int, **says: Any) -> list[int]:
    out: list[int] = []
    while (params := walk.next_params()) is not None:
        start = (params["page"] - 1) * size
        page = ITEMS[start : start + size]
        answer: dict[str, Any] = {}
        if says.get("has_more"):
            answer["has_more"] = start + size < len(ITEMS)
        if says.get("total_pages"):
            answer["total_pages"] = -(-len(ITEMS) // size)
        out += walk.page(page, **answer)
    return out


@given(
    st.integers(1, 30), st.booleans(), st.booleans(), st.booleans(), st.none() | st.integers(0, 30)
)
def test_page_walk_gives_each_item_once_whatever_the_service_says(
    size: int, has_more: bool, total_pages: bool, asks: bool, max_items: int | None
) -> None:
    walk = PageWalk[int](per_page=size if asks else None, max_items=max_items)
    assert walk_pages(walk, size, has_more=has_more, total_pages=total_pages) == ITEMS[:max_items]


def test_page_walk_asks_by_the_services_names() -> None:
    walk = PageWalk[int](3, 50, page_param="p", size_param="n")
    assert walk.next_params() == {"p": 3, "n": 50}
    walk.page([1], True)
    assert walk.next_params() == {"p": 4, "n": 50}


def test_page_walk_of_a_server_that_ignores_the_page_is_an_error() -> None:
    walk = PageWalk[int](per_page=2)
    walk.page([1, 2])
    with pytest.raises(PagingError, match="same page"):
        walk.page([1, 2])


def test_page_walk_with_an_empty_page_that_claims_more_is_an_error() -> None:
    with pytest.raises(PagingError, match="empty"):
        PageWalk[int]().page([], True)


def test_page_walk_may_put_up_with_empty_pages() -> None:
    walk = PageWalk[int](max_empty_pages=1)
    assert walk.page([], True) == []
    assert walk.next_params() == {"page": 2}


def walk_offset(walk: OffsetWalk[int], size: int, **says: Any) -> list[int]:
    out: list[int] = []
    while (params := walk.next_params()) is not None:
        start = params["offset"]
        page = ITEMS[start : start + size]
        answer: dict[str, Any] = {}
        if says.get("has_more"):
            answer["has_more"] = start + size < len(ITEMS)
        if says.get("total"):
            answer["total"] = len(ITEMS)
        out += walk.page(page, **answer)
    return out


@given(
    st.integers(1, 30), st.booleans(), st.booleans(), st.booleans(), st.none() | st.integers(0, 5)
)
def test_offset_walk_gives_each_item_once_whatever_the_service_says(
    size: int, has_more: bool, total: bool, asks: bool, max_pages: int | None
) -> None:
    walk = OffsetWalk[int](limit=size if asks else None, max_pages=max_pages)
    expected = ITEMS if max_pages is None else ITEMS[: max_pages * size]
    assert walk_offset(walk, size, has_more=has_more, total=total) == expected


def test_offset_walk_skips_and_asks_for_its_limit() -> None:
    assert OffsetWalk[int](10, 5).next_params() == {"offset": 5, "limit": 10}


def test_offset_walk_with_an_empty_page_that_claims_more_is_an_error() -> None:
    with pytest.raises(PagingError, match="empty"):
        OffsetWalk[int]().page([], True)
