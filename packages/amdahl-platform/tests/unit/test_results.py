"""Results of queries: three shapes made one, values decoded, frames and tables."""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Any

import pytest

from amdahl import MissingExtraError, QueryResult, TruncatedResultWarning

ROWS = [{"channel": "email", "events": 12}, {"channel": "call", "events": 3}]
TYPES = [
    ("day", "DATE", "2026-04-14", date(2026, 4, 14)),
    ("clock", "TIME", "18:22:11.453", time(18, 22, 11, 453000)),
    (
        "at",
        "TIMESTAMP",
        "2026-04-14T18:22:11.453Z",
        datetime(2026, 4, 14, 18, 22, 11, 453000, timezone.utc),
    ),
    (
        "nano",
        "TIMESTAMP",
        "2026-04-14T18:22:11.123456789Z",
        datetime(2026, 4, 14, 18, 22, 11, 123456, timezone.utc),
    ),
    (
        "tenth",
        "TIMESTAMP",
        "2026-04-14T18:22:11.1+00:00",
        datetime(2026, 4, 14, 18, 22, 11, 100000, timezone.utc),
    ),
    (
        "plain",
        "TIMESTAMP",
        "2026-04-14T18:22:11",
        datetime(2026, 4, 14, 18, 22, 11, tzinfo=timezone.utc),
    ),
    ("money", "NUMERIC", "12345678901234567890.12", Decimal("12345678901234567890.12")),
    ("ratio", "NUMERIC", 0.1, Decimal("0.1")),
    ("blob", "BYTES", "AAEC", b"\x00\x01\x02"),
    ("big", "INTEGER", "9007199254740993", 9007199254740993),
    ("small", "INTEGER", 7, 7),
    ("mean", "FLOAT", 2, 2.0),
    ("nan", "FLOAT", None, None),
    ("flag", "BOOLEAN", True, True),
    ("word", "STRING", "2026-04-14", "2026-04-14"),
    ("tree", "JSON", {"a": [1]}, {"a": [1]}),
    ("new", "GEOGRAPHY", "POINT(1 2)", "POINT(1 2)"),
    # What is not what its type says stays as it is.
    ("bad_day", "DATE", "soon", "soon"),
    ("bad_money", "NUMERIC", "much", "much"),
    ("bad_blob", "BYTES", "ä", "ä"),
    ("odd", "INTEGER", True, True),
]


def typed() -> QueryResult:
    return QueryResult(
        {
            "columns": [name for name, *_ in TYPES],
            "column_types": [{"name": name, "type": kind} for name, kind, *_ in TYPES],
            "rows": [{name: value for name, _, value, _ in TYPES}],
        }
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"rows": ROWS, "rowCount": 2, "truncated": False},
        {"columns": ["channel", "events"], "rows": ROWS, "row_count": 2, "duration_ms": 4},
        {"columns": ["channel", "events"], "rows": [["email", 12], ["call", 3]], "row_count": 2},
        {
            "columns": [
                {"name": "channel", "type": "string"},
                {"name": "events", "type": "INTEGER"},
            ],
            "rows": ROWS,
        },
        {"rows": ROWS},
    ],
)
def test_all_shapes_become_one(answer: dict[str, Any]) -> None:
    result = QueryResult(answer)
    assert result["rows"] == result.rows == ROWS
    assert result["columns"] == result.columns == ["channel", "events"]
    assert result["row_count"] == result["rowCount"] == result.row_count == 2
    assert result["truncated"] is result.truncated is False
    assert result.duration_ms == answer.get("duration_ms")
    assert result.info is None


def test_types_are_known_if_the_service_says_them() -> None:
    answer = {"columns": [{"name": "n", "type": "integer"}], "rows": [{"n": "5"}]}
    result = QueryResult(answer)
    assert result.types == {"n": "INTEGER"}
    assert result.typed_rows() == [{"n": 5}]
    untyped = QueryResult({"rows": ROWS})
    assert (untyped.types, untyped.typed_rows()) == ({}, ROWS)


@pytest.mark.parametrize(("name", "kind", "value", "expected"), TYPES, ids=[t[0] for t in TYPES])
def test_value_is_decoded_by_its_type(name: str, kind: str, value: Any, expected: Any) -> None:
    found = typed().typed_rows()[0][name]
    assert (found, type(found)) == (expected, type(expected))
    assert typed().rows[0][name] == value


def test_empty_and_odd_answers_are_no_failure() -> None:
    for answer in ({}, {"rows": None}, {"rows": [7]}, {"columns": 3, "rows": []}):
        result = QueryResult(answer)
        assert (result.rows, result.columns, result.row_count) == ([], [], 0)


def test_truncation_is_warned_of_once_and_on_request() -> None:
    with pytest.warns(TruncatedResultWarning, match="there are more"):
        QueryResult({"rows": ROWS, "truncated": True}).warn_if_truncated()
    result = QueryResult({"rows": ROWS, "truncated": False})
    assert result.warn_if_truncated() is result


GOOD = QueryResult(
    {
        "columns": ["day", "at", "n", "x", "flag", "money", "blob", "tree", "word", "clock"],
        "column_types": [
            {"name": "day", "type": "DATE"},
            {"name": "at", "type": "TIMESTAMP"},
            {"name": "n", "type": "INTEGER"},
            {"name": "x", "type": "FLOAT"},
            {"name": "flag", "type": "BOOLEAN"},
            {"name": "money", "type": "NUMERIC"},
            {"name": "blob", "type": "BYTES"},
            {"name": "tree", "type": "JSON"},
            {"name": "word", "type": "STRING"},
            {"name": "clock", "type": "TIME"},
        ],
        "rows": [
            {
                "day": "2026-04-14",
                "at": "2026-04-14T18:22:11Z",
                "n": 1,
                "x": 1.5,
                "flag": True,
                "money": "1.10",
                "blob": "AAE=",
                "tree": {"a": 1},
                "word": "w",
                "clock": "18:22:11",
            },
            dict.fromkeys(
                ["day", "at", "n", "x", "flag", "money", "blob", "tree", "word", "clock"]
            ),
        ],
    }
)


def test_frame_has_types_and_room_for_missing_values() -> None:
    pd = pytest.importorskip("pandas")
    frame = GOOD.to_pandas()
    assert list(frame.columns) == GOOD.columns
    assert str(frame["at"].dtype).startswith("datetime64[")
    assert str(frame["at"].dt.tz) == "UTC"
    assert (str(frame["n"].dtype), str(frame["flag"].dtype)) == ("Int64", "boolean")
    assert frame["money"][0] == Decimal("1.10")
    assert frame["day"][0] == date(2026, 4, 14)
    assert pd.isna(frame["n"][1])
    assert list(QueryResult({"rows": ROWS}).to_pandas()["events"]) == [12, 3]
    assert len(QueryResult({"columns": ["a"], "rows": []}).to_pandas()) == 0


def test_table_has_types_and_room_for_missing_values() -> None:
    pa = pytest.importorskip("pyarrow")
    table = GOOD.to_arrow()
    assert table.column_names == GOOD.columns
    schema = {field.name: str(field.type) for field in table.schema}
    assert schema["at"] == "timestamp[us, tz=UTC]"
    assert (schema["day"], schema["n"], schema["tree"]) == ("date32[day]", "int64", "string")
    assert table["money"].to_pylist() == [Decimal("1.10"), None]
    assert table["tree"].to_pylist() == ['{"a": 1}', None]
    assert pa.types.is_decimal(table["money"].type)
    assert QueryResult({"rows": ROWS}).to_arrow()["events"].to_pylist() == [12, 3]


@pytest.mark.parametrize(
    ("method", "module", "home"),
    [("to_pandas", "pandas", "amdahl._frames"), ("to_arrow", "pyarrow", "amdahl._tables")],
)
def test_missing_extra_is_named(
    method: str, module: str, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, home, raising=False)
    with pytest.raises(MissingExtraError, match=r"amdahl-platform\[") as caught:
        getattr(GOOD, method)()
    assert isinstance(caught.value, ImportError)
