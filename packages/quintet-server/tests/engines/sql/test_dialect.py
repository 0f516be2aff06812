"""What expressions give: BigQuery's meaning, PostgreSQL's where BigQuery has none."""

from __future__ import annotations

from typing import Any

import pytest

VALUES: list[tuple[str, Any]] = [
    # Numbers.
    ("1", 1),
    ("1.5", 1.5),
    ("1e3", 1000.0),
    ("7 / 2", 3.5),
    ("DIV(7, 2)", 3),
    ("MOD(7, 4)", 3),
    ("7 % 4", 3),
    ("-(2 + 3) * 4", -20),
    ("SAFE_DIVIDE(1, 0)", None),
    ("SAFE_DIVIDE(1, 4)", 0.25),
    ("ROUND(2.567, 2)", 2.57),
    ("ROUND(2.5)", 2.0),
    ("TRUNC(2.567, 1)", 2.5),
    ("CEIL(1.2) + FLOOR(1.8)", 3.0),
    ("ABS(-3)", 3),
    ("POW(2, 10)", 1024.0),
    ("SQRT(16)", 4.0),
    ("LOG(8, 2)", 3.0),
    ("LN(EXP(1))", 1.0),
    ("GREATEST(1, 3, 2)", 3),
    ("LEAST(1, 3, 2)", 1),
    ("9007199254740993", "9007199254740993"),
    ("-9007199254740991", -9007199254740991),
    ("CAST(1.10 AS NUMERIC)", "1.10"),
    ("CAST('NaN' AS FLOAT64)", None),
    ("CAST('inf' AS FLOAT64)", None),
    # Casts.
    ("CAST('12' AS INT64)", 12),
    ("'12'::int + 1", 13),
    ("CAST(1.5 AS STRING)", "1.5"),
    ("CAST('true' AS BOOL)", True),
    ("SAFE_CAST('x' AS INT64)", None),
    ("SAFE_CAST('5' AS INT64)", 5),
    ("SAFE_CAST('2026-02-30' AS DATE)", None),
    ("SAFE_CAST('2026-02-28' AS DATE)", "2026-02-28"),
    ("SAFE_CAST(2.0 AS INT64)", 2),
    # Conditions.
    ("IF(1 > 2, 'a', 'b')", "b"),
    ("IFNULL(NULL, 5)", 5),
    ("COALESCE(NULL, NULL, 'x')", "x"),
    ("NULLIF(3, 3)", None),
    ("CASE WHEN 1 = 1 THEN 'y' ELSE 'n' END", "y"),
    ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b"),
    ("2 BETWEEN 1 AND 3", True),
    ("2 IN (1, 2)", True),
    ("2 IN UNNEST([1, 2])", True),
    ("NULL IS NULL", True),
    ("1 IS DISTINCT FROM NULL", True),
    ("NOT TRUE OR FALSE", False),
    ("2 = ANY(ARRAY[1, 2])", True),
    # Texts.
    ("'it''s'", "it's"),
    ("'it\\'s'", "it's"),
    ('"double"', "double"),
    ("r'a\\d'", "a\\d"),
    ("'a\\nb'", "a\nb"),
    ("'ünï ☃ \\u00e9'", "ünï ☃ é"),
    ("'a' || 'b'", "ab"),
    ("CONCAT('a', 1, 'b')", "a1b"),
    ("CONCAT('a', NULL)", None),
    ("UPPER('a') || LOWER('B')", "Ab"),
    ("LENGTH('häh')", 3),
    ("SUBSTR('abcdef', 2, 3)", "bcd"),
    ("SUBSTRING('abcdef' FROM 2 FOR 3)", "bcd"),
    ("LEFT('abc', 2) || RIGHT('abc', 1)", "abc"),
    ("TRIM('  x ')", "x"),
    ("TRIM(BOTH 'x' FROM 'xax')", "a"),
    ("LTRIM('xxa', 'x')", "a"),
    ("REPLACE('aba', 'b', 'c')", "aca"),
    ("REVERSE('abc')", "cba"),
    ("STARTS_WITH('abc', 'ab')", True),
    ("ENDS_WITH('abc', 'bc')", True),
    ("STRPOS('abc', 'c')", 3),
    ("POSITION('c' IN 'abc')", 3),
    ("CONTAINS_SUBSTR('Hello', 'ELL')", True),
    ("'Hello' ILIKE 'h%'", True),
    ("'a_b' LIKE 'a\\\\_b'", True),
    ("REGEXP_CONTAINS('abc123', r'\\d+')", True),
    ("REGEXP_EXTRACT('id=42;', r'id=(\\d+)')", "42"),
    ("REGEXP_REPLACE('a1b2', r'\\d', '#')", "a#b#"),
    ("SPLIT('a,b')", ["a", "b"]),
    ("SPLIT('a-b', '-')[OFFSET(1)]", "b"),
    ("SPLIT_PART('a-b', '-', 2)", "b"),
    ("ARRAY_TO_STRING(['a', 'b'], '+')", "a+b"),
    ("ARRAY_LENGTH([1, 2, 3])", 3),
    ("[10, 20][OFFSET(0)]", 10),
    ("[10, 20][ORDINAL(2)]", 20),
    # Dates and times.
    ("DATE '2026-04-14'", "2026-04-14"),
    ("DATE(2026, 4, 14)", "2026-04-14"),
    ("DATE('2026-04-14')", "2026-04-14"),
    ("TIMESTAMP '2026-04-14 18:22:11.453+00'", "2026-04-14T18:22:11.453Z"),
    ("TIMESTAMP('2026-04-14 20:22:11+02')", "2026-04-14T18:22:11Z"),
    ("TIME '10:11:12'", "10:11:12"),
    ("DATE_ADD(DATE '2026-01-31', INTERVAL 1 MONTH)", "2026-02-28"),
    ("DATE_SUB(DATE '2026-01-01', INTERVAL 1 QUARTER)", "2025-10-01"),
    ("DATE '2026-03-01' - DATE '2026-02-01'", 28),
    ("DATE '2026-03-01' - 1", "2026-02-28"),
    ("TIMESTAMP_ADD(TIMESTAMP '2026-01-01', INTERVAL 90 MINUTE)", "2026-01-01T01:30:00Z"),
    ("TIMESTAMP '2026-01-01' + INTERVAL '90 days'", "2026-04-01T00:00:00Z"),
    ("DATE_TRUNC(DATE '2026-04-14', MONTH)", "2026-04-01"),
    ("DATE_TRUNC(DATE '2026-04-14', WEEK)", "2026-04-12"),
    ("DATE_TRUNC(DATE '2026-04-14', ISOWEEK)", "2026-04-13"),
    ("DATE_TRUNC(DATE '2026-04-14', WEEK(THURSDAY))", "2026-04-09"),
    ("TIMESTAMP_TRUNC(TIMESTAMP '2026-04-14 18:22:11', HOUR)", "2026-04-14T18:00:00Z"),
    ("date_trunc('month', TIMESTAMP '2026-04-14')", "2026-04-01T00:00:00Z"),
    ("DATE_DIFF(DATE '2026-04-14', DATE '2026-04-01', DAY)", 13),
    ("DATE_DIFF(DATE '2026-03-01', DATE '2026-01-31', MONTH)", 2),
    ("DATE_DIFF(DATE '2026-04-14', DATE '2025-12-31', YEAR)", 1),
    ("DATE_DIFF(DATE '2026-04-12', DATE '2026-04-11', WEEK)", 1),
    ("DATE_DIFF(DATE '2026-04-12', DATE '2026-04-11', WEEK(MONDAY))", 0),
    ("TIMESTAMP_DIFF(TIMESTAMP '2026-01-02 01:59:00', TIMESTAMP '2026-01-01', HOUR)", 25),
    ("TIMESTAMP_DIFF(TIMESTAMP '2026-01-02 23:00:00', TIMESTAMP '2026-01-01', DAY)", 1),
    ("EXTRACT(YEAR FROM DATE '2026-04-14')", 2026),
    ("EXTRACT(DAYOFWEEK FROM DATE '2026-04-14')", 3),
    ("EXTRACT(DAYOFYEAR FROM DATE '2026-02-01')", 32),
    ("EXTRACT(ISOWEEK FROM DATE '2026-04-14')", 16),
    ("EXTRACT(WEEK FROM DATE '2026-01-04')", 1),
    ("EXTRACT(QUARTER FROM DATE '2026-04-14')", 2),
    ("EXTRACT(EPOCH FROM TIMESTAMP '1970-01-01 00:00:01.5+00')", 1.5),
    ("EXTRACT(DATE FROM TIMESTAMP '2026-04-14 23:00:00')", "2026-04-14"),
    ("EXTRACT(HOUR FROM TIMESTAMP '2026-04-14 23:00:00' AT TIME ZONE 'Asia/Tokyo')", 8),
    ("date_part('month', DATE '2026-04-14')", 4),
    ("FORMAT_DATE('%Y-%m', DATE '2026-04-14')", "2026-04"),
    ("FORMAT_TIMESTAMP('%d.%m.%Y at %H:%M', TIMESTAMP '2026-04-14 18:22:11')",
     "14.04.2026 at 18:22"),
    ("PARSE_DATE('%Y/%m/%d', '2026/04/14')", "2026-04-14"),
    ("TO_CHAR(DATE '2026-04-14', 'YYYY')", "2026"),
    ("UNIX_SECONDS(TIMESTAMP '1970-01-02')", 86400),
    ("TIMESTAMP_SECONDS(86400)", "1970-01-02T00:00:00Z"),
    # JSON.
    ("PARSE_JSON('{\"a\": [1, {\"b\": true}]}')", {"a": [1, {"b": True}]}),
    ("JSON_VALUE(PARSE_JSON('{\"a\": {\"b\": 5}}'), '$.a.b')", "5"),
    ("JSON_VALUE('{\"a\": 1}', '$.a')", "1"),
    ("JSON_QUERY(PARSE_JSON('{\"a\": {\"b\": 5}}'), '$.a')", {"b": 5}),
    ("JSON_VALUE(PARSE_JSON('{\"a b\": [7]}'), \"$['a b'][0]\")", "7"),
    ("INT64(PARSE_JSON('5')) + 1", 6),
    ("STRING(PARSE_JSON('\"x\"'))", "x"),
    ("TO_JSON_STRING([1, 2])", "[1,2]"),
    ("JSON_OBJECT('a', 1)", {"a": 1}),
    ("JSON_TYPE(PARSE_JSON('[]'))", "array"),
    ("ARRAY_LENGTH(JSON_QUERY_ARRAY(PARSE_JSON('[1, 2]')))", 2),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "value"), VALUES, ids=[each[0] for each in VALUES])
async def test_expression_has_its_value(tenants, expression: str, value: Any) -> None:
    found = await tenants.value(expression)
    assert found == value
    assert type(found) is type(value)


STATEMENTS: list[tuple[str, list[dict[str, Any]]]] = [
    ("SELECT channel, COUNT(*) AS events FROM interactions GROUP BY channel "
     "ORDER BY events DESC, channel LIMIT 2",
     [{"channel": "email", "events": 4}, {"channel": "call", "events": 3}]),
    ("SELECT COUNT(*) FILTER (WHERE deal_stage = 'closed_won') AS won, COUNT(*) total "
     "FROM interactions WHERE closed_at >= DATE '2026-01-01' - INTERVAL '90 days'",
     [{"won": 5, "total": 5}]),
    ("SELECT `count` FROM (SELECT COUNT(*) AS `count` FROM `interactions`)", [{"count": 10}]),
    ('SELECT "channel" FROM "interactions" AS "i" WHERE "i"."id" = "int_1"', [{"channel": "call"}]),
    ("SELECT Channel AS Kanal, COUNT(*) AS Anzahl FROM Interactions WHERE ID = 'int_0' "
     "GROUP BY KANAL ORDER BY anzahl", [{"Kanal": "email", "Anzahl": 1}]),
    ("SELECT COUNT(*), SUM(amount), COUNT(DISTINCT channel), 1, 2 FROM interactions",
     [{"count": 10, "sum": 3600.0, "f2_": 3, "f3_": 1, "f4_": 2}]),
    ("SELECT SUM(n) AS s, AVG(n) AS a FROM "
     "(SELECT channel, COUNT(*) n FROM interactions GROUP BY 1)",
     [{"s": 10, "a": 10 / 3}]),
    ("SELECT AVG(CASE WHEN amount > 400 THEN 1 ELSE 0 END) AS share FROM interactions",
     [{"share": 0.4}]),
    ("SELECT id FROM interactions ORDER BY amount DESC LIMIT 1", [{"id": "int_8"}]),
    ("SELECT id FROM interactions ORDER BY amount LIMIT 1", [{"id": "int_9"}]),
    ("SELECT channel, COUNT(*) AS n FROM interactions GROUP BY channel HAVING n > 3",
     [{"channel": "email", "n": 4}]),
    ("SELECT channel, id FROM interactions QUALIFY ROW_NUMBER() OVER "
     "(PARTITION BY channel ORDER BY timestamp) = 1 ORDER BY id",
     [{"channel": "email", "id": "int_0"}, {"channel": "call", "id": "int_1"},
      {"channel": "meeting", "id": "int_2"}]),
    ("SELECT LAG(amount) OVER (ORDER BY timestamp) AS before, amount FROM interactions "
     "ORDER BY timestamp LIMIT 2",
     [{"before": None, "amount": 0.0}, {"before": 0.0, "amount": 100.0}]),
    ("WITH a AS (SELECT deal_id, COUNT(*) n FROM interactions GROUP BY deal_id) "
     "SELECT d.deal_name, a.n FROM a JOIN deals d USING (deal_id) ORDER BY 1",
     [{"deal_name": "mine deal 0", "n": 5}, {"deal_name": "mine deal 1", "n": 5}]),
    ("SELECT deal_id FROM deals EXCEPT SELECT deal_id FROM interactions", [{"deal_id": "deal_2"}]),
    ("SELECT 1 AS x UNION ALL SELECT 2 UNION SELECT 2 ORDER BY x", [{"x": 1}, {"x": 2}]),
    ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) "
     "SELECT MAX(n) AS m FROM r", [{"m": 3}]),
    ("SELECT metadata.n AS n, metadata.deep.mark AS m, metadata->>'n' AS t, "
     "metadata['tags'][0] AS g, metadata->'deep'->>'flag' AS f FROM interactions "
     "WHERE id = 'int_3'",
     [{"n": 3, "m": "mine", "t": "3", "g": "a", "f": "false"}]),
    ("SELECT * EXCEPT (deal_name, deal_amount, deal_stage, deal_stage_label, deal_stage_status) "
     "FROM deals WHERE deal_id = 'deal_0'",
     [{"deal_id": "deal_0", "deal_stage_is_won": True, "company_id": "co_0"}]),
    ("SELECT d FROM UNNEST(GENERATE_DATE_ARRAY('2026-01-30', '2026-02-01')) AS d ORDER BY d",
     [{"d": "2026-01-30"}, {"d": "2026-01-31"}, {"d": "2026-02-01"}]),
    ("SELECT x FROM UNNEST([3, 4]) AS x WHERE x > 3", [{"x": 4}]),
    ("SELECT COUNTIF(amount > 400) AS c, APPROX_COUNT_DISTINCT(channel) AS d, "
     "STRING_AGG(DISTINCT channel, '/' ORDER BY channel) AS s, "
     "ARRAY_AGG(DISTINCT channel ORDER BY channel) AS a, LOGICAL_OR(amount > 1) AS o, "
     "APPROX_QUANTILES(amount, 2)[OFFSET(1)] AS q FROM interactions",
     [{"c": 4, "d": 3, "s": "call/email/meeting", "a": ["call", "email", "meeting"], "o": True,
       "q": 400.0}]),
    ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS p FROM interactions",
     [{"p": 400.0}]),
    ("SELECT channel, GROUPING(channel) AS g, COUNT(*) AS n FROM interactions "
     "GROUP BY ROLLUP (channel) ORDER BY n DESC LIMIT 1", [{"channel": None, "g": 1, "n": 10}]),
    ("SELECT DISTINCT ON (channel) channel, id FROM interactions ORDER BY channel, timestamp DESC "
     "LIMIT 1", [{"channel": "call", "id": "int_7"}]),
    ("SELECT (SELECT MAX(amount) FROM interactions) AS m, EXISTS (SELECT 1 FROM deals) AS e",
     [{"m": 800.0, "e": True}]),
    ("SELECT i.id FROM interactions i CROSS JOIN LATERAL (SELECT 1 AS one) l LIMIT 1",
     [{"id": "int_0"}]),
    ("(SELECT 1 AS a) LIMIT 1;", [{"a": 1}]),
    ("SELECT FORMAT_DATE('%Y-%m', timestamp) AS month, COUNT(*) AS n FROM interactions "
     "GROUP BY month ORDER BY month", [{"month": "2026-01", "n": 10}]),
    ("SELECT q FROM (SELECT company_id AS q, outcome_score FROM deal_qualification) LIMIT 3", []),
    ("SELECT COUNT(*) AS deals FROM deals ORDER BY deals", [{"deals": 3}]),
    ("SELECT deal_stage_is_won AS won, COUNT(*) AS deals FROM deals GROUP BY won "
     "HAVING deals > 0 ORDER BY deals DESC",
     [{"won": False, "deals": 2}, {"won": True, "deals": 1}]),
    ("SELECT id FROM interactions -- a comment ; DROP TABLE x\n# another\n"
     "/* ) */ WHERE id = 'int_1;--'", []),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), STATEMENTS, ids=[each[0][:60] for each in STATEMENTS])
async def test_statement_has_its_rows(tenants, sql: str, rows: list[dict[str, Any]]) -> None:
    assert await tenants.rows(sql) == rows


async def test_now_is_the_servers_time_that_can_be_moved(tenants) -> None:
    async with tenants.db.connection() as conn:
        before = await tenants.value("CURRENT_DATE")
        await conn.execute("UPDATE clock SET shift = '10 days'")
        try:
            moved = await tenants.value("DATE_DIFF(CURRENT_DATE(), DATE(@d), DAY)", {"d": before})
            both = await tenants.value("NOW() = CURRENT_TIMESTAMP")
        finally:
            await conn.execute("UPDATE clock SET shift = '0'")
    assert (moved, both) == (10, True)
