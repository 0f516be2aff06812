"""Which part of a list is asked for: clamped, never refused (contract §2)."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, strategies as st
from starlette.requests import Request

from quintet_server.services.flowmaestro.wire import Page, ok_list, read_page


def _request(query: str) -> Request:
    scope = {"type": "http", "query_string": query.encode(), "headers": [], "state": {}}
    request = Request(scope)
    request.state.request_id = "r-1"
    return request


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("", Page(1, 20)),
        ("page=3&per_page=50", Page(3, 50)),
        ("page=0&per_page=0", Page(1, 1)),
        ("page=-4&per_page=-1", Page(1, 1)),
        ("page=abc&per_page=many", Page(1, 20)),
        ("page=1.5&per_page=2e1", Page(1, 20)),
        ("per_page=101", Page(1, 100)),
        ("page=&per_page=", Page(1, 20)),
        ("page=%C2%B2", Page(1, 20)),
    ],
)
def test_pages_are_clamped_silently(query: str, page: Page) -> None:
    assert read_page(_request(query)) == page


def test_number_with_thousands_of_digits_is_just_large() -> None:
    page = read_page(_request(f"page={'9' * 5000}&per_page={'9' * 5000}"))

    assert page.per_page == 100
    assert page.offset < 2**63


@given(st.integers(0, 500), st.integers(1, 30), st.integers(1, 100))
def test_pagination_fields_agree_with_each_other(total: int, number: int, size: int) -> None:
    page = Page(number, size)
    items = list(range(total))[page.offset : page.offset + size]

    shown = orjson.loads(ok_list(_request(""), items, page, total).body)["pagination"]

    assert shown["total_count"] == total
    assert shown["has_next"] == shown["has_more"] == (page.offset + size < total)
    assert shown["has_prev"] == (number > 1)
    assert (shown["total_pages"] == 0) == (total == 0)
    assert shown["total_pages"] * size >= total > (shown["total_pages"] - 1) * size
