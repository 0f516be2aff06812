"""Copies made and put back while a database is in use."""

from __future__ import annotations

import asyncio
import stat

import apsw
import pytest

from quintet_server.engines.sqlite import SqliteSettings
from quintet_server.engines.sqlite.backup import BackupError, restore
from quintet_server.engines.sqlite.rules import HIDDEN_TABLE


async def numbers(databases):
    return [row["n"] for row in (await databases.query("p", "SELECT n FROM t ORDER BY n")).rows]


def read(path, sql):
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    found = database.execute(sql).fetchall()
    database.close()
    return found


async def test_backup_is_one_moment_of_a_database_that_is_being_written(databases, tmp_path):
    await databases.query("p", "CREATE TABLE t (n INTEGER PRIMARY KEY)")
    written = 0

    async def write():
        nonlocal written
        while True:
            written += 1
            await databases.query("p", "INSERT INTO t VALUES (?)", (written,))

    writer = asyncio.create_task(write())
    target = tmp_path / "copy.db"
    for _ in range(5):
        before = written - 1
        await databases.backup("p", target)
        found = [n for (n,) in read(target, "SELECT n FROM t ORDER BY n")]
        assert found == list(range(1, len(found) + 1))  # a beginning, without gaps
        assert before <= len(found) <= written
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir() if "copy" in file.name] == ["copy.db"]


async def test_backup_of_nothing_is_refused_and_leaves_no_file(databases, tmp_path):
    with pytest.raises(BackupError, match="no database yet"):
        await databases.backup("p", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


async def test_backup_into_a_folder_that_is_not_there_fails(databases, tmp_path):
    await databases.query("p", "CREATE TABLE t (n)")
    with pytest.raises(BackupError, match=r"no folder .*nowhere to write copy\.db"):
        await databases.backup("p", tmp_path / "nowhere" / "copy.db")


async def test_damaged_database_gives_no_backup_and_keeps_the_last_one(databases, tmp_path):
    await databases.query("p", "CREATE TABLE t (n, m)")
    await databases.query("p", "CREATE INDEX i ON t (n)")
    fill = "INSERT INTO t SELECT value, zeroblob(1000) FROM json_each(?)"
    await databases.query("p", fill, (str(list(range(500))),))
    target = tmp_path / "copy.db"
    await databases.backup("p", target)
    good = target.read_bytes()
    await databases.stop()
    path = databases.folder / "p.db"
    content = bytearray(path.read_bytes())
    for offset in range(6 * 4096, len(content) - 4096, 3 * 4096):
        content[offset : offset + 64] = b"\xff" * 64
    path.write_bytes(content)
    await databases.start()
    with pytest.raises(BackupError, match=r"damaged|could not be made"):
        await databases.backup("p", target)
    assert target.read_bytes() == good


async def test_restore_replaces_a_database_in_use(databases, tmp_path):
    await databases.query("p", "CREATE TABLE t (n)")
    await databases.query("p", "INSERT INTO t VALUES (1)", key="k", fingerprint=b"f")
    copy = tmp_path / "copy.db"
    await databases.backup("p", copy)
    await databases.query("p", "INSERT INTO t VALUES (2)")
    await databases.query("p", "CREATE TABLE later (a)")
    assert await numbers(databases) == [1, 2]
    await asyncio.to_thread(restore, copy, databases.folder / "p.db", databases.settings)
    assert await numbers(databases) == [1]
    await databases.query("p", "INSERT INTO t VALUES (3)", key="k", fingerprint=b"f")
    assert await numbers(databases) == [1, 3]


async def test_restore_takes_any_database_and_gives_it_what_ours_need(databases, tmp_path):
    foreign = tmp_path / "foreign.db"
    database = apsw.Connection(str(foreign))
    database.pragma("page_size", 1024)
    database.execute(f"CREATE TABLE {HIDDEN_TABLE} (odd); CREATE TABLE t (n)")
    database.execute("INSERT INTO t VALUES (1), (2)")
    database.close()
    for _ in range(2):  # into a new database, and into one in use
        await asyncio.to_thread(restore, foreign, databases.folder / "p.db", databases.settings)
        assert await numbers(databases) == [1, 2]
        await databases.query("p", "INSERT INTO t VALUES (3)", key="k", fingerprint=b"f")
    mode = read(databases.folder / "p.db", "PRAGMA journal_mode")
    assert mode == [("wal",)]


@pytest.mark.parametrize(
    "sql",
    [
        f"CREATE TABLE {HIDDEN_TABLE} (odd)",
        f"CREATE VIEW {HIDDEN_TABLE} AS SELECT 1 AS odd",
        f"CREATE TABLE {HIDDEN_TABLE} (key PRIMARY KEY, fingerprint, made_at, answer);"
        f"CREATE TABLE child (key REFERENCES {HIDDEN_TABLE}); INSERT INTO child VALUES (1);"
        f"CREATE TRIGGER x AFTER INSERT ON {HIDDEN_TABLE} BEGIN DELETE FROM child; END",
    ],
)
async def test_restore_takes_nothing_over_that_has_the_name_of_our_table(databases, tmp_path, sql):
    foreign = tmp_path / "foreign.db"
    database = apsw.Connection(str(foreign))
    database.execute(f"{sql}; CREATE TABLE t (n); INSERT INTO t VALUES (1)")
    database.close()
    await asyncio.to_thread(restore, foreign, databases.folder / "p.db", databases.settings)
    for _ in range(2):
        await databases.query("p", "INSERT INTO t VALUES (2)", key="k", fingerprint=b"f")
    assert await numbers(databases) == [1, 2]
    assert [file.name for file in databases.folder.glob(".*")] == []


async def test_restore_of_what_the_server_cannot_work_with_changes_nothing(databases, tmp_path):
    await databases.query("p", "CREATE TABLE t (n)")
    await databases.query("p", "INSERT INTO t VALUES (1)")
    wide, taken = tmp_path / "wide.db", tmp_path / "taken.db"
    database = apsw.Connection(str(wide))
    database.pragma("encoding", "UTF-16le")
    database.execute("CREATE TABLE t (n); INSERT INTO t VALUES (2)")
    database.close()
    database = apsw.Connection(str(taken))
    database.execute(f"CREATE TABLE {HIDDEN_TABLE}_made_at (n); CREATE TABLE t (n)")
    database.close()
    for source, message in ((wide, "UTF-16le"), (taken, "could not be restored")):
        with pytest.raises(BackupError, match=message):
            restore(source, databases.folder / "p.db", databases.settings)
    assert await numbers(databases) == [1]


async def test_restore_replaces_a_database_that_the_server_cannot_open(databases, tmp_path):
    await databases.query("p", "CREATE TABLE t (n)")
    copy = tmp_path / "copy.db"
    await databases.backup("p", copy)
    await databases.stop()
    path = databases.folder / "p.db"
    for odd in ("", "PRAGMA encoding = 'UTF-16';"):
        path.unlink()
        database = apsw.Connection(str(path))
        database.execute(f"{odd} CREATE TABLE {HIDDEN_TABLE} (odd)")
        database.close()
        restore(copy, path, databases.settings)
        await databases.start()
        assert await numbers(databases) == []
        await databases.stop()
    await databases.start()


async def test_restore_over_a_file_that_is_no_database_says_which_one(databases, tmp_path):
    await databases.query("p", "CREATE TABLE t (n)")
    copy, path = tmp_path / "copy.db", databases.folder / "p.db"
    await databases.backup("p", copy)
    await databases.stop()
    path.write_bytes(b"garbage" * 5000)
    with pytest.raises(BackupError, match=r"p\.db is no database any more"):
        restore(copy, path, databases.settings)
    path.unlink()
    restore(copy, path, databases.settings)
    await databases.start()
    assert await numbers(databases) == []


async def test_restore_of_no_database_or_too_large_a_one_changes_nothing(databases, tmp_path):
    await databases.query("p", "CREATE TABLE t (n)")
    path = databases.folder / "p.db"
    text = tmp_path / "text"
    text.write_text("not a database at all, but long enough to have a header" * 20)
    large = tmp_path / "large.db"
    database = apsw.Connection(str(large))
    database.execute("CREATE TABLE x AS SELECT zeroblob(300000) AS z")
    database.close()
    small = SqliteSettings(database_max_bytes=128 * 1024)
    with pytest.raises(BackupError, match="not a SQLite database"):
        restore(text, path, databases.settings)
    with pytest.raises(BackupError, match="larger than"):
        restore(large, path, small)
    with pytest.raises(BackupError, match="no file"):
        restore(tmp_path / "missing", path, databases.settings)
    assert await numbers(databases) == []


async def test_usage_tells_size_and_what_is_free(databases):
    assert (await databases.usage("p")).size_bytes == 0
    await databases.query("p", "CREATE TABLE t (a)")
    await databases.query("p", "INSERT INTO t VALUES (zeroblob(500000))")
    await databases.query("p", "DELETE FROM t")
    usage = await databases.usage("p")
    assert usage.size_bytes > usage.free_bytes > 400_000
    assert usage.log_bytes > 0
