"""Consumers: who uses the gateway with a key of their own, and those keys.

Only the SHA-256 of a key is stored, as with API keys: they are long random strings. Every request
looks its key up, so a revocation holds at once. A test key (`ask_test_…`) works like a live one but
pays from a wallet of its own, with the same limits and the same balance at the start.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pydantic import Field

from quintet_server.definitions.kinds import Outcome
from quintet_server.services.aerostack.gateway.apis import WalletSpec
from quintet_server.services.aerostack.gateway.wallets import (
    Owner,
    OwnerKind,
    declare_wallet,
    move_units,
    wallet_of,
)
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_id

__all__ = [
    "LIVE",
    "TEST",
    "Consumer",
    "ConsumerKey",
    "ConsumerSpec",
    "ListedConsumer",
    "apply_consumer",
    "create_consumer_key",
    "credit_consumer",
    "find_consumer",
    "list_consumer_keys",
    "list_consumers",
    "look_up_key",
    "revoke_consumer_key",
]

LIVE, TEST = "ask_live_", "ask_test_"
_ALPHABET = string.digits + string.ascii_letters
_LENGTH = 32
_SHOWN = 14

_UPSERT = """
INSERT INTO aerostack_gateway_consumers AS c (id, project_id, name, spec) VALUES (%s, %s, %s, %s)
ON CONFLICT (project_id, name) DO UPDATE
   SET spec = excluded.spec, updated_at = quintet_now() WHERE c.spec IS DISTINCT FROM excluded.spec
RETURNING xmax = 0
"""
_FIND = """
SELECT c.id, c.project_id, p.name AS project_name, c.name, c.spec
  FROM aerostack_gateway_consumers c JOIN projects p ON p.id = c.project_id
"""
_LOOK_UP = """
SELECT c.id, c.project_id, p.name, c.name, c.spec, k.is_test, k.revoked_at IS NOT NULL,
       coalesce(k.expires_at <= quintet_now(), false)
  FROM aerostack_gateway_keys k
  JOIN aerostack_gateway_consumers c ON c.id = k.consumer_id
  JOIN projects p ON p.id = c.project_id
 WHERE k.hash = %s
"""
_KEYS = """
SELECT k.id, k.consumer_id, c.name AS consumer, p.name AS project, k.prefix, k.is_test,
       k.created_at, k.expires_at, k.revoked_at
  FROM aerostack_gateway_keys k
  JOIN aerostack_gateway_consumers c ON c.id = k.consumer_id
  JOIN projects p ON p.id = c.project_id
"""
_LIST = """
SELECT c.id, c.name, p.name AS project, w.plan_type, w.balance, w.total_consumed, w.hard_limit,
       w.soft_limit, c.spec -> 'apis' AS apis,
       (SELECT count(*) FROM aerostack_gateway_keys k
         WHERE k.consumer_id = c.id AND k.revoked_at IS NULL
           AND coalesce(k.expires_at > quintet_now(), true)) AS keys
  FROM aerostack_gateway_consumers c
  JOIN projects p ON p.id = c.project_id
  JOIN aerostack_gateway_wallets w
    ON w.project_id = c.project_id AND w.kind = 'consumer' AND w.holder = c.id AND w.api = ''
 ORDER BY p.name, c.name
"""


class ConsumerSpec(WalletSpec):
    """A consumer: what it may use, and which APIs."""

    apis: list[str] | None = Field(default=None, max_length=1_000)
    """Slugs it may call; default: every API of the project."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer that was found."""

    id: str
    project_id: str
    project_name: str
    name: str
    spec: ConsumerSpec

    def may_use(self, slug: str) -> bool:
        """Whether an API is among its own."""
        return self.spec.apis is None or slug in self.spec.apis

    def owner(self, *, is_test: bool = False) -> Owner:
        """Whose wallet it pays from."""
        kind: OwnerKind = "test" if is_test else "consumer"
        return Owner(self.project_id, kind, self.id)


@dataclass(frozen=True, slots=True)
class FoundKey:
    """What a key stands for, and whether it still does."""

    consumer: Consumer
    is_test: bool
    is_revoked: bool
    is_expired: bool


@dataclass(frozen=True, slots=True)
class ConsumerKey:
    """A stored key, without its secret."""

    id: str
    consumer_id: str
    consumer: str
    project: str
    prefix: str
    is_test: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedConsumer:
    """A consumer with its wallet, for a list. `keys` counts those that work."""

    id: str
    name: str
    project: str
    plan_type: str
    balance: int
    total_consumed: int
    hard_limit: int | None
    soft_limit: int | None
    apis: list[str] | None
    keys: int


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def apply_consumer(
    conn: Connection, project_id: str, name: str, spec: ConsumerSpec
) -> Outcome:
    """Create or update a consumer and its wallets, that of test keys too."""
    values = (new_id("cns"), project_id, name, Jsonb(spec.model_dump()))
    row = await (await conn.execute(_UPSERT, values)).fetchone()
    if row is None:
        return "unchanged"
    consumer = await find_consumer(conn, project_id, name)
    assert consumer is not None  # written just now
    for is_test in (False, True):
        await declare_wallet(conn, consumer.owner(is_test=is_test), spec.limits)
    return "created" if row[0] else "updated"


async def find_consumer(conn: Connection, project_id: str, name: str) -> Consumer | None:
    """A consumer of a project, by its id or its name."""
    where = f"{_FIND} WHERE c.project_id = %s AND (c.id = %s OR c.name = %s)"
    cursor = await conn.execute(where.encode(), (project_id, name, name))
    row = await cursor.fetchone()
    return None if row is None else _consumer(row)


async def _consumer_of_project(conn: Connection, project: str, name: str) -> Consumer | None:
    where = f"{_FIND} WHERE p.service = 'aerostack' AND p.name = %s AND (c.id = %s OR c.name = %s)"
    row = await (await conn.execute(where.encode(), (project, name, name))).fetchone()
    return None if row is None else _consumer(row)


def _consumer(row: tuple[Any, ...]) -> Consumer:
    id, project_id, project_name, name, spec = row
    return Consumer(id, project_id, project_name, name, ConsumerSpec.model_validate(spec))


async def look_up_key(conn: Connection, secret: str) -> FoundKey | None:
    """What a key stands for; None if there is no such key."""
    row = await (await conn.execute(_LOOK_UP, (_hash(secret),))).fetchone()
    return None if row is None else FoundKey(_consumer(row[:5]), *row[5:])


async def create_consumer_key(
    conn: Connection,
    project: str,
    name: str,
    *,
    is_test: bool = False,
    lifetime: timedelta | None = None,
) -> tuple[str, ConsumerKey] | None:
    """Mint a key and return (the secret, its row); None if there is no such consumer.

    The secret cannot be read again. It expires after `lifetime`, by the database's clock; None
    means never.
    """
    consumer = await _consumer_of_project(conn, project, name)
    if consumer is None:
        return None
    prefix = TEST if is_test else LIVE
    secret = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    key_id = new_id("csk")
    await conn.execute(
        "INSERT INTO aerostack_gateway_keys (id, consumer_id, hash, prefix, is_test, expires_at) "
        "VALUES (%s, %s, %s, %s, %s, quintet_now() + %s)",
        (key_id, consumer.id, _hash(secret), secret[:_SHOWN], is_test, lifetime),
    )
    [row] = await _keys(conn, "k.id = %s", key_id)
    return secret, row


async def revoke_consumer_key(conn: Connection, key: str) -> ConsumerKey | None:
    """Revoke a key given by its id or by the secret itself; None if there is none."""
    cursor = await conn.execute(
        "UPDATE aerostack_gateway_keys SET revoked_at = coalesce(revoked_at, quintet_now()) "
        "WHERE id = %s OR hash = %s RETURNING id",
        (key, _hash(key)),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    [found] = await _keys(conn, "k.id = %s", row[0])
    return found


async def list_consumer_keys(conn: Connection) -> list[ConsumerKey]:
    """Every key, oldest first."""
    return await _keys(conn, "true")


async def _keys(conn: Connection, where: str, *values: object) -> list[ConsumerKey]:
    statement = f"{_KEYS} WHERE {where} ORDER BY k.created_at, k.id"
    async with conn.cursor(row_factory=class_row(ConsumerKey)) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall()


async def list_consumers(conn: Connection) -> list[ListedConsumer]:
    """Every consumer with what its live wallet holds."""
    async with conn.cursor(row_factory=class_row(ListedConsumer)) as cursor:
        await cursor.execute(_LIST.encode())
        return await cursor.fetchall()


async def credit_consumer(
    conn: Connection, project: str, name: str, units: int, *, is_test: bool = False
) -> int | None:
    """Put units into a consumer's wallet; returns the new balance, None if there is no consumer."""
    consumer = await _consumer_of_project(conn, project, name)
    if consumer is None:
        return None
    owner = consumer.owner(is_test=is_test)
    wallet = await wallet_of(conn, owner, consumer.spec.limits)
    return await move_units(conn, wallet, units, note={"by": "command"})
