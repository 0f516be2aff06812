from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from quintet_server.http.errors import ApiError
from quintet_server.services.amdahl.pages.model import DeclaredQuery, Param
from quintet_server.services.amdahl.rendering.params import check_names, values_of


def query(**params: Param) -> DeclaredQuery:
    return DeclaredQuery("q", "sql", sql="SELECT 1", params=params)


@pytest.mark.parametrize(
    ("type", "given", "value"),
    [
        ("string", "a", "a"),
        ("string", "", ""),
        ("integer", 5, 5),
        ("integer", "5", 5),
        ("integer", 5.0, 5),
        ("integer", -(2**63), -(2**63)),
        ("float", 5, 5.0),
        ("float", "0.5", 0.5),
        ("boolean", True, True),
        ("boolean", "false", False),
        ("date", "2026-04-14", date(2026, 4, 14)),
        ("timestamp", "2026-04-14T18:22:11Z", datetime(2026, 4, 14, 18, 22, 11, tzinfo=UTC)),
        ("timestamp", "2026-04-14T18:22:11+02:00", datetime(2026, 4, 14, 16, 22, 11, tzinfo=UTC)),
        ("timestamp", "2026-04-14", datetime(2026, 4, 14, tzinfo=UTC)),
    ],
)
def test_value_is_coerced_to_its_type(type: Any, given: Any, value: Any) -> None:
    found = values_of(query(p=Param(type)), {"p": given})["p"]

    assert found == value
    assert found.__class__ is value.__class__


@pytest.mark.parametrize(
    ("type", "given"),
    [
        ("string", 5),
        ("string", "a\0b"),
        ("string", "x" * 10_001),
        ("integer", 5.5),
        ("integer", True),
        ("integer", "five"),
        ("integer", 2**63),
        ("integer", 1e400),
        ("integer", "9" * 5000),
        ("integer", [1]),
        ("float", "nan"),
        ("float", float("inf")),
        ("float", 10**400),
        ("float", False),
        ("boolean", 1),
        ("boolean", "yes"),
        ("date", "14.4.2026"),
        ("date", 20260414),
        ("timestamp", "soon"),
        ("timestamp", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_value_of_another_type_is_refused_by_name(type: Any, given: Any) -> None:
    with pytest.raises(ApiError) as caught:
        values_of(query(p=Param(type)), {"p": given})

    assert (caught.value.status, caught.value.code) == (400, "invalid_argument")
    assert caught.value.details["field"] == "params.p"
    assert caught.value.message.startswith("params.p: must be ")


def test_value_given_wins_over_default_and_default_over_null() -> None:
    declared = query(a=Param("integer", default=3), b=Param("string"))

    assert values_of(declared, {"a": 4}) == {"a": 4, "b": None}
    assert values_of(declared, {"a": None}) == {"a": 3, "b": None}


def test_value_required_and_missing_is_refused() -> None:
    with pytest.raises(ApiError, match=r"params\.p: is required"):
        values_of(query(p=Param("string", required=True)), {})


def test_name_that_no_query_declares_is_refused_with_those_that_are() -> None:
    with pytest.raises(ApiError) as caught:
        check_names([query(channel=Param("string"))], {"chanel": "x"})

    assert caught.value.details["allowed"] == ["channel"]
