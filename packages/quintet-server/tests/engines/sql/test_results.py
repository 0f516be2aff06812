"""Rows: their types, how many, how large; and statements with parameters."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pytest

from quintet_server.engines.sql import Column, SqlRefused, SqlSettings, TenantSql
from quintet_server.engines.sql.execution import Runner
from quintet_server.engines.sql.statement import Statement
from quintet_server.services.amdahl.query.catalog import CATALOG


async def test_every_type_has_its_name_and_its_form(tenants) -> None:
    result = await tenants.query(
        "SELECT 'x' AS a, 1 AS b, 1.5 AS c, CAST('1.50' AS NUMERIC) AS d, TRUE AS e, "
        "DATE '2026-01-02' AS f, TIME '10:11:12.5' AS g, TIMESTAMP '2026-01-02 03:04:05.678' AS h, "
        "PARSE_JSON('{\"k\": [1]}') AS i, [1, NULL] AS k, NULL AS l, INTERVAL 1 DAY AS m, "
        "DATETIME '2026-01-02 03:04:05' AS n"
    )
    assert [(column.name, column.type) for column in result.columns] == [
        ("a", "STRING"), ("b", "INTEGER"), ("c", "FLOAT"), ("d", "NUMERIC"), ("e", "BOOLEAN"),
        ("f", "DATE"), ("g", "TIME"), ("h", "TIMESTAMP"), ("i", "JSON"), ("k", "JSON"),
        ("l", "STRING"), ("m", "STRING"), ("n", "TIMESTAMP"),
    ]  # fmt: skip
    assert result.rows == [
        {"a": "x", "b": 1, "c": 1.5, "d": "1.50", "e": True, "f": "2026-01-02", "g": "10:11:12.5",
         "h": "2026-01-02T03:04:05.678Z", "i": {"k": [1]}, "k": [1, None], "l": None,
         "m": "1 day", "n": "2026-01-02T03:04:05Z"},
    ]  # fmt: skip
    assert orjson.loads(result.rows_json) == result.rows


@pytest.mark.parametrize(
    ("expression", "type_name", "value"),
    [
        ("'\\xff00'::bytea", "BYTES", "/wA="),
        ("9007199254740991", "INTEGER", 9007199254740991),
        ("9007199254740992", "INTEGER", "9007199254740992"),
        ("'-9223372036854775808'::bigint", "INTEGER", "-9223372036854775808"),
        ("32767::smallint", "INTEGER", 32767),
        ("12345678901234567890.123::numeric", "NUMERIC", "12345678901234567890.123"),
        ("'NaN'::numeric", "NUMERIC", None),
        ("'-Infinity'::numeric", "NUMERIC", None),
        ("'NaN'::float8", "FLOAT", None),
        ("'-Infinity'::float4", "FLOAT", None),
        ("'infinity'::date", "DATE", None),
        ("'-infinity'::timestamptz", "TIMESTAMP", None),
        ("'2026-01-01 02:00+02'::timestamptz", "TIMESTAMP", "2026-01-01T00:00:00Z"),
        ("'0044-03-15 BC'::date", "DATE", "0044-03-15 BC"),
        ("ARRAY[[1.5,2],[3,4]]::numeric[]", "JSON", [["1.5", "2"], ["3", "4"]]),
        ("ARRAY['a\"b', NULL, 'c,d']", "JSON", ['a"b', None, "c,d"]),
        ("ARRAY[TRUE, FALSE]", "JSON", [True, False]),
        ("ARRAY[DATE '2026-01-01']", "JSON", ["2026-01-01"]),
        ("ARRAY['{\"a\": 1}'::jsonb]", "JSON", [{"a": 1}]),
        ("'null'::jsonb", "JSON", None),
        ("'12345678901234567890123'::jsonb", "JSON", 1.2345678901234568e22),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "STRING",
         "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("int4range(1, 3)", "STRING", "[1,3)"),
        ("''", "STRING", ""),
    ],
)  # fmt: skip
async def test_value_of_postgresql_is_encoded(tenants, expression, type_name, value) -> None:
    result = await tenants.unchecked(f"SELECT {expression} AS v")
    assert result.columns == (Column("v", type_name),)
    assert result.rows == [{"v": value}]
    assert orjson.loads(result.rows_json) == [{"v": value}]


async def test_limit_is_reported_only_if_there_was_one_more_row(tenants) -> None:
    for limit, count, truncated in [(9, 9, True), (10, 10, False), (11, 10, False), (1, 1, True)]:
        result = await tenants.query("SELECT id FROM interactions", limit=limit)
        assert (len(result.rows), result.truncated) == (count, truncated)
    result = await tenants.query("SELECT id FROM interactions LIMIT 3", limit=3)
    assert (len(result.rows), result.truncated) == (3, False)
    with pytest.raises(ValueError, match="limit"):
        await tenants.query("SELECT 1", limit=0)


async def test_order_of_the_statement_is_the_order_of_the_rows(tenants) -> None:
    result = await tenants.query(
        "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS x ORDER BY MOD(x * 7919, 5003)",
        limit=5000,
    )
    values = [row["x"] for row in result.rows]
    assert values == sorted(values, key=lambda x: x * 7919 % 5003)


async def test_no_rows_have_columns_still(tenants) -> None:
    result = await tenants.query("SELECT id, amount FROM interactions WHERE 1 = 2")
    assert result.columns == (Column("id", "STRING"), Column("amount", "FLOAT"))
    assert (result.rows, result.rows_json, result.truncated) == ([], b"[]", False)


def small(tenants, max_bytes: int) -> Runner:
    settings = SqlSettings(deadline_seconds=60, result_max_bytes=max_bytes)
    return Runner(tenants.sql._sessions, tenants.sql._watchdog, settings)


async def test_result_is_cut_before_it_is_too_large(tenants) -> None:
    sql = "SELECT g AS n, md5(g::text) AS t FROM generate_series(1, 1000) g"
    result = await small(tenants, 10_000).query(tenants.own, Statement(sql), limit=1000, seconds=60)
    assert result.truncated
    assert 9_900 < len(result.rows_json) <= 10_000
    assert [row["n"] for row in result.rows] == list(range(1, len(result.rows) + 1))
    whole = await small(tenants, 1_000_000).query(
        tenants.own, Statement(sql), limit=1000, seconds=60
    )
    assert (len(whole.rows), whole.truncated) == (1000, False)


async def test_one_enormous_value_is_not_read_into_memory(tenants) -> None:
    started = time.perf_counter()
    result = await small(tenants, 10_000).query(
        tenants.own,
        Statement("SELECT string_agg(md5(g::text), '') AS t FROM generate_series(1, 200000) g"),
        limit=10,
        seconds=60,
    )
    assert (result.rows, result.truncated) == ([], True)
    assert result.columns == (Column("t", "STRING"),)
    assert time.perf_counter() - started < 30
    assert await tenants.value("1") == 1


# Parameters ------------------------------------------------------------------------------------


async def test_parameters_have_the_types_of_their_values(tenants) -> None:
    params = {
        "i": 7, "f": 1.5, "t": "it's @i", "b": True, "n": None, "d": date(2026, 1, 2),
        "z": datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "e": Decimal("1.10"), "big": 2**70,
    }  # fmt: skip
    result = await tenants.query(
        "SELECT @i AS i, @f AS f, @t AS t, @b AS b, @n AS n, @d AS d, @z AS z, @e AS e, @big AS g",
        params=params,
    )
    assert [column.type for column in result.columns] == [
        "INTEGER", "FLOAT", "STRING", "BOOLEAN", "STRING", "DATE", "TIMESTAMP", "NUMERIC",
        "NUMERIC",
    ]  # fmt: skip
    assert result.rows == [
        {"i": 7, "f": 1.5, "t": "it's @i", "b": True, "n": None, "d": "2026-01-02",
         "z": "2026-01-02T03:04:00Z", "e": "1.10", "g": str(2**70)}
    ]  # fmt: skip


async def test_text_parameter_may_stand_for_a_time_or_a_text_in_one_statement(tenants) -> None:
    rows = await tenants.rows(
        "SELECT COUNT(*) AS n, @since AS s FROM interactions WHERE timestamp >= @since "
        "AND channel = @CHANNEL AND amount > @least",
        {"since": "2026-01-17", "channel": "email", "least": 300},
    )
    assert rows == [{"n": 1, "s": "2026-01-17"}]


async def test_parameter_is_a_value_and_never_sql(tenants) -> None:
    rows = await tenants.rows(
        "SELECT id FROM interactions WHERE channel = @c", {"c": "x' OR '1'='1"}
    )
    assert rows == []
    assert await tenants.rows(
        "SELECT id FROM interactions WHERE id IN (@a, @b) ORDER BY id LIMIT @n",
        {"a": "int_1", "b": "int_2", "n": 1},
    ) == [{"id": "int_1"}]


@pytest.mark.parametrize(
    "value",
    [[1], {"a": 1}, float("nan"), "a\0b", "\ud800"],
)
async def test_parameter_that_is_no_value_is_refused(tenants, value) -> None:
    with pytest.raises(SqlRefused) as caught:
        await tenants.query("SELECT @p", params={"p": value})
    assert caught.value.reason == "parameter_invalid"
    assert caught.value.details["parameter"] == "p"


async def test_missing_parameter_is_named(tenants) -> None:
    with pytest.raises(SqlRefused) as caught:
        await tenants.query("SELECT @a + @b", params={"a": 1})
    assert caught.value.reason == "parameter_missing"
    assert caught.value.details == {"parameter": "b"}


@pytest.mark.parametrize(
    ("type_name", "condition", "value", "count"),
    [
        ("string", "channel = @p", "email", 4),
        ("string", "timestamp >= @p", "2026-01-17", 8),
        ("integer", "amount >= @p", 300, 6),
        ("float", "sentiment >= @p", 0.05, 4),
        ("boolean", "(amount > 400) = @p", True, 4),
        ("date", "DATE(timestamp) = @p", date(2026, 1, 17), 1),
        ("timestamp", "timestamp >= @p", datetime(2026, 1, 17, tzinfo=UTC), 8),
    ],
)
async def test_parameter_that_may_be_null_is_optional(
    tenants, type_name, condition, value, count
) -> None:
    sql = f"SELECT COUNT(*) AS n FROM interactions WHERE (@p) IS NULL OR {condition}"
    for types in ({}, {"P": type_name}):
        given = await tenants.query(sql, params={"p": value}, param_types=types)
        absent = await tenants.query(sql, params={"p": None}, param_types=types)
        assert (given.rows, absent.rows) == ([{"n": count}], [{"n": 10}])
    assert await tenants.sql.prepare(tenants.own, sql, {"p": type_name})


async def test_declared_type_is_that_of_the_parameter_whatever_its_value(tenants) -> None:
    types = {"string": "STRING", "integer": "INTEGER", "float": "FLOAT", "boolean": "BOOLEAN",
             "date": "DATE", "timestamp": "TIMESTAMP"}  # fmt: skip
    sql = "SELECT " + ", ".join(f"@{name} AS {name}_" for name in types)
    result = await tenants.query(
        sql, params=dict.fromkeys(types), param_types={name: name for name in types}
    )
    assert [column.type for column in result.columns] == list(types.values())
    assert set(result.rows[0].values()) == {None}
    for params, found in (({"n": "7"}, 3.5), ({"n": 7}, 3.5), ({"n": None}, None)):
        result = await tenants.query(
            "SELECT @n / 2 AS v", params=params, param_types={"n": "integer"}
        )
        assert result.rows == [{"v": found}]
    with pytest.raises(SqlRefused) as caught:
        await tenants.query("SELECT @n", params={"n": "x"}, param_types={"n": "integer"})
    assert caught.value.reason == "evaluation"
    with pytest.raises(SqlRefused) as caught:
        await tenants.query("SELECT @n", params={}, param_types={"n": "integer"})
    assert caught.value.reason == "parameter_missing"


@pytest.mark.parametrize(
    ("expression", "value", "of_null"),
    [
        ("@p IS NOT NULL", True, False),
        ("@p IS DISTINCT FROM NULL", True, False),
        ("(@p, @p) IS NULL", False, True),
        ("NULL IS NOT DISTINCT FROM @p", False, True),
        ("COUNT(@p)", 1, 0),
        ("ANY_VALUE(@p)", "x", None),
        ("ARRAY_AGG(@p ORDER BY 1)", ["x"], [None]),
        ("TO_JSON_STRING(@p)", '"x"', None),
        ("JSON_OBJECT('k', @p)", {"k": "x"}, {"k": None}),
        ("CONCAT_WS('-', @p, 'y')", "x-y", "y"),
        ("FIRST_VALUE(@p) OVER ()", "x", None),
        ("LAG(DATE '2026-01-02', 1, @p) OVER ()", "2026-01-01", None),
    ],
)
async def test_text_or_null_may_stand_where_any_type_may(
    tenants, expression, value, of_null
) -> None:
    given = value if value == "2026-01-01" else "x"
    assert await tenants.value(expression, {"p": given}) == value
    assert await tenants.value(expression, {"p": None}) == of_null


# Without running ---------------------------------------------------------------------------------


async def test_prepare_tells_the_columns_and_runs_nothing(tenants) -> None:
    columns = await tenants.sql.prepare(
        tenants.own,
        "SELECT channel AS Kanal, COUNT(*) AS n, SUM(amount) / 0 AS a, MAX(timestamp) AS t "
        "FROM interactions WHERE timestamp > @since AND amount > @least GROUP BY 1",
        {"since": "timestamp", "least": "float"},
    )
    assert columns == (
        Column("Kanal", "STRING"),
        Column("n", "INTEGER"),
        Column("a", "FLOAT"),
        Column("t", "TIMESTAMP"),
    )


@pytest.mark.parametrize(
    ("sql", "types", "reason"),
    [
        ("SELECT nope FROM interactions", {}, "unknown_column"),
        ("SELECT id FROM nope", {}, "unknown_table"),
        ("SELECT channel, COUNT(*) FROM interactions", {}, "invalid_expression"),
        ("SELECT channel + 1 FROM interactions", {}, "invalid_expression"),
        ("SELECT @x", {}, "parameter_missing"),
        ("SELECT @x", {"x": "regclass"}, "parameter_invalid"),
        ("SELECT id FROM interactions WHERE amount > @x", {"x": "date"}, "invalid_expression"),
        ("SELECT * FROM interactions i JOIN deals d ON true", {}, "duplicate_column"),
        ("SELECT d.channel FROM interactions i, deals d", {}, "unknown_column"),
    ],
)
async def test_prepare_refuses_what_running_would(tenants, sql, types, reason) -> None:
    with pytest.raises(SqlRefused) as caught:
        await tenants.sql.prepare(tenants.own, sql, types)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1 / 0", "evaluation"),
        ("SELECT CAST('x' AS INT64)", "evaluation"),
        ("SELECT CAST(content AS INT64) FROM interactions", "evaluation"),
        ("SELECT (SELECT id FROM interactions)", "evaluation"),
        ("SELECT MOD(1, 0)", "evaluation"),
        ("SELECT channel, COUNT(*) FROM interactions", "invalid_expression"),
    ],
)
async def test_failing_statement_says_why(tenants, sql, reason) -> None:
    with pytest.raises(SqlRefused) as caught:
        await tenants.query(sql)
    assert caught.value.reason == reason
    assert caught.value.message.endswith((".", "?"))


def test_syntax_error_names_its_place(tenants) -> None:
    from quintet_server.engines.sql.checking import Checker

    with pytest.raises(SqlRefused) as caught:
        Checker(CATALOG, SqlSettings()).check("SELECT id\nFROM interactions\nWHERE (id = 'x'", {})
    assert caught.value.reason == "syntax"
    assert caught.value.details["line"] == 3


def test_unknown_names_come_with_what_there_is() -> None:
    from quintet_server.engines.sql.checking import Checker

    checker = Checker(CATALOG, SqlSettings())
    with pytest.raises(SqlRefused) as caught:
        checker.check("SELECT chanel FROM interactions", {})
    assert caught.value.details["suggestions"] == ["channel"]
    with pytest.raises(SqlRefused) as caught:
        checker.check("SELECT 1 FROM interaction", {})
    assert caught.value.details["allowed"] == ["deal_qualification", "deals", "interactions"]
    with pytest.raises(SqlRefused) as caught:
        checker.check("SELECT LENGHT('x')", {})
    assert "LENGTH" in caught.value.details["suggestions"]


async def test_same_engine_reads_the_same_text_once(tenants) -> None:
    checker = tenants.sql._checker
    first = await checker.with_values("SELECT @a AS x", {"a": 1})
    assert await checker.with_values("SELECT @a AS x", {"a": 1}) is first
    assert await checker.with_values("SELECT @a AS x", {"a": "1"}) is not first
    assert isinstance(tenants.sql, TenantSql)
