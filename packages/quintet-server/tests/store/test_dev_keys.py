"""Development keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

from quintet_server.store.database import Database
from quintet_server.store.dev_keys import ensure_dev_keys, read_dev_keys
from quintet_server.store.keys import list_keys, revoke_key


async def test_first_start_mints_one_key_per_service_for_the_owner_only(
    db: Database, tmp_path: Path
) -> None:
    keys = await ensure_dev_keys(db, tmp_path)
    assert set(keys) == {"flare", "flowmaestro", "aerostack", "amdahl", "ghostflow"}
    assert read_dev_keys(tmp_path) == keys
    assert (tmp_path / "dev-keys.json").stat().st_mode & 0o777 == 0o600
    assert await ensure_dev_keys(db, tmp_path) == keys
    async with db.connection() as conn:
        assert len(await list_keys(conn)) == 5


async def test_processes_that_start_at_once_agree(db: Database, tmp_path: Path) -> None:
    first, *others = await asyncio.gather(*(ensure_dev_keys(db, tmp_path) for _ in range(4)))
    assert all(other == first for other in others)


async def test_fresh_database_is_taught_the_keys_of_the_file(db: Database, tmp_path: Path) -> None:
    keys = await ensure_dev_keys(db, tmp_path)
    async with db.connection() as conn:
        await conn.execute("TRUNCATE projects CASCADE")
    assert await ensure_dev_keys(db, tmp_path) == keys
    async with db.connection() as conn:
        assert len(await list_keys(conn)) == 5


async def test_revoked_key_stays_revoked(db: Database, tmp_path: Path) -> None:
    keys = await ensure_dev_keys(db, tmp_path)
    async with db.connection() as conn:
        await revoke_key(conn, keys["flare"])
    await ensure_dev_keys(db, tmp_path)
    async with db.connection() as conn:
        [row] = await list_keys(conn, "flare")
    assert row.revoked_at is not None
