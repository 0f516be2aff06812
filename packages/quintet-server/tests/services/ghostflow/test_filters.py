"""Filters of clicks and reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from quintet_server.http.errors import ApiError
from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.filters import (
    CLICK_COLUMNS,
    DIMENSIONS,
    Filters,
    read_filters,
)

from .conftest import Api

ID = UUID("01912345-6789-7abc-8def-0123456789ab")


class Query:
    """A request of which only the query is looked at."""

    def __init__(self, **given: Sequence[str]) -> None:
        self._given = given

    def queries(self, name: str) -> list[str]:
        return list(self._given.get(name, []))


def read(**given: Sequence[str]) -> Filters:
    return read_filters(cast("Call", Query(**given)))


def test_filters_of_nothing_are_none() -> None:
    assert read() == Filters()
    assert read().sql({}) == ("true", {})
    assert read().dimensions == frozenset()


def test_filters_name_the_dimensions_they_touch() -> None:
    found = read(country=["us"], sub10=["x"], event=["sale"], other=["y"])
    assert found.dimensions == {"country", "sub10", "event"}


def test_filters_become_a_condition_with_parameters() -> None:
    found = read(campaignId=[f"{ID},unknown"], country=["us", "!unknown,!de"])
    text, params = found.sql({"campaignId": "c.campaign_id", "country": "c.country"})
    assert text == (
        "(c.campaign_id = ANY(%(filter_campaignId)s::uuid[]) OR c.campaign_id IS NULL) AND "
        "c.country = ANY(%(filter_country)s::text[]) AND "
        "((c.country = ANY(%(filter_country_not)s::text[]) OR c.country IS NULL)) IS NOT TRUE"
    )
    assert params == {
        "filter_campaignId": [ID],
        "filter_country": ["US"],
        "filter_country_not": ["DE"],
    }


def test_filters_without_a_column_are_no_condition() -> None:
    with pytest.raises(KeyError):
        read(event=["sale"]).sql(CLICK_COLUMNS)


def test_fingerprint_is_that_of_the_meaning() -> None:
    mark = read(country=["us,de"], os=["!iOS"]).fingerprint()
    assert read(os=["! iOS "], country=["DE", "US", "us"]).fingerprint() == mark
    others = [
        read(country=["us,de"], os=["iOS"]),
        read(country=["us,de,unknown"], os=["!iOS"]),
        read(country=["us"], os=["!iOS"]),
        read(browser=["us,de"], os=["!iOS"]),
        read(os=["None"]),
        read(os=["unknown"]),
        read(),
    ]
    assert len({mark, *(other.fingerprint() for other in others)}) == len(others) + 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("campaignId", "x"),
        ("offerId", f"{ID},nonsense"),
        ("country", ""),
        ("country", " , "),
        ("os", "!"),
        ("sub1", "x" * 513),
        ("sub1", "a\0b"),
        ("sub1", ",".join(map(str, range(201)))),
    ],
)
def test_filters_of_what_is_none_are_refused(name: str, value: str) -> None:
    with pytest.raises(ApiError) as refused:
        read(**{name: [value]})
    assert (refused.value.status, refused.value.code) == (400, "VALIDATION_ERROR")
    assert refused.value.details[0]["field"] == name


def test_filters_take_every_spelling_of_unknown_where_senders_write_nothing() -> None:
    for name in ("country", "campaignId", "referrerHost"):
        assert read(**{name: ["Unknown"]}) == read(**{name: ["unknown"]})
    for name in ("sub1", "externalId", "event"):
        assert read(**{name: ["Unknown"]}) != read(**{name: ["unknown"]})


VALUES = st.lists(st.sampled_from(["a", "b", "unknown"]), max_size=3)


@given(wanted=VALUES, excluded=VALUES)
def test_filters_wanted_and_excluded_read_as_written(
    wanted: list[str], excluded: list[str]
) -> None:
    given_values = [*wanted, *(f"!{value}" for value in excluded)]
    if not given_values:
        return
    [(_, condition)] = read(sub1=given_values).conditions
    plain = {None if value == "unknown" else value for value in wanted}
    assert set(condition.wanted) == plain
    assert set(condition.excluded) == {None if v == "unknown" else v for v in excluded}


async def test_filters_in_the_database_hold_what_they_say(api: Api) -> None:
    rows = "(VALUES ('a'), ('b'), ('c'), (NULL)) AS r(v)"

    async def left(*given_values: str) -> set[Any]:
        text, params = read(sub1=given_values).sql({"sub1": "r.v"})
        statement = f"SELECT r.v FROM {rows} WHERE {text}".encode()
        async with api.runtime.db.connection() as conn:
            cursor = await conn.execute(statement, params)
            return {value for (value,) in await cursor.fetchall()}

    assert await left("a") == {"a"}
    assert await left("a,b", "unknown") == {"a", "b", None}
    assert await left("!a") == {"b", "c", None}
    assert await left("!unknown") == {"a", "b", "c"}
    assert await left("!unknown", "!a") == {"b", "c"}
    assert await left("a", "b", "!b") == {"a"}
    assert await left("a", "!a") == set()


def test_dimensions_are_those_of_clicks_and_the_event() -> None:
    assert len(DIMENSIONS) == 22
    assert set(DIMENSIONS) - set(CLICK_COLUMNS) == {"event"}
