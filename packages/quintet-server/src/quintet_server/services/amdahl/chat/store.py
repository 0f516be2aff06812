"""Conversations and their runs in the database.

A run of a chat is an agent session; its input, state and output are read from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from quintet_server.services.amdahl.errors import not_found
from quintet_server.services.amdahl.listing import Filters, ListArgs
from quintet_server.store.database import Connection

__all__ = [
    "Chat",
    "ChatRun",
    "add_run",
    "change_chat",
    "create_chat",
    "find_chat",
    "find_run",
    "list_chats",
    "list_runs",
    "remembered",
    "unsettled_run",
]

# How many runs a conversation shows, and how many it goes on from.
_RUNS_SHOWN_COUNT: LiteralString = "200"
_MEMORY_COUNT: LiteralString = "8"

_CHAT = """c.id, c.user_id, c.name, c.agent, c.status, c.run_count, c.created_at, c.updated_at,
    (SELECT l.run_id FROM amdahl_chat_runs l
     WHERE l.project_id = c.project_id AND l.chat_id = c.id ORDER BY l.position DESC LIMIT 1)"""
_CREATE = f"""
INSERT INTO amdahl_chats AS c (project_id, id, user_id, name, agent) VALUES (%s, %s, %s, %s, %s)
RETURNING {_CHAT}
"""
_FIND = f"SELECT {_CHAT} FROM amdahl_chats c WHERE c.project_id = %s AND c.id = %s"
_CHANGE = f"""
UPDATE amdahl_chats c SET name = coalesce(%s, c.name), status = coalesce(%s, c.status),
    updated_at = quintet_now()
WHERE c.project_id = %s AND c.id = %s RETURNING {_CHAT}
"""
_MATCHES = """
FROM amdahl_chats c WHERE c.project_id = %(project_id)s
  AND c.status = coalesce(%(status)s, 'active')
  AND (%(q)s::text IS NULL OR strpos(lower(c.name), lower(%(q)s)) > 0)
  AND (%(created_at_gte)s::timestamptz IS NULL OR c.created_at >= %(created_at_gte)s)
  AND (%(created_at_lte)s::timestamptz IS NULL OR c.created_at <= %(created_at_lte)s)
  AND (%(updated_at_gte)s::timestamptz IS NULL OR c.updated_at >= %(updated_at_gte)s)
  AND (%(updated_at_lte)s::timestamptz IS NULL OR c.updated_at <= %(updated_at_lte)s)
"""
_COUNT = f"SELECT count(*) {_MATCHES}"
_PAGE = f"""
SELECT {_CHAT} {_MATCHES}
  AND (%(after_at)s::timestamptz IS NULL OR (c.created_at, c.id) < (%(after_at)s, %(after_id)s))
ORDER BY c.created_at DESC, c.id DESC OFFSET %(offset)s LIMIT %(limit)s + 1
"""
# The row of the chat is the lock that orders its runs.
_NEXT = """
UPDATE amdahl_chats SET run_count = run_count + 1, updated_at = quintet_now()
WHERE project_id = %s AND id = %s RETURNING run_count
"""
_ADD = """
INSERT INTO amdahl_chat_runs (project_id, run_id, chat_id, position, config)
VALUES (%s, %s, %s, %s, %s)
"""
_RUN = "r.id, x.chat_id, x.position, x.config, r.input ->> 'task', r.state, r.output, r.created_at"
_FIND_RUN = f"""
SELECT {_RUN} FROM amdahl_chat_runs x JOIN runs r ON r.id = x.run_id
WHERE x.project_id = %s AND x.chat_id = %s AND x.run_id = %s
"""
_LIST_RUNS = f"""
SELECT {_RUN} FROM amdahl_chat_runs x JOIN runs r ON r.id = x.run_id
WHERE x.project_id = %s AND x.chat_id = %s ORDER BY x.position DESC LIMIT {_RUNS_SHOWN_COUNT}
"""
_UNSETTLED = """
SELECT r.id, r.state FROM amdahl_chat_runs x JOIN runs r ON r.id = x.run_id
WHERE x.project_id = %s AND x.chat_id = %s AND r.state IN ('pending', 'running', 'paused')
LIMIT 1
"""
_REMEMBERED = f"""
SELECT r.input ->> 'task', r.output #> '{{data,understood,filters}}'
FROM amdahl_chat_runs x JOIN runs r ON r.id = x.run_id
WHERE x.project_id = %s AND x.chat_id = %s AND r.state = 'completed'
  AND coalesce((x.config ->> 'write_memory')::boolean, true)
ORDER BY x.position DESC LIMIT {_MEMORY_COUNT}
"""


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation."""

    id: str
    user_id: str
    name: str
    agent: str
    status: str
    run_count: int
    created_at: datetime
    updated_at: datetime
    last_run_id: str | None


@dataclass(frozen=True, slots=True)
class ChatRun:
    """One run of it; `state` and `output` are the engine's."""

    run_id: str
    chat_id: str
    position: int
    config: dict[str, Any]
    input: str
    state: str
    output: dict[str, Any] | None
    created_at: datetime


async def create_chat(
    conn: Connection, project_id: str, chat_id: str, user_id: str, name: str, agent: str
) -> Chat:
    """A new conversation without runs."""
    values = (project_id, chat_id, user_id, name, agent)
    row = await (await conn.execute(_CREATE, values)).fetchone()
    assert row is not None  # INSERT … RETURNING of one row
    return Chat(*row)


async def find_chat(
    conn: Connection, project_id: str, chat_id: str, *, locked: bool = False
) -> Chat:
    """The conversation; nobody else adds to it when it is `locked`. Raises 404."""
    statement = f"{_FIND} FOR UPDATE OF c" if locked else _FIND
    row = await (await conn.execute(statement.encode(), (project_id, chat_id))).fetchone()
    if row is None:
        raise not_found("Chat", chat_id)
    return Chat(*row)


async def change_chat(
    conn: Connection, project_id: str, chat_id: str, name: str | None, status: str | None
) -> Chat:
    """The conversation with another name or status; None keeps what is there. Raises 404."""
    row = await (await conn.execute(_CHANGE, (name, status, project_id, chat_id))).fetchone()
    if row is None:
        raise not_found("Chat", chat_id)
    return Chat(*row)


async def list_chats(
    conn: Connection, project_id: str, filters: Filters, args: ListArgs
) -> tuple[list[Chat], int]:
    """One more than a page of conversations, and how many there are."""
    after_at, after_id = args.after or (None, None)
    values = {"project_id": project_id, **filters.as_mapping()}
    place = {"after_at": after_at, "after_id": after_id, "offset": args.offset, "limit": args.limit}
    row = await (await conn.execute(_COUNT, values)).fetchone()
    rows = await (await conn.execute(_PAGE, {**values, **place})).fetchall()
    return [Chat(*one) for one in rows], row[0] if row else 0


async def add_run(conn: Connection, project_id: str, chat_id: str, run_id: str, config: str) -> int:
    """Make a session the next run of a conversation; returns its position, from 1."""
    row = await (await conn.execute(_NEXT, (project_id, chat_id))).fetchone()
    assert row is not None  # found and locked by this transaction
    await conn.execute(_ADD, (project_id, run_id, chat_id, row[0], config))
    return int(row[0])


async def find_run(conn: Connection, project_id: str, chat_id: str, run_id: str) -> ChatRun:
    """One run. Raises 404, also for a run of another conversation."""
    row = await (await conn.execute(_FIND_RUN, (project_id, chat_id, run_id))).fetchone()
    if row is None:
        raise not_found("Run", run_id)
    return ChatRun(*row)


async def list_runs(conn: Connection, project_id: str, chat_id: str) -> list[ChatRun]:
    """The last runs of a conversation, the oldest first."""
    rows = await (await conn.execute(_LIST_RUNS, (project_id, chat_id))).fetchall()
    return [ChatRun(*row) for row in reversed(rows)]


async def unsettled_run(conn: Connection, project_id: str, chat_id: str) -> tuple[str, str] | None:
    """The run that is under way or waits for an answer, and its state."""
    return await (await conn.execute(_UNSETTLED, (project_id, chat_id))).fetchone()


async def remembered(conn: Connection, project_id: str, chat_id: str) -> list[Mapping[str, Any]]:
    """What was asked before and of whom, the oldest first, for an agent to go on from."""
    rows = await (await conn.execute(_REMEMBERED, (project_id, chat_id))).fetchall()
    return [{"task": task, "filters": filters or {}} for task, filters in reversed(rows)]
