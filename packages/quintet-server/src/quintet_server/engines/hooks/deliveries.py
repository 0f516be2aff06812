"""Deliveries: carry one out, keep the log, send again by hand.

A delivery is `pending` until an attempt is answered well (`delivered`) or no more will be made
(`failed`). Delivery is at least once: a crash between the answer and our note of it sends again,
with the same event id.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx
from psycopg import Rollback

from quintet_server.engines.hooks.delivery_log import (
    Attempt,
    Delivery,
    DeliveryFilter,
    DeliveryLog,
    DeliveryNotFound,
)
from quintet_server.engines.hooks.failing import note_end
from quintet_server.engines.hooks.formats import Formats, HookFormat, Subscription, Verdict
from quintet_server.engines.hooks.sender import Answer, Sender
from quintet_server.engines.hooks.settings import HookSettings
from quintet_server.engines.hooks.subscriptions import COLUMNS, Owner, read_row
from quintet_server.engines.work.lane_worker import HandBack, PermanentFailure, Running, TryAgain
from quintet_server.engines.work.model import Job
from quintet_server.store import event_log
from quintet_server.store.database import Connection, Database
from quintet_server.store.event_log import Event

__all__ = [
    "Attempt",
    "Deliveries",
    "Delivery",
    "DeliveryFailed",
    "DeliveryFilter",
    "DeliveryNotFound",
]

# How long a delivery steps aside for others when its host has enough of them under way.
_CROWDED_SECONDS = 1.0
# How long it waits for a process that runs its service.
_STRANGER_SECONDS = 30.0
_PRUNE_COUNT = 1_000

_LOAD = f"""
SELECT d.is_forced, quintet_now(),
       e.seq, e.project_id, e.stream, e.type, e.data, e.terminal, e.created_at, s.*
FROM hook_deliveries d
CROSS JOIN LATERAL (SELECT {COLUMNS} FROM hook_subscriptions WHERE id = d.subscription_id) s
LEFT JOIN events e ON e.seq = d.event_seq
WHERE d.id = %s AND d.state = 'pending'
"""
_SUBSCRIPTION = f"SELECT {COLUMNS} FROM hook_subscriptions WHERE id = %s"
_ATTEMPT = """
INSERT INTO hook_attempts (delivery_id, number, at, status, error, duration_ms, response)
SELECT d.id, %s, quintet_now(), %s, %s, %s, %s FROM hook_deliveries d WHERE d.id = %s
ON CONFLICT (delivery_id, number) DO UPDATE SET at = EXCLUDED.at, status = EXCLUDED.status,
    error = EXCLUDED.error, duration_ms = EXCLUDED.duration_ms, response = EXCLUDED.response
"""
_FINISH = """
UPDATE hook_deliveries SET state = %s, error = %s, completed_at = quintet_now() WHERE id = %s
"""
_CREATE = """
INSERT INTO hook_deliveries (subscription_id, event_seq, event_type, is_forced)
SELECT s.id, %s, %s, true FROM hook_subscriptions s
WHERE s.id = %s AND s.service = %s AND s.project_id = %s RETURNING id
"""
_SCHEDULE = "SELECT hook_schedule(%s)"
_ABANDON = """
UPDATE hook_deliveries SET state = 'failed', error = %s, completed_at = quintet_now()
WHERE subscription_id = %s AND state = 'pending'
"""
# A process that died with the last attempt in hand left the delivery open; its job knows.
_CLOSE_ORPHANS = """
UPDATE hook_deliveries d SET state = 'failed', completed_at = quintet_now(),
    error = 'the last attempt was interrupted'
WHERE d.state = 'pending' AND NOT EXISTS (
    SELECT FROM work_jobs j WHERE j.id = hook_job_id(d.id)
    AND j.state IN ('pending', 'scheduled', 'processing'))
"""
_PRUNE = """
DELETE FROM hook_deliveries WHERE id IN (
    SELECT d.id FROM hook_deliveries d
    WHERE d.completed_at < quintet_now() - make_interval(secs => %s)
    ORDER BY d.completed_at LIMIT %s)
"""


class Deliveries(DeliveryLog):
    """The log, and the handler of lane `hooks`."""

    def __init__(
        self,
        db: Database,
        formats: Formats,
        sender: Sender,
        settings: HookSettings,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`chance`: numbers from 0 to 1 that spread the waits between attempts."""
        super().__init__(db)
        self._formats = formats
        self._sender = sender
        self._settings = settings
        self._chance = chance
        self._per_host: Counter[str] = Counter()

    # Carry out ---------------------------------------------------------------------------------

    async def handle(self, running: Running) -> None:
        """Make one attempt; the outcome of the job says whether there will be another."""
        delivery_id = int(running.job.payload)
        async with self._db.connection() as conn:
            row = await (await conn.execute(_LOAD, (delivery_id,))).fetchone()
        if row is None:
            return  # the subscription is gone, or another process has finished it
        is_forced, now, event, subscription = row[0], row[1], row[2:9], read_row(row[9:])
        if not subscription.enabled and not is_forced:
            await self._give_up(delivery_id, "the subscription is disabled")
        if event[0] is None:
            await self._give_up(delivery_id, "the event is no longer kept")
        format = self._formats.get(subscription.service)
        if format is None:
            raise HandBack(_STRANGER_SECONDS)
        if self._per_host[_host_of(subscription)] >= self._settings.per_host_count:
            raise HandBack(_CROWDED_SECONDS)
        attempt = running.job.attempt
        answer = await self._send(format, delivery_id, attempt, Event(*event), subscription, now)
        await self._conclude(format, subscription, is_forced, delivery_id, running.job, answer)

    async def _send(
        self,
        format: HookFormat,
        delivery_id: int,
        attempt: int,
        event: Event,
        subscription: Subscription,
        now: datetime,
    ) -> Answer:
        host = _host_of(subscription)
        body, headers = format.build(event, subscription, now)
        sent = {"content-type": "application/json", "user-agent": format.user_agent}
        own = subscription.headers
        for said in (own, headers, format.delivery_headers(delivery_id, attempt)):
            sent |= {name.lower(): value for name, value in said.items()}
        self._per_host[host] += 1
        try:
            return await self._sender.post(subscription.url, body, sent)
        finally:
            self._per_host[host] -= 1
            if not self._per_host[host]:
                del self._per_host[host]

    async def _conclude(
        self,
        format: HookFormat,
        subscription: Subscription,
        is_forced: bool,
        delivery_id: int,
        job: Job,
        answer: Answer,
    ) -> None:
        """Write the attempt down, then end the job accordingly."""
        policy = format.policy
        if answer.is_refused:
            verdict = Verdict.FAILED
        elif answer.status is None:
            verdict = Verdict.RETRY
        else:
            verdict = policy.judge(answer.status)
        is_over = verdict is not Verdict.RETRY or job.attempt >= job.max_attempts
        async with self._db.transaction() as conn:
            if is_over and not is_forced:  # what is asked for by hand says nothing of the rest
                await note_end(conn, policy, subscription, verdict)
            values = (job.attempt, answer.status, answer.error, answer.duration_ms, answer.response)
            await conn.execute(_ATTEMPT, (*values, delivery_id))
            if verdict is Verdict.DELIVERED:
                await conn.execute(_FINISH, ("delivered", None, delivery_id))
            elif is_over:
                await conn.execute(_FINISH, ("failed", answer.error, delivery_id))
        if verdict is Verdict.DELIVERED:
            return
        message = answer.error or f"answered {answer.status}"
        if verdict is not Verdict.RETRY:
            raise PermanentFailure(message)
        if policy.spread and not is_over:
            raise TryAgain(message, policy.wait_seconds(job.attempt, self._chance()))
        raise DeliveryFailed(message)

    async def _give_up(self, delivery_id: int, reason: str) -> None:
        async with self._db.connection() as conn:
            await conn.execute(_FINISH, ("failed", reason, delivery_id))
        raise PermanentFailure(reason)

    # By hand -----------------------------------------------------------------------------------

    async def send_test(
        self,
        conn: Connection,
        owner: Owner,
        subscription_id: str,
        *,
        type: str,
        data: Mapping[str, Any],
    ) -> int | None:
        """Append an event that only this subscription gets, also when disabled; its delivery's id.

        None when there is no such subscription.
        """
        stream = f"webhook:{subscription_id}"
        seq = await event_log.append(conn, owner.project_id, stream, type, data, terminal=True)
        return await self._create(conn, owner, subscription_id, seq, type)

    async def test(
        self, owner: Owner, subscription_id: str, *, type: str, data: Mapping[str, Any]
    ) -> Delivery | None:
        """Send an event that only this subscription gets, also when disabled, and wait for the end.

        One attempt, however it is answered. None when there is no such subscription. Holds no
        database connection while it waits.
        """
        stream = f"webhook:{subscription_id}"
        async with self._db.transaction() as conn:
            found = await (await conn.execute(_SUBSCRIPTION, (subscription_id,))).fetchone()
            seq = await event_log.append(conn, owner.project_id, stream, type, data, terminal=True)
            delivery_id = await self._insert(conn, owner, subscription_id, seq, type)
            if found is None or delivery_id is None:
                raise Rollback
            event = (await event_log.read(conn, stream, after=seq - 1, limit=1))[0]
        if found is None or delivery_id is None:
            return None
        subscription = read_row(found)
        format = self._formats[owner.service]
        answer = await self._send(format, delivery_id, 1, event, subscription, event.created_at)
        await self._note_test(format, delivery_id, answer)
        return await self.get(owner, delivery_id)

    async def _note_test(self, format: HookFormat, delivery_id: int, answer: Answer) -> None:
        is_well = answer.status is not None and (
            format.policy.judge(answer.status) is Verdict.DELIVERED
        )
        async with self._db.transaction() as conn:
            values = (1, answer.status, answer.error, answer.duration_ms, answer.response)
            await conn.execute(_ATTEMPT, (*values, delivery_id))
            state = "delivered" if is_well else "failed"
            await conn.execute(_FINISH, (state, answer.error, delivery_id))

    async def redeliver(self, conn: Connection, owner: Owner, delivery_id: int) -> int:
        """Send the event of a delivery again, as a new delivery with the same event id.

        Raises:
            DeliveryNotFound: unknown, or its event is no longer kept.
        """
        old = await self.get_on(conn, owner, delivery_id)
        if old.event_created_at is None:
            raise DeliveryNotFound(f"the event of delivery {delivery_id} is no longer kept")
        new = await self._create(conn, owner, old.subscription_id, old.event_seq, old.event_type)
        if new is None:
            raise DeliveryNotFound(f"no delivery {delivery_id}")
        return new

    async def _create(
        self, conn: Connection, owner: Owner, subscription_id: str, seq: int, type: str
    ) -> int | None:
        delivery_id = await self._insert(conn, owner, subscription_id, seq, type)
        if delivery_id is not None:
            await conn.execute(_SCHEDULE, ([delivery_id],))
        return delivery_id

    async def _insert(
        self, conn: Connection, owner: Owner, subscription_id: str, seq: int, type: str
    ) -> int | None:
        values = (seq, type, subscription_id, owner.service, owner.project_id)
        row = await (await conn.execute(_CREATE, values)).fetchone()
        return None if row is None else int(row[0])

    async def abandon(self, conn: Connection, subscription_id: str, reason: str) -> int:
        """Fail whatever still waits for a subscription; returns how many deliveries."""
        return (await conn.execute(_ABANDON, (reason, subscription_id))).rowcount

    # Tidying ----------------------------------------------------------------------------------

    async def tidy(self) -> None:
        """Close what a crash left open, and forget what is past its time."""
        async with self._db.connection() as conn:
            await conn.execute(_CLOSE_ORPHANS)
            while True:
                values = (self._settings.retention_seconds, _PRUNE_COUNT)
                if (await conn.execute(_PRUNE, values)).rowcount < _PRUNE_COUNT:
                    return


class DeliveryFailed(Exception):
    """This attempt was not answered well; there may be another."""


def _host_of(subscription: Subscription) -> str:
    return httpx.URL(subscription.url).host
