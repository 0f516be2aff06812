"""What `quintet apply` takes for the gateway, and what it says to mistakes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from quintet_server.definitions.apply import BadDefinitions
from quintet_server.services.aerostack.gateway.apis import ApiSpec, apply_api

from ..conftest import Api


def document(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "spec": spec}


async def test_applying_again_changes_nothing(api: Api, tmp_path: Path) -> None:
    files = (
        document("gateway-api", "support", model="m", users={"balance": 10}),
        document("gateway-consumer", "ann", balance=10, apis=["support"]),
    )
    assert await api.apply(tmp_path, *files) == ["created", "created"]
    assert await api.apply(tmp_path, *files) == ["unchanged", "unchanged"]
    changed = document("gateway-consumer", "ann", balance=10, hard_limit=5)
    assert await api.apply(tmp_path, changed) == ["updated"]


@pytest.mark.parametrize(
    ("kind", "name", "spec", "words"),
    [
        ("gateway-api", "With Space", {}, "give a slug"),
        ("gateway-api", "me", {}, "is taken"),
        ("gateway-api", "a", {"slug": "UPPER"}, "slug"),
        ("gateway-api", "a", {"units_per_token": -1}, "units_per_token"),
        ("gateway-api", "a", {"price": 1}, "price"),
        ("gateway-api", "a", {"users": {"plan_type": "prepaid"}}, "needs a balance"),
        ("gateway-consumer", "a", {}, "needs a balance"),
        ("gateway-consumer", "a", {"balance": 1.5}, "balance"),
        ("gateway-consumer", "a", {"plan_type": "free"}, "plan_type"),
    ],
)
async def test_mistake_is_told(
    api: Api, tmp_path: Path, kind: str, name: str, spec: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadDefinitions, match=words):
        await api.apply(tmp_path, document(kind, name, **spec))


async def test_slug_belongs_to_one_api(api: Api, tmp_path: Path) -> None:
    await api.apply(tmp_path, document("gateway-api", "one", slug="same"))
    with pytest.raises(BadDefinitions, match="has the slug 'same' already"):
        await api.apply(tmp_path, document("gateway-api", "two", slug="same"))


async def test_new_limits_of_users_hold_for_wallets_there_are(api: Api, tmp_path: Path) -> None:
    await api.apply(tmp_path, document("gateway-api", "support"))
    await api.sql(
        "INSERT INTO aerostack_gateway_wallets (project_id, kind, holder, api, plan_type)"
        " VALUES (%s, 'user', 'u1', 'support', 'postpaid')",
        api.project_id,
    )
    users = {"plan_type": "postpaid", "hard_limit": 7}
    await api.apply(tmp_path, document("gateway-api", "support", users=users))
    rows = await api.sql(
        "SELECT hard_limit FROM aerostack_gateway_wallets WHERE project_id = %s", api.project_id
    )
    assert rows == [(7,)]


@pytest.mark.parametrize("slug", ["support", "default"])
async def test_new_limits_of_users_hold_for_a_wallet_that_is_just_being_made(
    api: Api, tmp_path: Path, slug: str
) -> None:
    if slug != "default":  # which is there while nothing is defined
        await api.apply(tmp_path, document("gateway-api", slug))
    person = {"email": "ada@example.com", "password": "correct horse"}
    token = (await api.ask("/auth/signup", person, 201))["token"]
    path = f"/ai/gateway/me/wallet?api_slug={slug}"
    headers = {"Authorization": f"Bearer {token}"}
    spec = ApiSpec.model_validate({"users": {"plan_type": "postpaid", "hard_limit": 7}})
    async with api.runtime.db.transaction() as conn:
        await apply_api(conn, api.project_id, slug, spec)
        asking = asyncio.create_task(api.get(path, headers=headers))
        await api.eventually(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        )
    assert (await asking).json()["wallet"]["hard_limit"] == 7
