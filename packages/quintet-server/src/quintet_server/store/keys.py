"""Projects and API keys.

Only the SHA-256 of a key is stored: keys are long random strings, so a fast hash is enough, and the
lookup by hash compares nothing that time could betray. Each process remembers keys it has seen; any
change to keys or projects is notified and empties that memory, so a revocation holds at once
everywhere. While notifications do not arrive, nothing is remembered. Requests with the same key
that come while it is looked up share that look-up: a burst must not fill the pool with them.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from quintet_server.store.background import end
from quintet_server.store.database import Connection, Database
from quintet_server.store.ids import new_id
from quintet_server.store.key_formats import KEY_FORMATS
from quintet_server.store.notify import NotifyBus
from quintet_server.store.shared_reads import SharedReads

__all__ = [
    "ApiKey",
    "KeyStore",
    "Principal",
    "Rejection",
    "create_key",
    "delete_key",
    "ensure_project",
    "find_key",
    "find_secret",
    "is_known",
    "list_keys",
    "replace_secret",
    "revoke_key",
]

CHANNEL = "keys"
_REMEMBERED = 10_000
_REMEMBER_SECONDS = 60.0
_USED_PERIOD_SECONDS = 30.0

_KEY_COLUMNS = """
k.id, k.project_id, p.name AS project, k.service, k.name, k.prefix, k.scopes,
k.attributes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
"""
_FIND_PROJECT = "SELECT id FROM projects WHERE service = %s AND name = %s"
_PUT_PROJECT = """
INSERT INTO projects (id, service, name, settings)
VALUES (%s, %s, %s, coalesce(%s::jsonb, '{}'))
ON CONFLICT (service, name) DO UPDATE SET settings = coalesce(%s::jsonb, projects.settings)
RETURNING id
"""
_LOOKUP = """
SELECT k.id, k.project_id, p.name AS project_name, k.service, k.scopes, k.attributes,
       p.settings,
       k.revoked_at IS NOT NULL AS revoked, k.expires_at,
       extract(epoch FROM k.expires_at - quintet_now())::float8 AS seconds_left
FROM api_keys k JOIN projects p ON p.id = k.project_id
WHERE k.hash = %s AND k.service = %s
"""
_USED = "UPDATE api_keys SET last_used_at = quintet_now() WHERE id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a request: one key of one project of one service."""

    key_id: str
    project_id: str
    project_name: str
    service: str
    scopes: frozenset[str]
    settings: Mapping[str, Any]
    """Of the project."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Of the key: what else its service knows of it, a role for example."""
    expires_at: datetime | None = None


class Rejection(Enum):
    """Why a key is not accepted."""

    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key, without its secret."""

    id: str
    project_id: str
    project: str
    service: str
    name: str
    prefix: str
    scopes: list[str]
    attributes: dict[str, Any]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def ensure_project(
    conn: Connection, service: str, name: str, settings: Mapping[str, Any] | None = None
) -> str:
    """Return the id of a project, creating it if needed; given settings replace the stored ones."""
    # An upsert that changes nothing would still write, and tell every process to forget its keys.
    if settings is None:
        row = await (await conn.execute(_FIND_PROJECT, (service, name))).fetchone()
        if row is not None:
            return str(row[0])
    wanted = None if settings is None else Jsonb(dict(settings))
    cursor = await conn.execute(_PUT_PROJECT, (new_id("prj"), service, name, wanted, wanted))
    row = await cursor.fetchone()
    assert row is not None  # RETURNING of an upsert
    return str(row[0])


async def create_key(
    conn: Connection,
    service: str,
    *,
    project: str = "default",
    scopes: Sequence[str] | None = None,
    name: str = "",
    lifetime: timedelta | None = None,
    expires_at: datetime | None = None,
    secret: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> tuple[str, ApiKey]:
    """Mint a key and return (the secret, its row). The secret cannot be read again.

    It expires after ``lifetime``, by the database's clock, or at ``expires_at``; without either
    never.

    ``scopes`` may name bundles; None grants every scope of the service. ``secret`` imports a key
    made elsewhere. ``attributes`` are for the service to read.
    Raises KeyError for an unknown service and ValueError for a scope it does not have.
    """
    form = KEY_FORMATS[service]
    try:
        granted = form.expand(form.scopes if scopes is None else scopes)
    except ValueError as error:
        raise ValueError(f"{service}: {error}") from None
    secret = secret or form.mint()
    project_id = await ensure_project(conn, service, project)
    key_id = form.new_key_id()
    await conn.execute(
        "INSERT INTO api_keys (id, project_id, service, name, prefix, hash, scopes, attributes, "
        "expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s, quintet_now() + %s))",
        (
            *(key_id, project_id, service, name, secret[: form.shown], _hash(secret)),
            *(granted, Jsonb(dict(attributes or {})), expires_at, lifetime),
        ),
    )
    [row] = await _select_keys(conn, "k.id = %s", key_id)
    return secret, row


async def list_keys(
    conn: Connection, service: str | None = None, project_id: str | None = None
) -> list[ApiKey]:
    """Return all keys, or those of one service, or of one project, oldest first."""
    where = "coalesce(k.service = %s, true) AND coalesce(k.project_id = %s, true)"
    return await _select_keys(conn, where, service, project_id)


async def find_key(conn: Connection, service: str, project_id: str, key_id: str) -> ApiKey | None:
    """Return the key of a project that has this id."""
    where = "k.service = %s AND k.project_id = %s AND k.id = %s"
    return next(iter(await _select_keys(conn, where, service, project_id, key_id)), None)


async def find_secret(conn: Connection, service: str, secret: str) -> ApiKey | None:
    """Return the key that a secret is of, whatever state it is in."""
    where = "k.service = %s AND k.hash = %s"
    return next(iter(await _select_keys(conn, where, service, _hash(secret))), None)


async def replace_secret(
    conn: Connection, service: str, project_id: str, key_id: str
) -> tuple[str, ApiKey] | None:
    """Give a key a new secret and return (the secret, its row); the old one is nobody's any more.

    None if the project has no such key, or it is revoked.
    """
    form = KEY_FORMATS[service]
    secret = form.mint()
    cursor = await conn.execute(
        "UPDATE api_keys SET hash = %s, prefix = %s WHERE id = %s AND service = %s "
        "AND project_id = %s AND revoked_at IS NULL",
        (_hash(secret), secret[: form.shown], key_id, service, project_id),
    )
    if not cursor.rowcount:
        return None
    [row] = await _select_keys(conn, "k.id = %s", key_id)
    return secret, row


async def delete_key(conn: Connection, service: str, project_id: str, key_id: str) -> bool:
    """Remove a key of a project; False if there is none."""
    cursor = await conn.execute(
        "DELETE FROM api_keys WHERE id = %s AND service = %s AND project_id = %s",
        (key_id, service, project_id),
    )
    return cursor.rowcount == 1


async def revoke_key(conn: Connection, key: str) -> ApiKey | None:
    """Revoke a key given by its id or by the secret itself; None if there is none."""
    cursor = await conn.execute(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, quintet_now()) "
        "WHERE id = %s OR hash = %s RETURNING id",
        (key, _hash(key)),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    [found] = await _select_keys(conn, "k.id = %s", row[0])
    return found


async def is_known(conn: Connection, secret: str) -> bool:
    """Tell whether a key is stored, revoked or not."""
    cursor = await conn.execute("SELECT 1 FROM api_keys WHERE hash = %s", (_hash(secret),))
    return await cursor.fetchone() is not None


async def _select_keys(conn: Connection, where: str, *values: object) -> list[ApiKey]:
    statement = (
        f"SELECT {_KEY_COLUMNS} FROM api_keys k JOIN projects p ON p.id = k.project_id "
        f"WHERE {where} ORDER BY k.created_at, k.id"
    )
    async with conn.cursor(row_factory=class_row(ApiKey)) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall()


class KeyStore:
    """Looks keys up for requests."""

    def __init__(self, db: Database, bus: NotifyBus):
        self._db = db
        self._bus = bus
        self._known: dict[tuple[str, str], tuple[float, Principal | Rejection]] = {}
        self._reads = SharedReads(self._read)
        self._generation = 0
        self._used: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow changes, and note in the background when keys were used."""
        self._bus.subscribe(CHANNEL, self.forget)
        self._bus.subscribe("clock", self.forget)  # keys expire
        self._task = asyncio.create_task(self._note_use(), name="keys-used")

    async def stop(self) -> None:
        """Write what is left to note."""
        if self._task is not None:
            await end(self._task)
        await self.write_use()

    async def lookup(self, secret: str, service: str) -> Principal | Rejection:
        """Return whom a key of a service stands for, or why it is not accepted."""
        known = self._known.get((secret, service))
        if known is not None and time.monotonic() < known[0]:
            found = known[1]
        else:
            found = await self._reads.get((secret, service))
        if isinstance(found, Principal):
            self._used.add(found.key_id)
        return found

    async def _read(self, key: tuple[str, str]) -> Principal | Rejection:
        secret, service = key
        async with self._db.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
            generation = self._generation
            if not self._bus.is_connected:
                # Nobody would say that the answer is out of date: who asks after it was read at the
                # database must not share it.
                self._reads.forget(key)
            await cursor.execute(_LOOKUP, (_hash(secret), service))
            row = await cursor.fetchone()
        found, seconds = _decide(row)
        # Unknown keys are not remembered: a flood of guesses must not push out the real ones.
        if found is not Rejection.UNKNOWN and self._bus.is_connected:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            if generation == self._generation:  # else it may have been read before a change
                self._known[key] = (time.monotonic() + seconds, found)
        return found

    def forget(self, _payload: str | None = None) -> None:
        """Look every key up again: something has changed."""
        self._generation += 1
        self._known.clear()
        self._reads.forget()

    async def _note_use(self) -> None:
        while True:
            await asyncio.sleep(_USED_PERIOD_SECONDS)
            await self.write_use()

    async def write_use(self) -> None:
        """Write when keys were used, which otherwise happens every half minute."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            async with self._db.connection() as conn:
                await conn.execute(_USED, (sorted(used),))
        except (psycopg.Error, PoolTimeout):
            self._used |= used
        except asyncio.CancelledError:  # whoever ends the loop writes what is left
            self._used |= used
            raise


def _decide(row: Mapping[str, Any] | None) -> tuple[Principal | Rejection, float]:
    """Return the outcome and for how many seconds it may be remembered."""
    if row is None:
        return Rejection.UNKNOWN, 0.0
    if row["revoked"]:
        return Rejection.REVOKED, _REMEMBER_SECONDS
    left = row["seconds_left"]
    if left is not None and left <= 0:
        return Rejection.EXPIRED, _REMEMBER_SECONDS
    principal = Principal(
        key_id=row["id"],
        project_id=row["project_id"],
        project_name=row["project_name"],
        service=row["service"],
        scopes=frozenset(row["scopes"]),
        settings=row["settings"],
        attributes=row["attributes"],
        expires_at=row["expires_at"],
    )
    return principal, _REMEMBER_SECONDS if left is None else min(left, _REMEMBER_SECONDS)
