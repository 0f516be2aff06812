"""How many jobs a project may create, and the `X-Quota-*` headers that tell it.

Two models. *daily*: so many jobs per UTC day, then 402 `billing_state_blocked` until midnight.
*monthly*: so many jobs per UTC month; beyond it 429 `monthly_allowance_exceeded`, or, when overage
is on, jobs are let in at a price until the spend cap, then 429 `spend_cap_reached`.

Only creating is gated: work in flight goes on, retries and replays are free. A gated project counts
in the transaction of the create, so a create that fails counts nothing and two cannot share the
last place. An unlimited project would pay for that exactness with one hot row, so its count, which
only informs, is added up in memory and written down every second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import psycopg
import structlog

from quintet_server.engines.work.schedules import Schedule
from quintet_server.http.errors import ApiError
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.store.background import end
from quintet_server.store.clock import Clock
from quintet_server.store.database import Connection, Database

Headers = list[tuple[str, str]]
_log = structlog.get_logger(__name__)

_PERIOD = "date_trunc(%(unit)s, quintet_now(), 'UTC')"
_ENDS = "(starts_at AT TIME ZONE 'UTC' + ('1 ' || %(unit)s)::interval) AT TIME ZONE 'UTC'"
_ADD = f"""
INSERT INTO flare_quota AS quota (project_id, period, starts_at, used)
SELECT %(project)s, %(unit)s, {_PERIOD}, %(count)s
WHERE %(most)s::bigint IS NULL OR %(count)s <= %(most)s
ON CONFLICT (project_id, period, starts_at) DO UPDATE SET used = quota.used + excluded.used
WHERE %(most)s::bigint IS NULL OR quota.used + excluded.used <= %(most)s
RETURNING used, {_ENDS}
"""
_ADD_TO = """
INSERT INTO flare_quota AS quota (project_id, period, starts_at, used)
VALUES (%(project)s, %(unit)s,
        (%(ends)s::timestamptz AT TIME ZONE 'UTC' - ('1 ' || %(unit)s)::interval)
            AT TIME ZONE 'UTC', %(count)s)
ON CONFLICT (project_id, period, starts_at) DO UPDATE SET used = quota.used + excluded.used
RETURNING used
"""
_READ = f"""
SELECT coalesce(used, 0), {_ENDS}, ceil(extract(epoch FROM {_ENDS} - quintet_now()))::int
FROM (SELECT {_PERIOD} AS starts_at) AS current
LEFT JOIN (SELECT starts_at, used FROM flare_quota
           WHERE project_id = %(project)s AND period = %(unit)s) AS quota USING (starts_at)
"""
_PROJECT = "SELECT settings FROM projects WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Plan:
    """A project's allowance: the server's settings, overridden by the project's own."""

    model: Literal["daily", "monthly"]
    allowance: int | None
    overage_enabled: bool
    cents_per_1000: int
    spend_cap_cents: int | None

    @property
    def unit(self) -> str:
        """The period as PostgreSQL names it."""
        return "day" if self.model == "daily" else "month"

    @property
    def is_unlimited(self) -> bool:
        """Whether counting only informs: nothing is ever refused or priced."""
        return self.allowance is None

    @property
    def most(self) -> int | None:
        """Jobs that may be created in one period; None: without bound."""
        if self.model == "daily" or not self.overage_enabled or self.allowance is None:
            return self.allowance
        if self.spend_cap_cents is None or self.cents_per_1000 == 0:
            return None
        return self.allowance + self.spend_cap_cents * 1000 // self.cents_per_1000


@dataclass(frozen=True, slots=True)
class Usage:
    """Where a project stands in the running period."""

    plan: Plan
    used: int
    ends_at: datetime
    seconds_left: int = 0
    """Until the period ends; known only when read, for `Retry-After`."""

    def headers(self, unlimited_shown_as: int) -> Headers:
        """The `X-Quota-*` headers, for every answer to a create."""
        plan = self.plan
        shown = unlimited_shown_as if plan.allowance is None else plan.allowance
        headers = [
            ("X-Quota-Limit", str(shown)),
            ("X-Quota-Used", str(self.used)),
            ("X-Quota-Reset", str(int(self.ends_at.timestamp()))),
        ]
        if plan.model == "monthly":
            over = max(0, self.used - shown)
            headers.append(("X-Quota-Overage", str(over)))
            headers.append(("X-Quota-Overage-Cost", str(-(-over * plan.cents_per_1000 // 1000))))
            if plan.spend_cap_cents is not None:
                headers.append(("X-Quota-Spend-Cap", str(plan.spend_cap_cents)))
        return headers


class Quotas:
    """Counts created jobs per project."""

    def __init__(self, db: Database, clock: Clock, settings: FlareSettings) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._informative: dict[str, Usage] = {}
        self._unwritten: dict[tuple[str, str, datetime], int] = {}
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def plan(self, project_settings: Mapping[str, Any]) -> Plan:
        """The plan of a project with these settings (`quintet apply`, kind `project`)."""
        settings = self._settings
        own = project_settings
        model = own.get("quota_model", settings.quota_model)
        allowance = (
            own.get("jobs_per_day", settings.jobs_per_day)
            if model == "daily"
            else own.get("jobs_per_month", settings.jobs_per_month)
        )
        return Plan(
            model=model,
            allowance=allowance,
            overage_enabled=own.get("overage_enabled", settings.overage_enabled),
            cents_per_1000=own.get(
                "overage_cents_per_1000_jobs", settings.overage_cents_per_1000_jobs
            ),
            spend_cap_cents=own.get("spend_cap_cents", settings.spend_cap_cents),
        )

    def headers(self, usage: Usage) -> Headers:
        """The headers of an answer."""
        return usage.headers(self._settings.unlimited_shown_as)

    async def consume(self, conn: Connection, project_id: str, plan: Plan, count: int) -> Usage:
        """Take `count` jobs from the allowance, in the caller's transaction.

        Raises:
            ApiError: 402 or 429 when they are not left; nothing is taken then.
        """
        values = {"project": project_id, "unit": plan.unit, "count": count, "most": plan.most}
        row = await (await conn.execute(_ADD, values)).fetchone()
        if row is None:
            raise self._exhausted(await self.read(conn, project_id, plan))
        return Usage(plan, row[0], row[1])

    async def note(self, conn: Connection, project_id: str, plan: Plan, count: int) -> None:
        """Count jobs that no quota refuses (ticks of schedules), in the caller's transaction."""
        values = {"project": project_id, "unit": plan.unit, "count": count, "most": None}
        await conn.execute(_ADD, values)

    async def note_tick(self, conn: Connection, schedule: Schedule) -> bool:
        """Count a tick of a schedule; it is never refused. The engine asks this before it runs."""
        row = await (await conn.execute(_PROJECT, (schedule.project_id,))).fetchone()
        if row is not None:
            await self.note(conn, schedule.project_id, self.plan(row[0]), 1)
        return True

    async def read(self, conn: Connection, project_id: str, plan: Plan) -> Usage:
        """Where the project stands, without taking anything."""
        row = await (
            await conn.execute(_READ, {"project": project_id, "unit": plan.unit})
        ).fetchone()
        assert row is not None  # a left join of one row
        return Usage(plan, row[0], row[1], row[2])

    async def current(self, project_id: str, plan: Plan) -> Usage:
        """Where the project stands, for the headers of a replay or an error."""
        if plan.is_unlimited:
            return await self._informed(project_id, plan)
        async with self._db.connection() as conn:
            return await self.read(conn, project_id, plan)

    async def count(self, project_id: str, plan: Plan, count: int) -> Usage:
        """Count jobs that an unlimited project has just created."""
        usage = await self._informed(project_id, plan)
        usage = replace(usage, used=usage.used + count)
        self._informative[project_id] = usage
        key = (project_id, plan.unit, usage.ends_at)
        self._unwritten[key] = self._unwritten.get(key, 0) + count
        return usage

    async def _informed(self, project_id: str, plan: Plan) -> Usage:
        known = self._informative.get(project_id)
        now = self._clock.now()
        if known is not None and known.plan == plan and now < known.ends_at.timestamp():
            return known
        await self._write()
        async with self._db.connection() as conn:
            usage = await self.read(conn, project_id, plan)
        known = self._informative.get(project_id)
        if known is None or known.plan != plan or known.ends_at < usage.ends_at:
            known = self._informative[project_id] = usage
        return known  # which another request may have read, and counted on, meanwhile

    def forget(self, _payload: str | None = None) -> None:
        """Drop what is known about the running period: the clock was moved."""
        self._informative.clear()

    def start(self) -> None:
        """Begin to write informative counts down."""
        self._task = asyncio.create_task(self._flush_for_ever(), name="flare-quota")

    async def stop(self) -> None:
        """Write the last counts and end."""
        if self._task is not None:
            # Not in the middle of a write: nobody would know what it has counted.
            async with self._writing:
                self._task.cancel()
            await end(self._task)
            self._task = None
        await self._write()

    async def _flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._settings.quota_flush_seconds)
            await self._write()

    async def _write(self) -> None:
        """Whoever reads afterwards finds everything that was counted before."""
        async with self._writing:
            await self._write_counts()

    async def _write_counts(self) -> None:
        counted, self._unwritten = self._unwritten, {}
        for (project_id, unit, ends), count in counted.items():
            values = {"project": project_id, "unit": unit, "ends": ends, "count": count}
            try:
                async with self._db.connection() as conn:
                    row = await (await conn.execute(_ADD_TO, values)).fetchone()
            except psycopg.Error as error:
                _log.warning("flare_quota_not_written", error=str(error).strip())
                key = (project_id, unit, ends)
                self._unwritten[key] = self._unwritten.get(key, 0) + count
                continue
            known = self._informative.get(project_id)
            if row is not None and known is not None and known.ends_at == ends:
                pending = self._unwritten.get((project_id, unit, ends), 0)
                self._informative[project_id] = replace(known, used=row[0] + pending)

    def _exhausted(self, usage: Usage) -> ApiError:
        plan, settings = usage.plan, self._settings
        until = f"{usage.ends_at:%Y-%m-%dT%H:%M:%SZ}"
        headers = dict(self.headers(usage))
        if plan.model == "daily":
            return ApiError(
                settings.daily_quota_status,
                settings.daily_quota_code,
                f"This project has created its {plan.allowance} jobs of today; next at {until}.",
                headers=headers,
            )
        headers["Retry-After"] = str(max(1, usage.seconds_left))
        if plan.overage_enabled:
            message = f"The spend cap of {plan.spend_cap_cents} cents is reached until {until}."
            return ApiError(429, "spend_cap_reached", message, headers=headers)
        message = f"The {plan.allowance} jobs of this month are used up until {until}."
        return ApiError(429, "monthly_allowance_exceeded", message, headers=headers)
