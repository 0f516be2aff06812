"""Statements of many requests in one transaction, on a real database."""

from __future__ import annotations

import asyncio
from uuid import UUID

import psycopg
import pytest

from quintet_server.services.ghostflow.conversions.access import Direct, Shared

from ..objects import Objects

READ = b"SELECT %(n)s::int AS n, pg_backend_pid() AS pid"
WRITE = b"""
UPDATE ghostflow_conversions SET version = version + 10 / %(n)s::int WHERE id = %(id)s
RETURNING version, pg_current_xact_id()::text AS transaction
"""


def place(id: str) -> tuple[UUID, str, str]:
    return (UUID(id), "conversion", "")


async def made(objects: Objects, count: int) -> list[str]:
    return [(await objects.report(await objects.click()))["id"] for _ in range(count)]


async def test_reads_at_once_get_each_its_own_row_over_one_connection(objects: Objects) -> None:
    shared = Shared(objects.api.runtime.db)
    found = await asyncio.gather(*(shared.read(READ, {"n": n}) for n in range(120)))
    assert [row and row["n"] for row in found] == list(range(120))
    assert len({row and row["pid"] for row in found[:50]}) == 1


async def test_writes_at_once_share_a_transaction_and_answer_each_its_own(
    objects: Objects,
) -> None:
    shared = Shared(objects.api.runtime.db)
    ids = await made(objects, 3)
    # The order of locks is not the order of arrival: whatever the mixture, nobody waits in a ring.
    found = await asyncio.gather(
        *(shared.write(WRITE, {"id": id, "n": 1}, place(id)) for id in [*ids, *reversed(ids)])
    )
    assert [row and row["version"] for row in found] == [11, 11, 11, 21, 21, 21]
    assert len({row and row["transaction"] for row in found}) == 1


async def test_write_that_fails_harms_none_of_the_others(objects: Objects) -> None:
    shared = Shared(objects.api.runtime.db)
    ids = await made(objects, 4)
    writes = (
        shared.write(WRITE, {"id": id, "n": number}, place(id)) for number, id in enumerate(ids)
    )
    first, *others = await asyncio.gather(*writes, return_exceptions=True)
    assert isinstance(first, psycopg.errors.DivisionByZero)
    assert all(not isinstance(one, BaseException) for one in others)
    stored = await objects.api.sql(
        "SELECT version FROM ghostflow_conversions WHERE id = ANY(%s) ORDER BY version", ids
    )
    assert stored == [(1,), (4,), (6,), (11,)]


async def test_write_of_a_value_that_cannot_be_sent_is_its_own_fault(objects: Objects) -> None:
    shared = Shared(objects.api.runtime.db)
    [one, other] = await made(objects, 2)
    bad, good = await asyncio.gather(
        shared.write(WRITE, {"id": one, "n": object()}, place(one)),
        shared.write(WRITE, {"id": other, "n": 1}, place(other)),
        return_exceptions=True,
    )
    assert isinstance(bad, psycopg.ProgrammingError)
    assert not isinstance(good, BaseException)


async def test_writes_while_the_database_is_away_are_tried_once(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, tried = Shared(objects.api.runtime.db), []

    def away() -> None:
        tried.append(1)
        raise psycopg.OperationalError("away")

    monkeypatch.setattr(objects.api.runtime.db, "connection", away)
    id = str(objects.offer_id)
    writes = [shared.write(WRITE, {"id": id, "n": 1}, place(id)) for _ in range(20)]
    found = await asyncio.gather(*writes, return_exceptions=True)
    assert {type(one) for one in found} == {psycopg.OperationalError}
    assert len(tried) == 1


async def test_direct_write_belongs_to_the_callers_transaction(objects: Objects) -> None:
    [id] = await made(objects, 1)
    with pytest.raises(RuntimeError):
        async with objects.api.runtime.db.transaction() as conn:
            found = await Direct(conn).write(WRITE, {"id": id, "n": 1}, place(id))
            assert found
            assert found["version"] == 11
            raise RuntimeError
    [conversion] = await objects.conversions()
    assert conversion["version"] == 1
