"""Subscriptions: who wants to be told what, and the secrets they verify it with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from quintet_server.engines.hooks.formats import Formats, HookFormat, Subscription
from quintet_server.engines.hooks.settings import HookSettings
from quintet_server.engines.hooks.target import check_url
from quintet_server.store.database import Connection, Database
from quintet_server.store.ids import new_id

ALL = "*"

COLUMNS = """
id, service, project_id, url, events, enabled,
(SELECT coalesce(array_agg(s->>'secret' ORDER BY n), '{}')
 FROM jsonb_array_elements(secrets) WITH ORDINALITY AS kept(s, n)
 WHERE s->>'expires_at' IS NULL OR (s->>'expires_at')::timestamptz > quintet_now()),
headers, created_at, updated_at, description, created_by, failure_count, disabled_reason, version
"""
_INSERT = f"""
INSERT INTO hook_subscriptions (id, service, project_id, url, events, matches, enabled, secrets,
    headers, max_attempts, retry_policy, description, created_by, created_at, updated_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, quintet_now(), quintet_now())
RETURNING {COLUMNS}
"""
_OWN = "service = %s AND project_id = %s"
_GET = f"SELECT {COLUMNS} FROM hook_subscriptions WHERE id = %s AND {_OWN}"
_FIND = f"SELECT {COLUMNS} FROM hook_subscriptions WHERE id = ANY (%s) AND {_OWN}"
_LIST = f"""
SELECT {COLUMNS} FROM hook_subscriptions
WHERE {_OWN} AND (created_at, id) > (%s, %s) ORDER BY created_at, id LIMIT %s
"""
_UPDATE = f"""
UPDATE hook_subscriptions SET url = coalesce(%s, url), events = coalesce(%s, events),
    matches = coalesce(%s, matches), enabled = coalesce(%s, enabled),
    headers = coalesce(%s, headers), secrets = coalesce(%s, secrets),
    description = nullif(coalesce(%s, description), ''), updated_at = quintet_now(),
    version = version + 1,
    -- Whoever sets the switch starts anew.
    failure_count = CASE WHEN %s THEN 0 ELSE failure_count END,
    disabled_reason = CASE WHEN %s THEN NULL ELSE disabled_reason END
WHERE id = %s AND {_OWN} RETURNING {COLUMNS}
"""
_DELETE = f"DELETE FROM hook_subscriptions WHERE id = %s AND {_OWN}"
_SECRETS = (
    f"SELECT secrets, quintet_now() FROM hook_subscriptions WHERE id = %s AND {_OWN} FOR UPDATE"
)
_ROTATE = f"""
UPDATE hook_subscriptions SET secrets = %s, updated_at = quintet_now(), version = version + 1
WHERE id = %s RETURNING {COLUMNS}
"""
_RESPELL = """
UPDATE hook_subscriptions SET matches = %s, max_attempts = %s, retry_policy = %s
WHERE service = %s AND '*' = ANY (events) AND matches IS DISTINCT FROM %s
"""
# Two that are made at one moment must not each find room for the last.
_TURN = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_COUNT = f"SELECT count(*) FROM hook_subscriptions WHERE {_OWN}"
_LONG_AGO = datetime(1, 1, 2).astimezone()

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,1000}")
# What the request itself, or the engine, decides.
_NOT_YOURS = frozenset(
    {
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "accept-encoding",
        "proxy-authorization",
    }
)


class SubscriptionNotFound(Exception):
    """No such subscription in this project."""

    def __init__(self, subscription_id: str) -> None:
        super().__init__(f"no webhook subscription {subscription_id}")
        self.subscription_id = subscription_id


class InvalidSubscription(ValueError):
    """A field cannot be kept; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TooManySubscriptions(Exception):
    """The project has as many as it may have."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose subscriptions: those of others are unknown to it."""

    service: str
    project_id: str


class Subscriptions:
    """Create, read, update, delete, rotate."""

    def __init__(
        self, db: Database, formats: Formats, settings: HookSettings, *, allow_private: bool
    ) -> None:
        self._db = db
        self._formats = formats
        self._settings = settings
        self._allow_private = allow_private

    async def create(
        self,
        conn: Connection,
        owner: Owner,
        *,
        url: str,
        events: Sequence[str],
        enabled: bool = True,
        headers: Mapping[str, str] | None = None,
        secret: str | None = None,
        id: str | None = None,
        id_prefix: str = "wh",
        description: str | None = None,
        created_by: str | None = None,
        most: int | None = None,
    ) -> Subscription:
        """Create one, with a new secret: `secrets[0]` of the answer, to be shown this once.

        `id`: a new one of the caller's making, for services whose ids are not of the usual form.
        `secret`: one that the receiver has already, instead of a new one. `most`: how many the
        owner may have, this one included; None: any number.

        Raises:
            InvalidSubscription: unknown event, bad header. TargetRefused: a URL that may not be
                called. TooManySubscriptions.
        """
        format = self._formats[owner.service]
        self._check(url, headers)
        if most is not None:
            await self._check_room(conn, owner, most)
        secrets = [{"secret": secret or format.new_secret(), "expires_at": None}]
        values = (
            id or new_id(id_prefix),
            owner.service,
            owner.project_id,
            url,
            list(events),
            _spelled_out(format, events),
            enabled,
            Jsonb(secrets),
            Jsonb(dict(headers or {})),
            format.policy.max_attempts,
            Jsonb(format.policy.as_json()),
            description,
            created_by,
        )
        return await _one(conn, _INSERT, values, "")

    async def get(self, owner: Owner, subscription_id: str) -> Subscription:
        """Return one. Raises SubscriptionNotFound."""
        async with self._db.connection() as conn:
            return await _one(conn, _GET, (subscription_id, *_key(owner)), subscription_id)

    async def find(
        self, conn: Connection, owner: Owner, ids: Sequence[str], *, locked: bool = False
    ) -> dict[str, Subscription]:
        """Return those of these subscriptions that there are, by id.

        `locked`: nobody else changes them until the transaction ends.
        """
        statement = f"{_FIND} FOR UPDATE" if locked else _FIND
        cursor = await conn.execute(statement.encode(), (list(ids), *_key(owner)))
        return {one.id: one for one in map(read_row, await cursor.fetchall())}

    async def list(
        self, owner: Owner, limit: int = 100, after: tuple[datetime, str] | None = None
    ) -> Sequence[Subscription]:
        """Return a page, oldest first, behind the (created_at, id) given."""
        async with self._db.connection() as conn:
            values = (*_key(owner), *(after or (_LONG_AGO, "")), limit)
            return [read_row(row) for row in await (await conn.execute(_LIST, values)).fetchall()]

    async def update(
        self,
        conn: Connection,
        owner: Owner,
        subscription_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        enabled: bool | None = None,
        headers: Mapping[str, str] | None = None,
        secret: str | None = None,
        description: str | None = None,
    ) -> Subscription:
        """Change what is given. Deliveries that wait go to the new URL; a secret signs from now on.

        An empty description takes the old one away. Setting `enabled`, either way, forgets why the
        engine had switched it off, and what it had counted until then.

        Raises:
            SubscriptionNotFound, InvalidSubscription, TargetRefused.
        """
        format = self._formats[owner.service]
        self._check(url, headers)
        values = (
            url,
            None if events is None else list(events),
            None if events is None else _spelled_out(format, events),
            enabled,
            None if headers is None else Jsonb(dict(headers)),
            None if secret is None else Jsonb([{"secret": secret, "expires_at": None}]),
            description,
            enabled is not None,
            enabled is not None,
            subscription_id,
            *_key(owner),
        )
        return await _one(conn, _UPDATE, values, subscription_id)

    async def delete(self, conn: Connection, owner: Owner, subscription_id: str) -> None:
        """Remove one with its deliveries; what waits is not sent. Raises SubscriptionNotFound."""
        cursor = await conn.execute(_DELETE, (subscription_id, *_key(owner)))
        if cursor.rowcount == 0:
            raise SubscriptionNotFound(subscription_id)

    async def rotate_secret(
        self, conn: Connection, owner: Owner, subscription_id: str, *, keep_hours: float = 24.0
    ) -> Subscription:
        """Add a new secret, `secrets[0]` of the answer; older ones sign too for `keep_hours`.

        Raises:
            SubscriptionNotFound.
        """
        cursor = await conn.execute(_SECRETS, (subscription_id, *_key(owner)))
        row = await cursor.fetchone()
        if row is None:
            raise SubscriptionNotFound(subscription_id)
        kept = _still_valid(row[0], row[1], timedelta(hours=keep_hours))
        new = {"secret": self._formats[owner.service].new_secret(), "expires_at": None}
        return await _one(conn, _ROTATE, (Jsonb([new, *kept]), subscription_id), subscription_id)

    async def spell_out_again(self) -> None:
        """Bring subscriptions to everything up to what the services announce by now."""
        async with self._db.transaction() as conn:
            for service, format in self._formats.items():
                matches = _spelled_out(format, [ALL])
                policy = (format.policy.max_attempts, Jsonb(format.policy.as_json()))
                await conn.execute(_RESPELL, (matches, *policy, service, matches))

    async def _check_room(self, conn: Connection, owner: Owner, most: int) -> None:
        await conn.execute(_TURN, (f"hooks:{owner.service}:{owner.project_id}",))
        row = await (await conn.execute(_COUNT.encode(), _key(owner))).fetchone()
        if row is not None and row[0] >= most:
            raise TooManySubscriptions(f"there are {row[0]} webhooks, as many as there may be")

    def _check(self, url: str | None, headers: Mapping[str, str] | None) -> None:
        if url is not None:
            check_url(
                url, allow_private=self._allow_private, max_chars=self._settings.url_max_chars
            )
        if len(headers or {}) > self._settings.headers_max_count:
            raise InvalidSubscription(
                "headers", f"at most {self._settings.headers_max_count} headers"
            )
        for name, value in (headers or {}).items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _NOT_YOURS:
                raise InvalidSubscription("headers", f"{name[:100]!r} cannot be set")
            if not _HEADER_VALUE.fullmatch(value):
                raise InvalidSubscription("headers", f"the value of {name} is not printable ASCII")


def _key(owner: Owner) -> tuple[str, str]:
    return owner.service, owner.project_id


def read_row(row: tuple[Any, ...]) -> Subscription:
    """Build from the columns named by :data:`COLUMNS`."""
    id, service, project_id, url, events, enabled, secrets, *others = row
    return Subscription(
        id, service, project_id, url, tuple(events), enabled, tuple(secrets), *others
    )


async def _one(
    conn: Connection, statement: str, values: Sequence[Any], subscription_id: str
) -> Subscription:
    row = await (await conn.execute(statement.encode(), values)).fetchone()
    if row is None:
        raise SubscriptionNotFound(subscription_id)
    return read_row(row)


def _spelled_out(format: HookFormat, events: Sequence[str]) -> list[str]:
    """The event types behind a list that may say `*`."""
    if not events:
        raise InvalidSubscription("events", "name at least one event, or '*' for all")
    known = format.types | format.by_hand
    unknown = [name for name in events if name != ALL and name not in known]
    if unknown:
        all_known = ", ".join(sorted(known))
        raise InvalidSubscription("events", f"{unknown[0][:100]!r} is not one of {all_known}, *")
    return sorted(format.types if ALL in events else format.types & set(events))


def _still_valid(
    secrets: list[dict[str, Any]], now: datetime, keep: timedelta
) -> list[dict[str, Any]]:
    """The secrets that stay beside a new one, none longer than `keep`."""
    kept = []
    for entry in secrets:
        ends = now + keep
        if entry["expires_at"] is not None:
            ends = min(ends, datetime.fromisoformat(entry["expires_at"]))
        if ends > now:
            kept.append({"secret": entry["secret"], "expires_at": ends.isoformat()})
    return kept
