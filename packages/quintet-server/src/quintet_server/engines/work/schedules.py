"""Recurring work: schedules that enqueue an ordinary job at each tick.

Rules (the Flare contract, sections 7.1 and 9, for every lane):

- a tick enqueues exactly one job, however many processes look: the schedule's row is locked while
  its next tick is moved on, and (schedule, tick) is unique among jobs;
- overlap is allowed: a tick does not ask whether the last run has ended;
- after downtime there is at most one catch-up run, and the next tick is counted from now;
- a disabled schedule has no next tick;
- an unchanged schedule that is written again keeps its next tick;
- within a lane a job type belongs to one schedule.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from quintet_server.engines.work.cron import CronError, parse
from quintet_server.engines.work.cron_zones import TimezoneError, next_instant, zone
from quintet_server.engines.work.model import Job, JobSpec, WorkError
from quintet_server.engines.work.queue import Queue
from quintet_server.store.database import Connection

_log = structlog.get_logger(__name__)

_COLUMNS = (
    "lane, id, project_id, job_type, queue, cron_expression, timezone, payload, enabled, "
    "max_attempts, timeout_seconds, last_run_at, next_run_at, created_at, updated_at"
)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('work_schedules ' || %s, 0))"
_NOW = "SELECT quintet_now()"
_FIND = f"""
SELECT {_COLUMNS} FROM work_schedules
WHERE lane = %s AND (id = ANY (%s) OR job_type = ANY (%s)) FOR UPDATE
"""
_GET = f"SELECT {_COLUMNS} FROM work_schedules WHERE lane = %s AND id = %s"
_LIST = f"SELECT {_COLUMNS} FROM work_schedules WHERE lane = %s AND id > %s ORDER BY id LIMIT %s"
_WRITE = f"""
INSERT INTO work_schedules ({_COLUMNS})
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (lane, id) DO UPDATE SET job_type = EXCLUDED.job_type, queue = EXCLUDED.queue,
    cron_expression = EXCLUDED.cron_expression, timezone = EXCLUDED.timezone,
    payload = EXCLUDED.payload, enabled = EXCLUDED.enabled,
    max_attempts = EXCLUDED.max_attempts, timeout_seconds = EXCLUDED.timeout_seconds,
    next_run_at = EXCLUDED.next_run_at, updated_at = EXCLUDED.updated_at
"""
_CHANGED = "SELECT pg_notify('work_schedules', '')"
_DELETE = "DELETE FROM work_schedules WHERE lane = %s AND id = %s"
_DUE = f"""
SELECT {_COLUMNS}, quintet_now() FROM work_schedules WHERE next_run_at <= quintet_now()
ORDER BY next_run_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
_TICKED = """
UPDATE work_schedules SET last_run_at = coalesce(%s, last_run_at), next_run_at = %s
WHERE lane = %s AND id = %s
"""
_RAN = "UPDATE work_schedules SET last_run_at = quintet_now() WHERE lane = %s AND id = %s"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSpec:
    """What a schedule should be. None means: the stored value, or the default for a new one.

    Defaults: queue `default`, time zone UTC, payload `{}`, enabled, 3 attempts, 1,800 s.
    """

    id: str
    job_type: str
    cron_expression: str
    queue: str | None = None
    timezone: str | None = None
    payload: str | None = None
    enabled: bool | None = None
    max_attempts: int | None = None
    timeout_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A stored schedule; the fields are those of its row."""

    lane: str
    id: str
    project_id: str
    job_type: str
    queue: str
    cron_expression: str
    timezone: str
    payload: str
    enabled: bool
    max_attempts: int
    timeout_seconds: int
    last_run_at: datetime | None
    next_run_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ScheduleNotFound(WorkError):
    """No such schedule in this lane."""

    def __init__(self, schedule_id: str) -> None:
        super().__init__(f"no schedule {schedule_id}")
        self.schedule_id = schedule_id


class JobTypeConflict(WorkError):
    """The job type belongs to another schedule of the lane."""

    def __init__(self, job_type: str, schedule_id: str) -> None:
        super().__init__(f"job type {job_type} belongs to schedule {schedule_id}")
        self.job_type = job_type
        self.schedule_id = schedule_id


class InvalidSchedule(WorkError):
    """A cron expression or time zone that cannot be kept.

    `index` is its place among the specs of one call, `cause` a `CronError` or `TimezoneError`.
    """

    def __init__(self, index: int, cause: CronError | TimezoneError) -> None:
        super().__init__(str(cause))
        self.index = index
        self.cause = cause


# Asked before a tick or a manual run enqueues; False skips it (a quota is used up).
Admission = Callable[[Connection, Schedule], Awaitable[bool]]


class Schedules:
    """All schedules of one database."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._admissions: dict[str, Admission] = {}

    def admit_by(self, lane_prefix: str, admission: Admission) -> None:
        """Let a service decide whether ticks in lanes `<lane_prefix>:…` may enqueue now."""
        self._admissions[lane_prefix] = admission

    # Definitions -------------------------------------------------------------------------------

    async def put(
        self, conn: Connection, lane: str, project_id: str, spec: ScheduleSpec
    ) -> Schedule:
        """Create or update one schedule under its id, in the caller's transaction.

        Raises:
            InvalidSchedule, JobTypeConflict.
        """
        await conn.execute(_LOCK, (lane,))
        stored = await self._find(conn, lane, [spec])
        for other in stored.values():
            if other.job_type == spec.job_type and other.id != spec.id:
                raise JobTypeConflict(spec.job_type, other.id)
        return await self._write(conn, lane, project_id, 0, spec, stored.get(spec.id))

    async def register(
        self, conn: Connection, lane: str, project_id: str, specs: Sequence[ScheduleSpec]
    ) -> list[Schedule]:
        """Create or update many, as a starting worker does, in the caller's transaction.

        A job type that has a schedule already updates that one, whatever its id. Fields that are
        None keep what is stored, and a disabled schedule stays disabled. The first bad spec raises
        and the transaction should be rolled back; schedules that are not named are left alone.

        Raises:
            InvalidSchedule: with the index of the spec. JobTypeConflict: its id is taken.
        """
        await conn.execute(_LOCK, (lane,))
        written = []
        for index, spec in enumerate(specs):
            stored = await self._find(conn, lane, [spec])
            same_type = [one for one in stored.values() if one.job_type == spec.job_type]
            existing = same_type[0] if same_type else stored.get(spec.id)
            if existing is not None and existing.job_type != spec.job_type:
                raise JobTypeConflict(existing.job_type, existing.id)
            named = replace(spec, id=existing.id, enabled=existing.enabled) if existing else spec
            written.append(await self._write(conn, lane, project_id, index, named, existing))
        return written

    async def get(self, lane: str, schedule_id: str) -> Schedule:
        """Return one schedule; raises ScheduleNotFound."""
        async with self._queue.db.connection() as conn:
            row = await (await conn.execute(_GET, (lane, schedule_id))).fetchone()
        if row is None:
            raise ScheduleNotFound(schedule_id)
        return Schedule(*row)

    async def list(
        self, lane: str, limit: int = 100, after: str = ""
    ) -> tuple[Sequence[Schedule], str | None]:
        """Return a page in order of id, and the id to pass as `after` for the next one."""
        async with self._queue.db.connection() as conn:
            rows = await (await conn.execute(_LIST, (lane, after, limit + 1))).fetchall()
        page = [Schedule(*row) for row in rows[:limit]]
        return page, page[-1].id if page and len(rows) > limit else None

    async def delete(self, conn: Connection, lane: str, schedule_id: str) -> None:
        """Remove a schedule; its jobs stay. Raises ScheduleNotFound."""
        cursor = await conn.execute(_DELETE, (lane, schedule_id))
        if cursor.rowcount == 0:
            raise ScheduleNotFound(schedule_id)
        await conn.execute(_CHANGED)

    async def trigger(
        self, conn: Connection, lane: str, schedule_id: str, *, traceparent: str | None = None
    ) -> Job:
        """Enqueue one run now, also of a disabled schedule; the ticks are not affected.

        Asks no admission: the caller is a request and has its own. Raises ScheduleNotFound.
        """
        row = await (await conn.execute(f"{_GET} FOR UPDATE", (lane, schedule_id))).fetchone()
        if row is None:
            raise ScheduleNotFound(schedule_id)
        await conn.execute(_RAN, (lane, schedule_id))
        run = replace(_run_of(Schedule(*row), None), traceparent=traceparent)
        return (await self._queue.enqueue(conn, [run]))[0]

    # Ticks -------------------------------------------------------------------------------------

    async def tick(self, conn: Connection, limit: int) -> int:
        """Enqueue what is due, in the caller's transaction; returns how many schedules were due.

        Rows another process is ticking at this moment are left to it.
        """
        rows = await (await conn.execute(_DUE, (limit,))).fetchall()
        runs = []
        # By project: an admission may lock what belongs to one, and others lock that in this order.
        due = [(Schedule(*columns), now) for *columns, now in rows]
        for schedule, now in sorted(due, key=lambda one: one[0].project_id):
            admitted = await self._is_admitted(conn, schedule)
            if admitted:
                runs.append(_run_of(schedule, schedule.next_run_at))
            following = _following(schedule, now)
            key = (schedule.lane, schedule.id)
            await conn.execute(_TICKED, (now if admitted else None, following, *key))
        if runs:
            await self._queue.enqueue(conn, runs)
        return len(rows)

    async def _is_admitted(self, conn: Connection, schedule: Schedule) -> bool:
        admission = self._admissions.get(schedule.lane.partition(":")[0])
        return admission is None or await admission(conn, schedule)

    async def _find(
        self, conn: Connection, lane: str, specs: Sequence[ScheduleSpec]
    ) -> dict[str, Schedule]:
        ids, types = [spec.id for spec in specs], [spec.job_type for spec in specs]
        rows = await (await conn.execute(_FIND, (lane, ids, types))).fetchall()
        return {row[1]: Schedule(*row) for row in rows}

    async def _write(
        self,
        conn: Connection,
        lane: str,
        project_id: str,
        index: int,
        spec: ScheduleSpec,
        stored: Schedule | None,
    ) -> Schedule:
        row = await (await conn.execute(_NOW)).fetchone()
        assert row is not None  # a SELECT without FROM
        wanted = _merge(lane, project_id, spec, stored, now=row[0])
        try:
            wanted = replace(wanted, next_run_at=_next_of(wanted, stored, row[0]))
        except (CronError, TimezoneError) as error:
            raise InvalidSchedule(index, error) from error
        await conn.execute(_WRITE, tuple(getattr(wanted, name) for name in wanted.__slots__))
        await conn.execute(_CHANGED)
        return wanted


def _merge(
    lane: str, project_id: str, spec: ScheduleSpec, stored: Schedule | None, now: datetime
) -> Schedule:
    """The row as it should be, its next tick aside."""
    base = stored or Schedule(
        lane=lane,
        id=spec.id,
        project_id=project_id,
        job_type=spec.job_type,
        queue="default",
        cron_expression=spec.cron_expression,
        timezone="UTC",
        payload="{}",
        enabled=True,
        max_attempts=3,
        timeout_seconds=1800,
        last_run_at=None,
        next_run_at=None,
        created_at=now,
        updated_at=now,
    )
    given = {
        name: getattr(spec, name) for name in spec.__slots__ if getattr(spec, name) is not None
    }
    return replace(base, **given, updated_at=now)


def _next_of(wanted: Schedule, stored: Schedule | None, now: datetime) -> datetime | None:
    """The next tick; an unchanged timing keeps the one it has."""
    following = next_instant(parse(wanted.cron_expression), now, zone(wanted.timezone))
    if not wanted.enabled:
        return None
    if stored is not None and stored.next_run_at is not None:
        same = (stored.cron_expression, stored.timezone)
        if same == (wanted.cron_expression, wanted.timezone):
            return stored.next_run_at
    return following


def _following(schedule: Schedule, now: datetime) -> datetime | None:
    try:
        return next_instant(parse(schedule.cron_expression), now, zone(schedule.timezone))
    except (CronError, TimezoneError) as error:
        # Stored by a version that knew more, or the time zone data shrank.
        _log.error("schedule_stopped", schedule=schedule.id, lane=schedule.lane, error=str(error))
        return None


def _run_of(schedule: Schedule, tick: datetime | None) -> JobSpec:
    return JobSpec(
        lane=schedule.lane,
        project_id=schedule.project_id,
        job_type=schedule.job_type,
        queue=schedule.queue,
        payload=schedule.payload,
        max_attempts=schedule.max_attempts,
        timeout_seconds=schedule.timeout_seconds,
        schedule_id=schedule.id,
        schedule_tick=tick,
    )
