"""Writing all that a report leads to in one statement, which is a transaction by itself.

The conversion, the event for webhooks, the rows of the postback log and the job that tells the
source stand or fall together. Whether they are written at all the first part decides: it makes or
changes the conversion if it can, and all others follow from the row that it returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from psycopg.types.json import Jsonb

from quintet_server.engines.work.arguments import numbered
from quintet_server.services.ghostflow.conversions.access import Access
from quintet_server.services.ghostflow.conversions.model import (
    COLUMNS,
    NAMES,
    Conversion,
    wire,
)
from quintet_server.services.ghostflow.postbacks.log import ADD_ROWS, ONCE, Row, document
from quintet_server.services.ghostflow.postbacks.outgoing import Telling
from quintet_server.services.ghostflow.teams import Team

__all__ = ["Following", "count_repeat", "insert", "note_ignored", "update"]

_INSERT = f"""
INSERT INTO ghostflow_conversions ({COLUMNS})
SELECT {COLUMNS} FROM json_populate_record(NULL::ghostflow_conversions, %(conversion)s::json)
ON CONFLICT (click_id, event, tx_id) DO NOTHING
RETURNING id, duplicate_count
"""
# A row that has another version by now was judged too early.
_SAME = "WHERE id = %(id)s AND version = %(old_version)s"
_CHANGING = (
    *("status", "original_status", "payout", "payout_currency", "revenue", "cost"),
    *("cost_currency", "updated_at", "history", "version"),
)
_UPDATE = f"""
UPDATE ghostflow_conversions SET {", ".join(f"{name} = %({name})s" for name in _CHANGING)}
{_SAME} RETURNING id, duplicate_count
"""
_REPEAT = f"""
UPDATE ghostflow_conversions SET duplicate_count = duplicate_count + 1
{_SAME} RETURNING id, duplicate_count
"""
_KEEP = f"SELECT id, duplicate_count FROM ghostflow_conversions {_SAME} FOR NO KEY UPDATE"

# The row of the conversion is locked, so events of it get their numbers in the order of changes.
_ANNOUNCED = """
INSERT INTO events (project_id, stream, type, data)
SELECT %(project_id)s, id::text, %(type)s, %(shown)s FROM done
"""
_NOTED = f"{ADD_ROWS} WHERE EXISTS (SELECT FROM done) {ONCE} RETURNING direction, outcome"
# The function is called with the row at hand, so only if there is one.
_QUEUED = """
SELECT q.ord FROM noted n CROSS JOIN LATERAL
    work_enqueue(CASE n.direction WHEN 'out' THEN %(jobs)s::jsonb END) AS q
WHERE n.direction = 'out' AND n.outcome = 'pending'
"""


def _announced(done: str) -> bytes:
    return f"""
        WITH done AS ({done}), announced AS ({_ANNOUNCED}), noted AS ({_NOTED}),
            queued AS ({_QUEUED})
        SELECT duplicate_count, (SELECT count(*) FROM queued) FROM done
    """.encode()


def _quiet(done: str) -> bytes:
    return f"""
        WITH done AS ({done}), noted AS ({_NOTED}) SELECT duplicate_count FROM done
    """.encode()


_INSERT_ALL, _UPDATE_ALL = _announced(_INSERT), _announced(_UPDATE)
_REPEAT_ALL, _KEEP_ALL = _quiet(_REPEAT), _quiet(_KEEP)


@dataclass(frozen=True, slots=True)
class Following:
    """What goes with a conversion that is made or changed."""

    team: Team
    note: Row | None
    """Of the postback that reports it, if one does."""
    telling: Telling | None
    """To the source, if it wants to hear of it."""

    def values(self, type: str, new: Conversion) -> dict[str, Any]:
        """The parameters for all that is not the conversion itself."""
        told = self.telling
        rows = [] if self.note is None else [self.note]
        if told is not None:
            rows.append(told.row)
        return {
            "project_id": self.team.project_id,
            "type": type,
            "shown": Jsonb(wire(new)),
            "rows": document(*rows, target=told.target if told else None),
            "jobs": numbered([told.job]) if told else None,
        }


async def insert(access: Access, new: Conversion, following: Following) -> bool:
    """Write a new conversion; False: there is one of this click, event and transaction already."""
    stored = orjson.dumps({name: getattr(new, name) for name in NAMES}).decode()
    values = following.values("conversion.created", new)
    return await _execute(access, _INSERT_ALL, new, {"conversion": stored, **values}) is not None


async def update(access: Access, old: Conversion, new: Conversion, following: Following) -> bool:
    """Write a changed conversion; False: it is not as it was any more."""
    changing = {name: getattr(new, name) for name in _CHANGING}
    changing["history"] = Jsonb(new.history)
    values = {**_same(old), **changing, **following.values("conversion.updated", new)}
    return await _execute(access, _UPDATE_ALL, old, values) is not None


async def count_repeat(access: Access, old: Conversion, note: Row | None) -> int | None:
    """Count a report that says nothing new; None: the conversion is not as it was any more.

    Returns how many repeats there have been by now.
    """
    return await _execute(access, _REPEAT_ALL, old, {**_same(old), "rows": _rows(note)})


async def note_ignored(access: Access, old: Conversion, note: Row | None) -> bool:
    """Log a report that changes nothing; False: the conversion is not as it was any more."""
    return await _execute(access, _KEEP_ALL, old, {**_same(old), "rows": _rows(note)}) is not None


def _same(old: Conversion) -> dict[str, Any]:
    return {"id": old.id, "old_version": old.version}


def _rows(note: Row | None) -> str:
    return document() if note is None else document(note)


async def _execute(
    access: Access, statement: bytes, about: Conversion, values: dict[str, Any]
) -> int | None:
    place = (about.click_id, about.event, about.tx_id)
    row = await access.write(statement, values, place)
    return None if row is None else int(row["duplicate_count"])
