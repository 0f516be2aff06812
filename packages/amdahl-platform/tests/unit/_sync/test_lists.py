# Generated from tests/unit/_async/test_lists.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Lists: by cursor, by offset, or all at once; and what a service must not do to them."""

from __future__ import annotations

from typing import Any

import pytest

from amdahl import DecodeError, MisuseError, PaginationError
from amdahl._sync.functions import iter_pages

from .rig import client, ok, page_of, sent


def items(pager: Any) -> list[Any]:
    return [item for item in pager]


def test_cursor_is_followed_to_its_end() -> None:
    am, transport = client(
        page_of([1, 2], next_cursor="c1"),
        page_of([3], next_cursor="c2"),
        page_of([], next_cursor=None),
    )
    assert items(am.pages.iter(status="draft", limit=2)) == [1, 2, 3]
    assert [sent(transport, n)[1] for n in range(3)] == [
        "/pages?status=draft&limit=2",
        "/pages?status=draft&limit=2&cursor=c1",
        "/pages?status=draft&limit=2&cursor=c2",
    ]


def test_cursor_wins_over_the_offset_of_the_same_page() -> None:
    both = {"offset": 0, "total": 3, "limit": 2}
    am, transport = client(
        page_of([1, 2], has_more=True, next_cursor="c1", **both),
        page_of([3], has_more=False, next_cursor=None, **both),
    )
    assert items(am.webhooks.iter()) == [1, 2, 3]
    assert sent(transport)[1] == "/webhooks?limit=100&cursor=c1"


def test_offset_goes_on_where_the_page_ended() -> None:
    am, transport = client(
        page_of([1, 2], offset=0, has_more=True),
        page_of([3, 4], offset=2, has_more=True),
        page_of([5], offset=4, has_more=False),
    )
    assert items(am.pages.iter()) == [1, 2, 3, 4, 5]
    assert [sent(transport, n)[1] for n in (1, 2)] == [
        "/pages?limit=100&offset=2",
        "/pages?limit=100&offset=4",
    ]


def test_page_that_says_nothing_of_others_is_the_only_one() -> None:
    am, _ = client(page_of([1, 2]))
    assert items(am.pages.iter()) == [1, 2]
    am, _ = client(ok([1, 2]))
    assert items(iter_pages(am, "/things")) == [1, 2]


@pytest.mark.parametrize(
    "script",
    [
        [
            page_of([1], next_cursor="a"),
            page_of([2], next_cursor="b"),
            page_of([3], next_cursor="a"),
        ],
        [page_of([1], next_cursor="a"), page_of([2], next_cursor="a")],
        [page_of([], next_cursor="a")],
        [page_of([], offset=0, has_more=True)],
        [page_of([1], offset=0, has_more=True), page_of([1], offset=1, has_more=True)],
    ],
)
def test_pages_that_never_end_are_an_error(script: list[Any]) -> None:
    am, transport = client(*script)
    with pytest.raises(PaginationError):
        items(am.pages.iter())
    assert len(transport.requests) == len(script)


def test_first_items_cost_no_more_requests_than_needed() -> None:
    am, transport = client(page_of([1, 2], next_cursor="c"), page_of([3, 4], next_cursor="d"))
    assert am.pages.iter().first(3) == [1, 2, 3]
    assert len(transport.requests) == 2
    am, transport = client(page_of([1, 2], next_cursor="c"))
    assert am.pages.iter().first() == [1]
    assert am.pages.iter().first(0) == []
    assert len(transport.requests) == 1
    with pytest.raises(MisuseError):
        am.pages.iter().first(-1)
    am, _ = client(page_of([1]))
    assert am.pages.iter().first(9) == [1]


def test_envelopes_come_one_by_one() -> None:
    am, transport = client(page_of([1], next_cursor="c", total=2), page_of([2], next_cursor=None))
    seen = []
    for envelope in am.pages.iter().pages():
        seen.append((envelope["items"], len(transport.requests)))
    assert seen == [([1], 1), ([2], 2)]


def test_every_iteration_begins_anew() -> None:
    am, _ = client(page_of([1], next_cursor=None), page_of([2], next_cursor=None))
    pager = am.pages.iter()
    assert [items(pager), items(pager)] == [[1], [2]]


def test_pages_of_the_guide_take_path_and_key() -> None:
    am, transport = client(*[ok({"rows": [1], "other": [], "next_cursor": None})] * 3)
    assert items(iter_pages(am, "/agent-runs", "rows", params={"status": "failed"})) == [1]
    assert sent(transport)[1] == "/agent-runs?limit=100&status=failed"
    assert items(iter_pages(am, items_key="rows")) == [1]
    assert items(iter_pages(am, "rows")) == [1]
    assert sent(transport)[1] == "/pages?limit=100"


@pytest.mark.parametrize("body", [{}, {"items": {}}, 7, {"a": [], "b": []}])
def test_what_is_no_list_is_an_error(body: Any) -> None:
    am, _ = client(ok(body))
    for walk in (lambda am: am.pages.iter(), iter_pages):
        am, transport = client(ok(body))
        with pytest.raises(DecodeError) as caught:
            items(walk(am))
        error, request = caught.value, transport.requests[0]
        assert (error.method, error.url, error.status) == ("GET", request.url, 200)
        assert f"GET {request.url.partition('?')[0]} answered 200" in str(error)
