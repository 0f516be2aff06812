"""Keys and projects in the database. What requests see of them: tests/http/test_auth.py."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from quintet_server.store.database import Database
from quintet_server.store.key_formats import KEY_FORMATS
from quintet_server.store.keys import (
    KeyStore,
    Principal,
    Rejection,
    create_key,
    delete_key,
    ensure_project,
    find_key,
    find_secret,
    list_keys,
    replace_secret,
    revoke_key,
)
from quintet_server.store.notify import NotifyBus


@pytest.fixture
async def keys(db: Database) -> AsyncIterator[KeyStore]:
    bus = NotifyBus()
    await bus.start(db)
    store = KeyStore(db, bus)
    store.start()
    yield store
    await store.stop()
    await bus.stop()


@pytest.mark.parametrize(
    ("service", "shape"),
    [
        ("flare", r"zf_live_sk_[0-9a-f]{32}"),
        ("flowmaestro", r"fm_live_[0-9A-Za-z]{32}"),
        ("ghostflow", r"gf_[0-9A-Za-z]{43}"),
        ("amdahl", r"amdhl_[0-9a-f]{48}"),
        ("aerostack", r"ac_secret_[0-9A-Za-z]{32}"),
    ],
)
def test_minted_keys_have_the_services_shape_and_differ(service: str, shape: str) -> None:
    minted = {KEY_FORMATS[service].mint() for _ in range(50)}
    assert len(minted) == 50
    assert all(re.fullmatch(shape, key) for key in minted)


async def test_created_key_stands_for_its_project(db: Database, keys: KeyStore) -> None:
    async with db.transaction() as conn:
        project = await ensure_project(conn, "flare", "mine", {"a": 1})
        secret, row = await create_key(conn, "flare", project="mine", name="ci")
    found = await keys.lookup(secret, "flare")
    assert found == Principal(row.id, project, "mine", "flare", frozenset(), {"a": 1})
    assert row.prefix == secret[:24]


async def test_no_part_of_the_database_holds_the_key(db: Database) -> None:
    async with db.transaction() as conn:
        secret, _ = await create_key(conn, "flare")
        row = await (await conn.execute("SELECT api_keys::text FROM api_keys")).fetchone()
    assert row is not None
    assert secret[24:] not in row[0]


async def test_scopes_default_to_all_and_unknown_ones_are_refused(db: Database) -> None:
    async with db.transaction() as conn:
        _, full = await create_key(conn, "flowmaestro")
        _, some = await create_key(conn, "flowmaestro", scopes=["agents:read"])
        assert len(full.scopes) == 14
        assert some.scopes == ["agents:read"]
        with pytest.raises(ValueError, match="agents:fly"):
            await create_key(conn, "flowmaestro", scopes=["agents:fly"])
        with pytest.raises(ValueError, match=r"there are: .*\badmin\b") as caught:
            await create_key(conn, "ghostflow", scopes=["fly"])
        assert str(caught.value).count("admin") == 1  # a scope, and a bundle of them
        with pytest.raises(KeyError):
            await create_key(conn, "nothing")


async def test_unknown_key_is_rejected(keys: KeyStore) -> None:
    assert await keys.lookup("zf_live_sk_no", "flare") is Rejection.UNKNOWN
    assert await keys.lookup("\ud800", "flare") is Rejection.UNKNOWN


async def test_revoking_by_id_or_secret_works_once_and_keeps_the_first_time(db: Database) -> None:
    async with db.connection() as conn:
        secret, row = await create_key(conn, "flare")
        first = await revoke_key(conn, row.id)
        again = await revoke_key(conn, secret)
        assert first is not None and again is not None
        assert first.revoked_at == again.revoked_at
        assert await revoke_key(conn, "key_unknown") is None


async def test_list_is_of_one_service_or_of_all(db: Database) -> None:
    async with db.connection() as conn:
        await create_key(conn, "flare", name="a")
        await create_key(conn, "amdahl", name="b")
        assert [key.name for key in await list_keys(conn)] == ["a", "b"]
        assert [key.name for key in await list_keys(conn, "amdahl")] == ["b"]


async def test_use_is_noted_by_the_databases_clock(db: Database, keys: KeyStore) -> None:
    async with db.connection() as conn:
        secret, row = await create_key(conn, "flare")
    await keys.lookup(secret, "flare")
    await keys.stop()
    async with db.connection() as conn:
        [found] = await list_keys(conn)
    assert found.id == row.id
    assert found.last_used_at is not None


async def test_project_settings_stay_unless_given(db: Database) -> None:
    async with db.connection() as conn:
        first = await ensure_project(conn, "flare", "p", {"a": 1})
        assert await ensure_project(conn, "flare", "p") == first
        row = await (await conn.execute("SELECT settings FROM projects")).fetchone()
        assert row == ({"a": 1},)
        assert await ensure_project(conn, "flare", "p", {}) == first
        row = await (await conn.execute("SELECT settings FROM projects")).fetchone()
        assert row == ({},)


async def test_changed_project_settings_reach_remembered_keys(db: Database, keys: KeyStore) -> None:
    async with db.connection() as conn:
        secret, _ = await create_key(conn, "flare")
    await keys.lookup(secret, "flare")
    forgotten = keys._generation
    async with db.connection() as conn:
        await ensure_project(conn, "flare", "default", {"limit": 3})
    for _ in range(1000):
        if keys._generation != forgotten:
            break
        async with db.connection() as conn:
            await conn.execute("SELECT 1")
    found = await keys.lookup(secret, "flare")
    assert isinstance(found, Principal)
    assert found.settings == {"limit": 3}


async def test_key_keeps_everything_but_its_secret_when_that_is_replaced(
    db: Database, keys: KeyStore
) -> None:
    async with db.transaction() as conn:
        old, row = await create_key(conn, "ghostflow", scopes=["read"], name="ci")
    assert isinstance(await keys.lookup(old, "ghostflow"), Principal)
    async with db.transaction() as conn:
        made = await replace_secret(conn, "ghostflow", row.project_id, row.id)
    assert made is not None
    new, again = made
    keys.forget()
    assert await keys.lookup(old, "ghostflow") is Rejection.UNKNOWN
    found = await keys.lookup(new, "ghostflow")
    assert isinstance(found, Principal)
    assert found.key_id == row.id == again.id
    assert (again.scopes, again.name, again.prefix) == (row.scopes, row.name, new[:10])
    async with db.transaction() as conn:
        assert await find_secret(conn, "ghostflow", old) is None
        assert await find_secret(conn, "ghostflow", new) == again
        await revoke_key(conn, row.id)
        assert await replace_secret(conn, "ghostflow", row.project_id, row.id) is None


async def test_key_is_found_and_deleted_in_its_own_project_alone(db: Database) -> None:
    async with db.transaction() as conn:
        _, row = await create_key(conn, "ghostflow")
        other = await ensure_project(conn, "ghostflow", "other")
        assert await find_key(conn, "ghostflow", row.project_id, row.id) == row
        for service, project in (("ghostflow", other), ("flare", row.project_id)):
            assert await find_key(conn, service, project, row.id) is None
            assert not await delete_key(conn, service, project, row.id)
        assert await delete_key(conn, "ghostflow", row.project_id, row.id)
        assert not await delete_key(conn, "ghostflow", row.project_id, row.id)


async def test_key_ends_at_the_moment_named(db: Database) -> None:
    when = datetime(2999, 1, 1, 12, 30, 0, 250_000, tzinfo=UTC)
    async with db.transaction() as conn:
        _, row = await create_key(conn, "ghostflow", expires_at=when)
    assert row.expires_at == when


async def test_ids_of_keys_have_the_form_of_their_service(db: Database) -> None:
    async with db.transaction() as conn:
        _, ours = await create_key(conn, "ghostflow")
        _, other = await create_key(conn, "flare")
    assert UUID(ours.id).version == 7
    assert re.fullmatch(r"key_[0-9A-Z]{26}", other.id)


async def test_use_that_was_being_written_when_the_server_stops_is_not_forgotten(
    db: Database, keys: KeyStore
) -> None:
    async with db.connection() as conn:
        secret, row = await create_key(conn, "flare")
    await keys.lookup(secret, "flare")
    blocker = db.transaction()
    conn = await blocker.__aenter__()
    await conn.execute("LOCK TABLE api_keys IN EXCLUSIVE MODE")
    writing = asyncio.create_task(keys.write_use())
    waiting = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock'"
    )
    async with db.connection() as look:
        while not (await look.execute(waiting)).rowcount:
            await asyncio.sleep(0.01)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await blocker.__aexit__(None, None, None)
    await keys.write_use()
    async with db.connection() as conn:
        [found] = [one for one in await list_keys(conn) if one.id == row.id]
    assert found.last_used_at is not None


class Slow:
    """The database, which lends its connections, and takes them back, when the test says so."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.lent_count = 0
        self.asked = asyncio.Event()
        self.may_lend = asyncio.Event()
        self.was_read = asyncio.Event()
        self.may_take_back = asyncio.Event()
        self.may_take_back.set()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        self.lent_count += 1
        self.asked.set()
        await self.may_lend.wait()
        async with self._db.connection() as conn:
            yield conn
        self.was_read.set()
        await self.may_take_back.wait()


class Bus:
    """Tells nothing; the test does."""

    def __init__(self, is_connected: bool = True) -> None:
        self.is_connected = is_connected


@pytest.mark.parametrize("is_connected", [True, False])
async def test_requests_of_a_new_key_wait_for_one_look_at_the_database(
    db: Database, is_connected: bool
) -> None:
    """Also when whoever came first goes away."""
    async with db.connection() as conn:
        secret, row = await create_key(conn, "flare")
    slow = Slow(db)
    keys = KeyStore(slow, Bus(is_connected))  # type: ignore[arg-type]
    first, *others = (asyncio.create_task(keys.lookup(secret, "flare")) for _ in range(20))
    await slow.asked.wait()
    first.cancel()
    slow.may_lend.set()
    found = await asyncio.gather(*others)
    assert all(isinstance(one, Principal) and one.key_id == row.id for one in found)
    assert slow.lent_count == 1


@pytest.mark.parametrize("is_connected", [True, False])
async def test_key_that_is_revoked_while_it_is_looked_up_is_good_for_nobody_who_comes_later(
    db: Database, is_connected: bool
) -> None:
    """Neither when that is notified nor when it cannot be."""
    async with db.connection() as conn:
        secret, row = await create_key(conn, "flare")
    slow = Slow(db)
    slow.may_lend.set()
    slow.may_take_back.clear()
    keys = KeyStore(slow, Bus(is_connected))  # type: ignore[arg-type]
    before = asyncio.create_task(keys.lookup(secret, "flare"))
    await slow.was_read.wait()
    async with db.connection() as conn:
        await revoke_key(conn, row.id)
    if is_connected:
        keys.forget()
    after = asyncio.create_task(keys.lookup(secret, "flare"))
    await asyncio.sleep(0)
    slow.may_take_back.set()
    assert isinstance(await before, Principal)
    assert await after is Rejection.REVOKED
    assert await keys.lookup(secret, "flare") is Rejection.REVOKED
