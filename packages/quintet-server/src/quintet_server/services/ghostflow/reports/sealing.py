"""The sealer: writes down who was seen in hours and days that are over.

Rules this file obeys:

- it marks a bucket, commits that, and looks at the clicks then. So deltas that were folded before
  the mark are of clicks that are seen. Whoever folds others takes the mark away, or breaks the seal
  if that is there already; those that are not folded yet make reports pass the bucket over;
- the roller never waits for it, but for the moment in which it marks or commits;
- a bucket is one transaction: it is sealed with all its sets, or not at all;
- a bucket that late clicks break again and again is sealed when none came for a minute;
- a try is counted before it is made, whatever becomes of it and of us: a bucket that cannot be
  sealed is passed over, for a minute at first, and twice as long each time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import psycopg
import structlog

from quintet_server.services.ghostflow.reports.rollups import GRAINS, SEALED, SUBJECTS
from quintet_server.services.ghostflow.reports.turns import Turn, takes_turn
from quintet_server.store.database import Database

__all__ = ["SETTLE", "seal"]

_log = structlog.get_logger(__name__)

SETTLE = timedelta(minutes=1)
"""How long after its end, after it was broken, and after a first failure a bucket is left alone."""

# The newest first: that is what is asked for most. A team that is going is passed over, and so is
# a bucket that is being broken.
_NEXT = """
SELECT seal.team_id, seal.grain, seal.at
FROM ghostflow_seals seal JOIN ghostflow_teams team ON team.id = seal.team_id
WHERE NOT seal.is_sealed AND seal.open_at <= quintet_now() - %(settle)s
    AND seal.at <= quintet_now() - %(settle)s
        - CASE seal.grain WHEN 'hour' THEN interval '1 hour' ELSE interval '1 day' END
    AND seal.retry_at <= quintet_now()
ORDER BY seal.at DESC, seal.grain DESC, seal.team_id LIMIT 1
FOR KEY SHARE OF team SKIP LOCKED FOR NO KEY UPDATE OF seal SKIP LOCKED
"""
_THIS = "team_id = %(team)s AND grain = %(grain)s AND at = %(start)s"
_MARK = f"""
UPDATE ghostflow_seals SET is_being_sealed = true, tries = tries + 1,
    retry_at = quintet_now() + least(%(settle)s * 2 ^ least(tries, 20), interval '1 day')
WHERE {_THIS} RETURNING tries
"""
# A team that goes from here on waits for us, and takes along what we write.
_IS_MARKED = f"""
SELECT FROM ghostflow_seals seal JOIN ghostflow_teams team ON team.id = seal.team_id
WHERE {_THIS} AND is_being_sealed FOR KEY SHARE OF team SKIP LOCKED
"""
_QUICK = ("SET LOCAL jit = off", "SET LOCAL work_mem = '64MB'")
"""As for reports: compiling the statements would take longer than they do, and sets want memory."""
_COUNT = """
INSERT INTO ghostflow_visitor_counts (team_id, numbered) VALUES (%(team)s, 0)
ON CONFLICT DO NOTHING
"""
_NUMBER = """
WITH added AS (
    INSERT INTO ghostflow_visitors (team_id, visitor_id, number)
    SELECT %(team)s, visitor_id, numbered + row_number() OVER () FROM (
        SELECT DISTINCT visitor_id FROM ghostflow_clicks
        WHERE team_id = %(team)s AND at >= %(start)s AND at < %(end)s
    ) AS seen, (SELECT numbered FROM ghostflow_visitor_counts WHERE team_id = %(team)s) AS count
    WHERE NOT EXISTS (
        SELECT FROM ghostflow_visitors known
        WHERE known.team_id = %(team)s AND known.visitor_id = seen.visitor_id)
    RETURNING 1
)
UPDATE ghostflow_visitor_counts SET numbered = numbered + (SELECT count(*) FROM added)
WHERE team_id = %(team)s
"""
_DONE = f"""
UPDATE ghostflow_seals
SET is_sealed = is_being_sealed, is_being_sealed = false, tries = 0, retry_at = '-infinity'
WHERE {_THIS}
"""


class _Bucket(NamedTuple):
    team: UUID
    grain: str
    start: datetime


def _sets(grain: str) -> list[str]:
    """Statements that write the sets of a bucket, in place of those that were there."""
    subjects = [subject for subject in SUBJECTS if grain in subject.grains]
    columns = sorted({column for subject in subjects for column in subject.columns})
    puts = ", ".join(
        f"put_{subject.name} AS (INSERT INTO {subject.seen(grain)} "
        f"SELECT %(team)s, %(start)s, {(keys := ', '.join(subject.columns))}, is_bot, "
        "string_agg(int4send(number), '') "
        f"FROM (SELECT DISTINCT {keys}, is_bot, number FROM seen) AS seen GROUP BY {keys}, is_bot)"
        for subject in subjects
    )
    return [
        *(
            f"DELETE FROM {subject.seen(grain)} WHERE team_id = %(team)s AND at = %(start)s"
            for subject in subjects
        ),
        f"""
        WITH seen AS MATERIALIZED (
            SELECT {", ".join(columns)}, is_bot, number
            FROM ghostflow_clicks JOIN ghostflow_visitors USING (team_id, visitor_id)
            WHERE team_id = %(team)s AND at >= %(start)s AND at < %(end)s
        ), {puts}
        SELECT
        """,
    ]


_SETS = {grain: _sets(grain) for grain in SEALED}


async def seal(db: Database, *, settle: timedelta = SETTLE) -> bool:
    """Seal the newest bucket that is over; whether to go on with the next at once.

    Not if there is none, nor while another process is at it, nor where the bucket cannot be sealed:
    that is logged, and what ails it may ail all of them.
    """
    marked = await _mark(db, settle)
    if marked is None:
        return False
    bucket, tries = marked
    try:
        return await _seal(db, bucket)
    except psycopg.Error as error:
        about = {"team": str(bucket.team), "grain": bucket.grain, "at": bucket.start.isoformat()}
        _log.warning("ghostflow_bucket_unsealed", **about, tries=tries, error=str(error).strip())
        return False


async def _mark(db: Database, settle: timedelta) -> tuple[_Bucket, int] | None:
    """Choose a bucket and say so, for all that fold from now on."""
    async with db.transaction() as conn:
        if not await takes_turn(conn, Turn.SEAL):
            return None
        found = await (await conn.execute(_NEXT, {"settle": settle})).fetchone()
        if found is None:
            return None
        bucket = _Bucket(*found)
        params = {**bucket._asdict(), "settle": settle}
        row = await (await conn.execute(_MARK.encode(), params)).fetchone()
    assert row is not None
    return bucket, row[0]


async def _seal(db: Database, bucket: _Bucket) -> bool:
    """Seal a bucket; False while another process is sealing."""
    end = bucket.start + timedelta(seconds=GRAINS[bucket.grain])
    params = {**bucket._asdict(), "end": end}
    async with db.transaction() as conn:
        if not await takes_turn(conn, Turn.SEAL):
            return False
        if await (await conn.execute(_IS_MARKED.encode(), params)).fetchone() is not None:
            for statement in (*_QUICK, _COUNT, _NUMBER, *_SETS[bucket.grain], _DONE):
                await conn.execute(statement.encode(), params)
    return True
