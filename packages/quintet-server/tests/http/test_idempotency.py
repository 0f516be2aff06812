"""Idempotency keys on the wire, in one process and in two."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from quintet_server.store.database import Database

from .conftest import make_probe


async def written(db: Database, project: str = "default") -> int:
    return await count(db, "events", "stream = 'writes'", project)


async def count(db: Database, table: str, condition: str, project: str) -> int:
    """The rows of a project for which the condition holds."""
    statement = f"SELECT count(*) FROM {table} JOIN projects p ON p.id = project_id"
    statement += f" WHERE p.service = 'amdahl' AND p.name = %s AND {condition}"
    async with db.connection() as conn:
        row = await (await conn.execute(statement.encode(), (project,))).fetchone()
    assert row is not None
    return int(row[0])


def write(client: httpx.Client, key: str | None, **body: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/write", json=body, headers=headers)


async def test_repeat_gets_the_same_bytes_and_writes_once(
    client: httpx.Client, shared_db: Database, project: str
) -> None:
    first = write(client, "k", a=1, b=2)
    again = client.post("/write", content=b'{"b": 2,  "a": 1}', headers={"Idempotency-Key": "k"})
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["x-seq"] == again.headers["x-seq"]
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert await written(shared_db, project) == 1


async def test_without_a_key_every_request_writes(
    client: httpx.Client, shared_db: Database, project: str
) -> None:
    write(client, None, a=1)
    write(client, None, a=1)
    assert await written(shared_db, project) == 2


async def test_key_with_another_body_is_refused(
    client: httpx.Client, shared_db: Database, project: str
) -> None:
    write(client, "k", a=1)
    answer = write(client, "k", a=2)
    assert answer.status_code == 409
    assert answer.json()["oops"] == "key_reuse"
    assert await written(shared_db, project) == 1


async def test_keys_of_two_projects_are_two_keys(
    probe: Any, client: httpx.Client, shared_db: Database, project: str
) -> None:
    from quintet_server.store.keys import create_key

    async with shared_db.transaction() as conn:
        other, _ = await create_key(conn, "amdahl", project=f"{project}-2")
    write(client, "k", a=1)
    answer = httpx.post(
        f"{probe.url}/probe/write",
        json={"a": 2},
        headers={"Idempotency-Key": "k", "X-API-Key": other},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 201
    assert await written(shared_db, project) == await written(shared_db, f"{project}-2") == 1


@pytest.mark.parametrize(("fail", "status"), [("raise", 409), ("reply", 400)])
async def test_failure_writes_nothing_and_frees_the_key(
    client: httpx.Client, shared_db: Database, project: str, fail: str, status: int
) -> None:
    assert write(client, "k", fail=fail).status_code == status
    assert await written(shared_db, project) == 0
    assert await count(shared_db, "idempotency", "true", project) == 0
    assert write(client, "k", a=1).status_code == 201


@pytest.mark.parametrize("key", ["x" * 201, "", "a\tb", "\u00e9"])
def test_key_that_is_too_long_or_not_printable_ascii_is_refused(
    client: httpx.Client, key: str
) -> None:
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    answer = client.post("/write", json={}, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["oops"] == "bad_request"


async def test_key_is_free_again_after_its_time(
    lone_client: httpx.Client, db: Database, advance: Any
) -> None:
    first = write(lone_client, "k", a=1)
    await advance(80_000)
    assert write(lone_client, "k", a=1).content == first.content
    await advance(6_401)
    assert write(lone_client, "k", a=2).status_code == 201
    assert await written(db) == 2


@pytest.mark.parametrize("servers", [1, 2])
async def test_concurrent_duplicates_write_once_and_all_get_the_answer(
    start_server: Any, db: Database, servers: int
) -> None:
    running = [start_server([make_probe()]) for _ in range(servers)]
    headers = {"X-API-Key": running[0].keys["amdahl"], "Idempotency-Key": "k"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
        async with db.connection() as holder:
            await holder.execute("SELECT pg_advisory_lock(42)")
            requests = [
                asyncio.create_task(
                    client.post(f"{running[n % servers].url}/probe/write", json={"lock": 42})
                )
                for n in range(30)
            ]
            await waiting(db, servers)
            await holder.execute("SELECT pg_advisory_unlock(42)")
        answers = await asyncio.gather(*requests)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replay" not in answer.headers for answer in answers) == 1
    assert await written(db) == 1


async def test_waiting_duplicates_hold_no_connections(start_server: Any, db: Database) -> None:
    """Thirty duplicates in a process with ten connections: others are still served."""
    server = start_server([make_probe()])
    headers = {"X-API-Key": server.keys["amdahl"]}
    url = f"{server.url}/probe/write"
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
        async with db.connection() as holder:
            await holder.execute("SELECT pg_advisory_lock(42)")
            duplicates = [
                asyncio.create_task(
                    client.post(url, json={"lock": 42}, headers={"Idempotency-Key": "k"})
                )
                for _ in range(30)
            ]
            await waiting(db, 1)
            assert (await client.post(url, json={"stream": "other"})).status_code == 201
            assert not any(duplicate.done() for duplicate in duplicates)
            await holder.execute("SELECT pg_advisory_unlock(42)")
        assert {answer.status_code for answer in await asyncio.gather(*duplicates)} == {201}


async def waiting(db: Database, count: int) -> None:
    """Return when so many transactions wait for a lock."""
    statement = """
        SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database()
    """
    for _ in range(2000):
        async with db.connection() as conn:
            row = await (await conn.execute(statement)).fetchone()
        if row is not None and row[0] >= count:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"never were {count} transactions waiting")
