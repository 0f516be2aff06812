# Generated from tests/unit/_async/test_lists.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Lists: pages in every shape, and walks over all of them."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from ghostflow import GhostFlowClient, InvalidResponseError, MisuseError, PagingError

from .rig import ID, client, ok, refused, sent


def names(gf: GhostFlowClient, **options: Any) -> list[str]:
    return [each["name"] for each in gf.campaigns.iter(**options)]


def one(name: str) -> dict[str, Any]:
    return {"id": name, "name": name}


@pytest.mark.parametrize(
    ("body", "headers", "total", "cursor"),
    [
        ([one("a")], {}, None, None),
        ([one("a")], {"X_Total_Count": "12", "X_Next_Cursor": "n"}, 12, "n"),
        ([one("a")], {"Link": '<https://x/campaigns?limit=1&cursor=n%2B>; rel="next"'}, None, "n+"),
        ([one("a")], {"Link": '<https://x/campaigns?cursor=p>; rel="prev"'}, None, None),
        ([one("a")], {"Link": '<https://x/?ids=1,2&cursor=n>; rel="next"; title="t"'}, None, "n"),
        ([one("a")], {"Link": "</?cursor=p>; rel=prev, </?cursor=n>; REL=next"}, None, "n"),
        ([one("a")], {"Link": '<https://x/?cursor=l>; rel="last up"'}, None, None),
        ([one("a")], {"Link": '<http://[?cursor=n>; rel="first next"'}, None, "n"),
        ([one("a")], {"Link": '<http://[>; rel="next", <, >;;,'}, None, None),
        ([one("a")], {"X_Total_Count": "many"}, None, None),
        ({"data": [one("a")], "total": 3, "nextCursor": "n"}, {}, 3, "n"),
        ({"items": [one("a")], "meta": {"total": 3, "nextCursor": "n"}}, {}, 3, "n"),
        ({"results": [one("a")], "next_cursor": None}, {}, None, None),
    ],
)
def test_page_is_read_in_every_shape(
    body: Any, headers: dict[str, str], total: int | None, cursor: str | None
) -> None:
    gf, _ = client(ok(body, **headers))
    page = gf.campaigns.list()
    assert list(page) == [one("a")]
    assert (page.total, page.next_cursor) == (total, cursor)


@pytest.mark.parametrize("body", [{}, {"data": {}}, "text", 7, None])
def test_answer_without_a_list_is_an_error(body: Any) -> None:
    gf, _ = client(ok(body))
    with pytest.raises(InvalidResponseError):
        gf.campaigns.list()


def test_walk_fetches_pages_as_they_are_needed() -> None:
    gf, transport = client(
        ok([one("a"), one("b")], X_Next_Cursor="n1"), ok([one("c")], X_Next_Cursor="n2"), ok([])
    )
    assert names(gf, page_size=2, status="all") == ["a", "b", "c"]
    assert [sent(transport, index)[1] for index in range(3)] == [
        "/campaigns?limit=2&status=all",
        "/campaigns?limit=2&status=all&cursor=n1",
        "/campaigns?limit=2&status=all&cursor=n2",
    ]
    gf, transport = client(ok([one("a"), one("b")], X_Next_Cursor="n1"))
    assert names(gf, max_items=2) == ["a", "b"]
    assert len(transport.requests) == 1


def test_walk_ends_where_a_cursor_repeats(caplog: pytest.LogCaptureFixture) -> None:
    gf, transport = client(
        ok([one("a")], X_Next_Cursor="n1"),
        ok([one("b")], X_Next_Cursor="n2"),
        ok([one("c")], X_Next_Cursor="n1"),
    )
    with caplog.at_level(logging.WARNING, "ghostflow"):
        assert names(gf) == ["a", "b", "c"]
    assert len(transport.requests) == 3
    assert "second time" in caplog.text


def test_empty_pages_without_end_are_an_error() -> None:
    gf, _ = client(*[ok([], X_Next_Cursor=f"n{number}") for number in range(200)])
    with pytest.raises(PagingError):
        names(gf)


def test_error_on_the_way_is_raised() -> None:
    gf, _ = client(ok([one("a")], X_Next_Cursor="n1"), refused(400, "VALIDATION_ERROR"))
    seen = []
    with pytest.raises(Exception, match="no"):
        for each in gf.campaigns.iter():
            seen.append(each["name"])
    assert seen == ["a"]


@pytest.mark.parametrize("count", [-1, 1.5, True, "3"])
def test_impossible_count_is_refused(count: Any) -> None:
    gf, transport = client()
    with pytest.raises(MisuseError):
        names(gf, max_items=count)
    assert transport.requests == []


def test_every_resource_can_be_walked() -> None:
    gf, _ = client(*[ok([one("a")])] * 13)
    walks = [
        gf.offers.iter(),
        gf.sources.iter(),
        gf.networks.iter(),
        gf.domains.iter(),
        gf.clicks.iter("2025-01-01", "2025-01-02", country="US"),
        gf.conversions.iter(status="pending"),
        gf.postbacks.iter(direction="in"),
        gf.api_keys.iter(),
        gf.api_keys.iter_audit_log(ID),
        gf.teams.iter(),
        gf.webhooks.iter(),
        gf.webhooks.iter_deliveries(ID),
    ]
    for walk in walks:
        assert [each["id"] for each in walk] == ["a"]


@pytest.mark.parametrize("body", [{}, {"rows": None}, {"rows": {"a": 1}}, {"data": []}])
def test_breakdown_without_rows_is_an_error(body: Any) -> None:
    gf, transport = client(ok(body))
    with pytest.raises(InvalidResponseError) as caught:
        [row for row in gf.reports.iter_breakdown("country")]
    error, request = caught.value, transport.requests[0]
    assert (error.method, error.url, error.status) == ("GET", request.url, 200)
    assert f"GET {request.url.partition('?')[0]} answered 200" in str(error)


@pytest.mark.parametrize("cursor", [["n"], {"n": 1}, True, None, ""])
def test_breakdown_with_an_odd_cursor_ends(cursor: Any) -> None:
    gf, _ = client(ok({"rows": [{"clicks": 1}], "nextCursor": cursor}))
    assert [row["clicks"] for row in gf.reports.iter_breakdown("country")] == [1]


def test_rows_of_a_breakdown_are_walked() -> None:
    gf, transport = client(
        ok({"rows": [{"clicks": 1}], "nextCursor": "n1"}),
        ok({"rows": [{"clicks": 2}], "nextCursor": "n1"}),
    )
    rows = gf.reports.iter_breakdown("country", page_size=1, bots="include", os="iOS")
    assert [row["clicks"] for row in rows] == [1, 2]
    assert sent(transport)[1] == (
        "/reports/breakdown?groupBy=country&bots=include&limit=1&cursor=n1&os=iOS"
    )
