"""The sealer: writes down who was seen in hours and days that are over.

Rules this file obeys:

- it holds the turn of the roller first and looks at the clicks then. So deltas that are gone were
  folded before, and their clicks are seen; of those that are missed there are deltas still, which
  break the seal when they are folded, and make reports pass it over until then;
- a bucket is one transaction: it is sealed with all its sets, or not at all;
- a bucket that late clicks break again and again is sealed when none came for a minute.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from quintet_server.services.ghostflow.reports.rollups import GRAINS, SEALED, SUBJECTS
from quintet_server.services.ghostflow.reports.turns import takes_turn
from quintet_server.store.database import Connection, Database

__all__ = ["SETTLE", "seal"]

SETTLE = timedelta(minutes=1)
"""How long after its end, and after it was broken, a bucket is left alone."""

# The newest first: that is what is asked for most. A team that is going is passed over; one that
# goes later waits for us, and takes along what we write.
_NEXT = """
SELECT seal.team_id, seal.grain, seal.at
FROM ghostflow_seals seal JOIN ghostflow_teams team ON team.id = seal.team_id
WHERE NOT seal.is_sealed AND seal.open_at <= quintet_now() - %(settle)s
    AND seal.at <= quintet_now() - %(settle)s
        - CASE seal.grain WHEN 'hour' THEN interval '1 hour' ELSE interval '1 day' END
ORDER BY seal.at DESC, seal.grain DESC, seal.team_id LIMIT 1
FOR KEY SHARE OF team SKIP LOCKED
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
_DONE = """
UPDATE ghostflow_seals SET is_sealed = true
WHERE team_id = %(team)s AND grain = %(grain)s AND at = %(start)s
"""


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
    """Seal the newest bucket that is over.

    False if there is none, also while another process is at it.
    """
    async with db.transaction() as conn:
        if not await takes_turn(conn):
            return False
        found = await (await conn.execute(_NEXT, {"settle": settle})).fetchone()
        if found is not None:
            await _seal(conn, *found)
    return found is not None


async def _seal(conn: Connection, team: UUID, grain: str, start: datetime) -> None:
    end = start + timedelta(seconds=GRAINS[grain])
    params = {"team": team, "grain": grain, "start": start, "end": end}
    for statement in (*_QUICK, _COUNT, _NUMBER, *_SETS[grain], _DONE):
        await conn.execute(statement.encode(), params)
