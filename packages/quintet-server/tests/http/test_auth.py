"""Keys on the wire: which header, which answer, and how fast a revocation holds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from quintet_server.store.database import Database
from quintet_server.store.keys import create_key, revoke_key


def get(probe: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(f"{probe.url}/probe/who", headers=named, trust_env=False, timeout=60)


def test_missing_key_answers_401_with_a_challenge(probe: Any) -> None:
    answer = get(probe)
    assert answer.status_code == 401
    assert answer.json()["oops"] == "key_missing"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "X-API-Key" in answer.json()["message"]
    assert "x-request-id" in answer.headers


@pytest.mark.parametrize("value", ["Bearer nonsense", "bearer amdhl_", "Bearer " + "x" * 5000])
def test_unknown_key_answers_401(probe: Any, value: str) -> None:
    answer = get(probe, Authorization=value)
    assert answer.status_code == 401
    assert answer.json()["oops"] == "key_unknown"
    assert value.split()[1] not in answer.text


@pytest.mark.parametrize("value", ["Basic abc", "Bearer", ""])
def test_header_without_a_bearer_key_is_a_missing_key(probe: Any, value: str) -> None:
    assert get(probe, Authorization=value).json()["oops"] == "key_missing"


def test_key_outside_ascii_is_an_unknown_key(probe: Any) -> None:
    headers = [(b"authorization", "Bearer schlüssel".encode("latin-1"))]
    answer = httpx.get(f"{probe.url}/probe/who", headers=headers, trust_env=False, timeout=60)
    assert answer.json()["oops"] == "key_unknown"


def test_first_header_present_counts(probe: Any) -> None:
    good, bad = probe.keys["amdahl"], "nonsense"
    assert get(probe, X_API_Key=good, Authorization=f"Bearer {bad}").status_code == 200
    assert get(probe, X_API_Key=bad, Authorization=f"Bearer {good}").status_code == 401


def test_key_of_another_service_is_unknown(probe: Any) -> None:
    answer = get(probe, X_API_Key=probe.keys["flare"])
    assert answer.json()["oops"] == "key_unknown"


async def test_revoked_key_is_refused_at_once_although_it_was_remembered(
    probe: Any, shared_db: Database
) -> None:
    async with shared_db.transaction() as conn:
        secret, row = await create_key(conn, "amdahl")
    assert get(probe, X_API_Key=secret).status_code == 200
    async with shared_db.connection() as conn:
        await revoke_key(conn, row.id)
    await settle(probe)
    assert get(probe, X_API_Key=secret).json()["oops"] == "key_revoked"


async def test_key_expires_by_the_databases_clock(
    lone_probe: Any, db: Database, advance: Any
) -> None:
    async with db.transaction() as conn:
        secret, row = await create_key(conn, "amdahl")
        await conn.execute(
            "UPDATE api_keys SET expires_at = quintet_now() + interval '1 hour' WHERE id = %s",
            (row.id,),
        )
    assert get(lone_probe, X_API_Key=secret).status_code == 200
    await advance(3601)
    await settle(lone_probe)
    assert get(lone_probe, X_API_Key=secret).json()["oops"] == "key_expired"


async def test_missing_scope_answers_403_and_names_it(probe: Any, shared_db: Database) -> None:
    async with shared_db.transaction() as conn:
        secret, _ = await create_key(conn, "amdahl", scopes=["data:read"])
    headers = {"X-API-Key": secret}
    answer = httpx.get(f"{probe.url}/probe/scoped", headers=headers, trust_env=False, timeout=60)
    assert answer.status_code == 403
    assert answer.json()["details"] == {
        "required_scopes": ["data:read", "pages:read"],
        "missing_scopes": ["pages:read"],
        "your_scopes": ["data:read"],
    }


async def settle(probe: Any) -> None:
    """Wait until the server has seen every notification sent before now."""
    import asyncio

    async def seen() -> None:
        done = asyncio.Event()
        unsubscribe = probe.runtime.bus.subscribe("settle", lambda _: done.set())
        await done.wait()
        done.clear()
        async with probe.runtime.db.connection() as conn:
            await conn.execute("SELECT pg_notify('settle', '')")
        await done.wait()
        unsubscribe()

    await asyncio.to_thread(probe.call, seen())
