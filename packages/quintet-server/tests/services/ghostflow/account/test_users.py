"""Members that come and go at the same time."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from quintet_server.services.ghostflow.account.users import (
    list_users,
    put_member,
    remove_member,
)
from quintet_server.store.database import Connection, Database, connect

from ..conftest import Api

_WAITS = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%ghostflow_users%'
"""


class Ann:
    """Somebody who comes and goes."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.email = f"{uuid.uuid4().hex}@example.test"

    async def put(self, team: str, password_hash: str | None = None) -> bool:
        async with self.db.transaction() as conn:
            return await self.put_by(conn, team, password_hash)

    async def put_by(self, conn: Connection, team: str, password_hash: str | None = None) -> bool:
        return await put_member(
            conn, self.email, team=team, role="viewer", password_hash=password_hash
        )

    async def remove(self) -> bool:
        async with self.db.transaction() as conn:
            return await remove_member(conn, self.email, "north")

    async def teams(self) -> list[str]:
        async with self.db.connection() as conn:
            return [one.team for one in await list_users(conn) if one.email == self.email]

    async def until_somebody_waits(self) -> None:
        async with await connect(self.db.url, application_name="looking") as look:
            while not (await look.execute(_WAITS)).rowcount:
                await asyncio.sleep(0.01)


@pytest.fixture
def ann(api: Api) -> Ann:
    return Ann(api.runtime.db)


async def test_user_stays_who_is_put_into_a_team_while_removed_from_the_only_other(
    ann: Ann,
) -> None:
    await ann.put("north", "hash")
    async with ann.db.transaction() as conn:
        await ann.put_by(conn, "south")
        removing = asyncio.create_task(ann.remove())
        await ann.until_somebody_waits()
    assert await removing
    assert await ann.teams() == ["south"]


@pytest.mark.parametrize("password_hash", [None, "new"])
async def test_user_who_is_being_deleted_is_put_into_no_team_but_may_be_made_anew(
    ann: Ann, password_hash: str | None
) -> None:
    await ann.put("north", "old")
    async with ann.db.transaction() as conn:
        assert await remove_member(conn, ann.email, "north")
        putting = asyncio.create_task(ann.put("south", password_hash))
        await ann.until_somebody_waits()
    if password_hash is None:
        with pytest.raises(LookupError, match="there is no user"):
            await putting
        assert await ann.teams() == []
    else:
        assert await putting
        assert await ann.teams() == ["south"]
