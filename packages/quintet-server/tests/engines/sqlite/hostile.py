"""Statements that mean harm, and how each ends: `python hostile.py FOLDER` runs them and prints
the peak of resident memory in bytes.

`forbidden` statements are refused whatever they hold; `invalid` ones SQLite does not accept; all
others may run, and end by themselves or at a bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sys
from pathlib import Path

from quintet_server.engines.sqlite import Databases, SqlError, SqliteSettings

FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
HIDDEN = "_quintet_requests"

SCHEMA = (
    "CREATE TABLE treasure (id INTEGER PRIMARY KEY, name TEXT)",
    "INSERT INTO treasure (name) VALUES ('gold'), ('silver')",
    "CREATE TABLE heap (id INTEGER PRIMARY KEY, data BLOB)",
    "CREATE TABLE ping (n INTEGER)",
    "CREATE TRIGGER ping_again AFTER INSERT ON ping BEGIN INSERT INTO ping VALUES (new.n + 1); END",
    "CREATE TABLE tree (id INTEGER PRIMARY KEY, up INTEGER REFERENCES tree ON DELETE CASCADE)",
)

FORBIDDEN = (
    "ATTACH DATABASE '/tmp/other.db' AS other",
    "/* */ attach ':memory:' as m",
    "ATTACH 'file:/etc/passwd?mode=ro' AS passwd",
    "EXPLAIN ATTACH 'x' AS y",
    "DETACH DATABASE main",
    "VACUUM",
    "VACUUM INTO '/tmp/stolen.db'",
    "-- harmless\nVACUUM main INTO '/tmp/stolen.db'",
    "BEGIN",
    "BEGIN EXCLUSIVE",
    "COMMIT",
    "END TRANSACTION",
    "ROLLBACK",
    "SAVEPOINT s",
    "RELEASE s",
    "PRAGMA writable_schema = ON",
    "PRAGMA writable_schema = RESET",
    "PRAGMA journal_mode = OFF",
    "PRAGMA main.journal_mode = DELETE",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA temp_store_directory = '/tmp'",
    "PRAGMA cache_size = 100000000",
    "PRAGMA mmap_size = 100000000000",
    "PRAGMA max_page_count = 4294967294",
    "PRAGMA hard_heap_limit = 1",
    "PRAGMA soft_heap_limit = 1",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA trusted_schema = ON",
    "PRAGMA query_only = OFF",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA ignore_check_constraints = ON",
    "PRAGMA case_sensitive_like = ON",
    "PRAGMA threads = 8",
    "PRAGMA page_size = 65536",
    "PRAGMA encoding = 'UTF-16'",
    "PRAGMA user_version = 7",
    "PRAGMA application_id = 7",
    "PRAGMA database_list",
    "PRAGMA data_version = 1",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_journal_mode",
    "SELECT load_extension('/tmp/evil.so')",
    "SELECT load_extension('/tmp/evil.so', 'entry')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT fts3_tokenizer('simple', x'4141414141414141')",
    "SELECT sqlite_log(1, 'filling your log')",
    "SELECT median(x) FROM (SELECT 1 AS x)",
    "SELECT percentile(x, 50) FROM (SELECT 1 AS x)",
    "CREATE VIRTUAL TABLE f3 USING fts3(a)",
    "CREATE VIRTUAL TABLE f4 USING fts4(a, tokenize=simple)",
    "CREATE VIRTUAL TABLE tok USING fts3tokenize('simple')",
    "CREATE VIRTUAL TABLE st USING dbstat(main)",
    "CREATE VIRTUAL TABLE places USING geopoly(a)",
    "CREATE VIRTUAL TABLE c USING csv(filename='/etc/passwd')",
    "CREATE VIRTUAL TABLE z USING zipfile('/tmp/x.zip')",
    "CREATE TABLE g (a, b AS (json_patch(a, a)))",
    "CREATE VIEW v AS SELECT jsonb_patch('{}', '{}')",
    "SELECT * FROM dbstat",
    "CREATE TEMP TABLE t (a)",
    "CREATE TEMP VIEW v AS SELECT 1",
    "CREATE TEMP TRIGGER tr AFTER INSERT ON treasure BEGIN SELECT 1; END",
    f"SELECT * FROM {HIDDEN}",
    f"SELECT count(*) FROM {HIDDEN}",
    f"SELECT 1 FROM treasure WHERE EXISTS (SELECT 1 FROM {HIDDEN.upper()})",
    f'WITH h AS (SELECT * FROM "{HIDDEN}") SELECT * FROM h',
    f"INSERT INTO {HIDDEN} VALUES ('k', x'00', 0, x'00')",
    f"UPDATE {HIDDEN} SET answer = x'5b5d'",
    f"DELETE FROM {HIDDEN}",
    f"DELETE FROM main.[{HIDDEN}]",
    f"DROP TABLE {HIDDEN}",
    f"DROP INDEX {HIDDEN}_made_at",
    f"ALTER TABLE {HIDDEN} RENAME TO mine",
    f"ALTER TABLE {HIDDEN} ADD COLUMN mine",
    f"ALTER TABLE {HIDDEN} DROP COLUMN answer",
    f"CREATE INDEX mine ON {HIDDEN} (answer)",
    f"CREATE TRIGGER spy AFTER INSERT ON {HIDDEN} BEGIN SELECT 1; END",
    f"CREATE TABLE copy AS SELECT * FROM {HIDDEN}",
)

INVALID = (
    "SELECT 1; DROP TABLE treasure",
    "SELECT 1; SELECT 2",
    "SELECT 1;;DROP TABLE treasure",
    "SELECT 1; /* */ DROP TABLE treasure",
    "SELECT 1; /* */ DROP TABLE treasure /* */",
    "SELECT 1; --\nDROP TABLE treasure",
    "SELECT 1;\n-- */\n/* -- */ DROP TABLE treasure -- /*",
    "SELECT 1 /* ; */ ; DELETE FROM treasure",
    "INSERT INTO treasure (name) VALUES ('x'); ATTACH 'x' AS y",
    "UPDATE sqlite_master SET sql = 'x'",
    "DELETE FROM sqlite_schema",
    "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 0, 'CREATE TABLE x (a)')",
    "DROP TABLE sqlite_master",
    "CREATE TABLE sqlite_mine (a)",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/x', 'x')",
    "SELECT edit('x')",
    "SELECT shell('id')",
    "SELECT eval('SELECT 1')",
    "SELECT * FROM fsdir('/')",
    "SELECT * FROM generate_series(1, 1000000000)",
    "SELECT 'a' REGEXP '(a+)+$'",
    "SELECT * FROM pragma_journal_mode('off')",
    "SELECT * FROM pragma_page_size(65536)",
    "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    "SELECT " + "NOT " * 5_000 + "1",
    "SELECT 1" + " + 1" * 5_000,
    "SELECT " + "max(" * 500 + "1" + ")" * 500,
    "SELECT 1" + " UNION SELECT 1" * 1_000,
    "SELECT " + ",".join(["1"] * 3_000),
    "SELECT max(" + ",".join(["1"] * 900) + ")",
    "SELECT * FROM " + ", ".join(f"treasure t{n}" for n in range(200)),
    "SELECT ?32766",
    "SELECT ?99999999999",
    "SELECT max(" + "), max(".join(["1" + ", upper('a')" * 25] * 60) + ")",
    "CREATE TABLE wide (" + ", ".join(f"c{n}" for n in range(1_500)) + ")",
    "SELECT " + "(SELECT " * 400 + "1" + ")" * 400,
    "SELECT '" + "x" * 200_000 + "'",
    "INSERT INTO f_data (id, block) VALUES (1, zeroblob(10))",
)

BOUNDED = (
    f"{FOREVER} SELECT x FROM n",
    f"{FOREVER} SELECT count(*) FROM n",
    f"{FOREVER} SELECT max(x) FROM n WHERE x % 2 = 0",
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION SELECT x + 1 FROM n) SELECT count(*) FROM n",
    "WITH RECURSIVE n(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM n) SELECT length(x) FROM n",
    f"{FOREVER} SELECT group_concat(x) FROM n",
    f"{FOREVER} SELECT json_group_array(x) FROM n",
    f"{FOREVER} SELECT count(DISTINCT randomblob(1000)) FROM n",
    f"{FOREVER} SELECT randomblob(100000) FROM n ORDER BY 1",
    f"{FOREVER} SELECT x, count(*) FROM n GROUP BY randomblob(2000) ORDER BY 1",
    f"{FOREVER} SELECT sum(x) OVER (ORDER BY x ROWS UNBOUNDED PRECEDING) FROM n",
    f"{FOREVER}, m AS MATERIALIZED (SELECT randomblob(10000) FROM n) SELECT count(*) FROM m, m m2",
    f"{FOREVER} SELECT hex(randomblob(900000)) FROM n",
    f"{FOREVER} SELECT count(*) FROM n WHERE hex(zeroblob(900000)) LIKE '%1%1%1%1%1%1%1%1%'",
    f"{FOREVER} INSERT INTO heap (data) SELECT randomblob(500000) FROM n",
    f"{FOREVER} INSERT INTO heap (id) SELECT x + 1000 FROM n RETURNING id",
    f"{FOREVER} UPDATE treasure SET name = (SELECT count(*) FROM n)",
    f"{FOREVER} DELETE FROM treasure WHERE id IN (SELECT -x FROM n)",
    f"CREATE TABLE big AS {FOREVER} SELECT x, randomblob(10000) FROM n",
    f"CREATE VIEW endless AS {FOREVER} SELECT x FROM n",
    "SELECT * FROM endless",
    "SELECT zeroblob(1000000000)",
    "SELECT randomblob(2147483647)",
    "SELECT printf('%2000000000d', 1)",
    "SELECT format('%.1000000000f', 1.0)",
    "SELECT replace(hex(zeroblob(500000)), '0', hex(zeroblob(500000)))",
    "SELECT replace(printf('%1900000d', 1), ' ', 'xx')",
    "SELECT group_concat(printf('%1900000d', 1)) FROM (VALUES (1), (2), (3))",
    "SELECT concat(" + ", ".join(["printf('%1900000d', 1)"] * 30) + ")",
    "SELECT " + ", ".join(["hex(randomblob(900000))"] * 100),
    "SELECT "
    + ", ".join(["max(" + ", ".join(["hex(zeroblob(990000))"] * 30) + ")" for _ in range(100)]),
    "SELECT json_group_array(hex(zeroblob(900000))) FROM (VALUES (1), (2), (3))",
    "SELECT json('" + "[" * 40_000 + "]" * 40_000 + "')",
    "SELECT json_extract('" + '{"a":' * 10_000 + "1" + "}" * 10_000 + "', '$.a.a')",
    "SELECT json_patch(json_array(zeroblob(1)), '{}')",
    "SELECT printf('%1900000d', 1) LIKE '%a%b%c%d%e%f%g%h%i%j%k%l%m%n%o%p%q%r%s%t%'",
    "SELECT hex(zeroblob(900000)) GLOB '*0*0*0*0*0*0*0*0*0*0*0*0*0*0*0*0*0*0*1'",
    "SELECT 'x' LIKE '" + "%_" * 10_000 + "'",
    "SELECT instr(hex(zeroblob(990000)), hex(zeroblob(400000)) || '1')",
    "SELECT replace(hex(zeroblob(990000)), hex(zeroblob(400000)) || '1', '')",
    "SELECT trim(hex(zeroblob(990000)), hex(zeroblob(400000)) || '1')",
    "SELECT trim(printf('%1900000d', 1), (SELECT group_concat(char(x), '') FROM "
    "(WITH RECURSIVE c(x) AS (SELECT 256 UNION ALL SELECT x + 1 FROM c LIMIT 40000) "
    "SELECT x FROM c)))",
    "SELECT unhex(printf('%1900000d', 1), printf('%1900000d', 1))",
    "SELECT instr(zeroblob(1900000), CAST(zeroblob(900000) || 'x' AS BLOB))",
    "WITH k(a, b) AS (SELECT json_group_object('a' || x, 1), json_group_object('b' || x, 1) FROM "
    "(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100000) "
    "SELECT x FROM c)) SELECT length(json_patch(a, b)) FROM k",
    "SELECT json_pretty('" + "[" * 900 + "1,1" + "]" * 900 + "', printf('%1000000d', 1))",
    "SELECT 1 FROM treasure WHERE id IN (" + ",".join(map(str, range(15_000))) + ")",
    "SELECT count(*) FROM " + ", ".join(f"sqlite_master s{n}" for n in range(20)),
    "SELECT count(*) FROM " + ", ".join(f"pragma_function_list f{n}" for n in range(10)),
    "SELECT count(*) FROM json_each('[" + ",".join(["1"] * 30_000) + "]') a, "
    "json_each('[1,2,3,4,5,6,7,8,9]') b, json_each('[1,2,3,4,5,6,7,8,9]') c, "
    "json_each('[1,2,3,4,5,6,7,8,9]') d, json_each('[1,2,3,4,5,6,7,8,9]') e, "
    "json_each('[1,2,3,4,5,6,7,8,9]') f, json_each('[1,2,3,4,5,6,7,8,9]') g",
    "INSERT INTO ping VALUES (1)",
    "INSERT INTO tree WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 20000) "
    "SELECT x, nullif(x - 1, 0) FROM n",
    "DELETE FROM tree WHERE id = 1",
    "CREATE VIRTUAL TABLE f USING fts5(a)",
    f"{FOREVER} INSERT INTO f SELECT hex(randomblob(50000)) FROM n",
    "SELECT * FROM f('" + "a OR " * 10_000 + "a')",
    "SELECT * FROM f('" + "(" * 10_000 + "a" + ")" * 10_000 + "')",
    "INSERT INTO f (f) VALUES ('integrity-check')",
    "INSERT INTO f (f, rank) VALUES ('pgsz', 1000000000)",
    "CREATE VIRTUAL TABLE r USING rtree(id, a, b)",
    f"{FOREVER} INSERT INTO r SELECT x, x, x + 1 FROM n",
    "CREATE TABLE generated (a, b AS (hex(zeroblob(900000)) || a) STORED)",
    "INSERT INTO generated (a) SELECT value FROM json_each('[" + ",".join(["1"] * 5_000) + "]')",
    "ALTER TABLE treasure ADD COLUMN more TEXT DEFAULT '" + "x" * 90_000 + "'",
    "CREATE INDEX slow ON treasure (hex(zeroblob(900000)) || name)",
    "ANALYZE",
    "PRAGMA optimize",
    "PRAGMA integrity_check(1000000000)",
    "EXPLAIN " + f"{FOREVER} SELECT * FROM n",
    "SELECT unistr('" + "\\0041" * 10_000 + "')",
    "SELECT strftime('" + "%Y" * 40_000 + "')",
    "SELECT CAST(x'ffff' AS TEXT)",
    "SELECT -9223372036854775808 / -1, abs(-9223372036854775807 - 1)",
    "SELECT quote(zeroblob(1900000))",
    "SELECT sqlite_compileoption_get(n) FROM (SELECT -1 AS n)",
)

SETTINGS = SqliteSettings(
    statement_seconds=0.2,
    database_max_bytes=32 * 1024 * 1024,
    written_max_bytes=128 * 1024 * 1024,
    heap_max_bytes=64 * 1024 * 1024,
)


async def main(folder: Path) -> None:
    databases = Databases(SETTINGS, folder)
    await databases.start()
    for statement in SCHEMA:
        await databases.query("victim", statement)
    await databases.query("victim", "SELECT * FROM treasure")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
    for statement in (*FORBIDDEN, *INVALID, *BOUNDED):
        with contextlib.suppress(SqlError):
            await databases.query("victim", statement)
    await databases.stop()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
