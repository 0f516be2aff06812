"""Agents, threads and messages as they are kept, and the statements that read them.

Everything is looked up within a project; a thread that was deleted is found by nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from psycopg.rows import class_row

from quintet_server.services.flowmaestro.agents.definitions import AgentSpec
from quintet_server.services.flowmaestro.errors import not_found
from quintet_server.services.flowmaestro.wire import Page
from quintet_server.store.database import Connection, Database

__all__ = [
    "THREAD_COLUMNS",
    "Agent",
    "Message",
    "Thread",
    "agent_of",
    "find_agent",
    "find_message",
    "find_thread",
    "list_agents",
    "list_messages",
    "lock_thread",
    "mark_deleted",
    "running_turn",
    "turn_of_message",
]

T = TypeVar("T")

_AGENT = "id, name, spec, created_at, updated_at"
_FIND_AGENT = f"SELECT {_AGENT} FROM flowmaestro_agents WHERE project_id = %s AND id = %s"
_AGENTS = f"""
SELECT {_AGENT} FROM flowmaestro_agents WHERE project_id = %s
ORDER BY created_at DESC, id DESC OFFSET %s LIMIT %s
"""
_AGENT_COUNT = "SELECT count(*) FROM flowmaestro_agents WHERE project_id = %s"

THREAD_COLUMNS = """
id, project_id, agent_id, title, status, metadata, message_count, last_turn_id, running_turn_id,
created_at, updated_at, last_message_at
"""
_FIND_THREAD = f"""
SELECT {THREAD_COLUMNS} FROM flowmaestro_threads
WHERE id = %s AND project_id = %s AND status <> 'deleted'
"""
_RUNNING_TURN = """
SELECT running_turn_id FROM flowmaestro_threads
WHERE id = %s AND project_id = %s AND status <> 'deleted'
"""
_MARK_DELETED = """
UPDATE flowmaestro_threads SET status = 'deleted', updated_at = quintet_now()
WHERE id = %s AND project_id = %s AND status <> 'deleted' AND running_turn_id IS NULL
"""
_TURN_OF_MESSAGE = """
SELECT turn_id FROM flowmaestro_messages WHERE thread_id = %(thread)s AND id = %(id)s
UNION ALL
SELECT turn_id FROM flowmaestro_messages WHERE thread_id = %(thread)s AND turn_id = %(id)s
LIMIT 1
"""
_MESSAGE = "id, thread_id, turn_id, role, content, tool_calls, usage, metadata, created_at"
_FIND_MESSAGE = f"SELECT {_MESSAGE} FROM flowmaestro_messages WHERE id = %s"
_MESSAGES = f"""
SELECT {_MESSAGE} FROM flowmaestro_messages WHERE thread_id = %s
ORDER BY position OFFSET %s LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent."""

    id: str
    name: str
    spec: AgentSpec
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation with an agent."""

    id: str
    project_id: str
    agent_id: str
    title: str | None
    status: str
    metadata: dict[str, Any]
    message_count: int
    last_turn_id: str | None
    running_turn_id: str | None
    created_at: datetime
    updated_at: datetime
    last_message_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `turn_id` is the id of the answer it belongs to, or that it is."""

    id: str
    thread_id: str
    turn_id: str
    role: str
    content: str
    tool_calls: list[dict[str, Any]] | None
    usage: dict[str, int] | None
    metadata: dict[str, Any]
    created_at: datetime


def agent_of(row: Sequence[Any]) -> Agent:
    """The agent in a row of id, name, spec, created_at, updated_at."""
    return Agent(row[0], row[1], AgentSpec.model_validate(row[2]), row[3], row[4])


async def find_agent(db: Database, project_id: str, agent_id: str) -> Agent:
    """The agent; 404 if there is none."""
    async with db.connection() as conn:
        row = await (await conn.execute(_FIND_AGENT.encode(), (project_id, agent_id))).fetchone()
    if row is None:
        raise not_found("Agent", agent_id)
    return agent_of(row)


async def list_agents(db: Database, project_id: str, page: Page) -> tuple[list[Agent], int]:
    """A page of a project's agents, newest first, and how many there are."""
    async with db.connection() as conn:
        rows = await conn.execute(_AGENTS.encode(), (project_id, page.offset, page.per_page))
        agents = [agent_of(row) for row in await rows.fetchall()]
        total = await (await conn.execute(_AGENT_COUNT, (project_id,))).fetchone()
    return agents, total[0] if total else 0


async def find_thread(db: Database, project_id: str, thread_id: str) -> Thread:
    """The thread; 404 if there is none or it was deleted."""
    async with db.connection() as conn:
        return await _thread(conn, _FIND_THREAD, project_id, thread_id)


async def lock_thread(conn: Connection, project_id: str, thread_id: str) -> Thread:
    """The same, held until the transaction ends."""
    return await _thread(conn, _FIND_THREAD + " FOR UPDATE", project_id, thread_id)


async def running_turn(conn: Connection, project_id: str, thread_id: str) -> str | None:
    """The turn under way in a thread, if there is one. Locks nothing; 404 if there is no thread."""
    row = await (await conn.execute(_RUNNING_TURN, (thread_id, project_id))).fetchone()
    if row is None:
        raise not_found("Thread", thread_id)
    return None if row[0] is None else str(row[0])


async def mark_deleted(conn: Connection, project_id: str, thread_id: str) -> bool:
    """Delete a thread in which no turn runs; tells whether that was so."""
    return (await conn.execute(_MARK_DELETED, (thread_id, project_id))).rowcount == 1


async def _thread(conn: Connection, statement: str, project_id: str, thread_id: str) -> Thread:
    async with conn.cursor(row_factory=class_row(Thread)) as cursor:
        await cursor.execute(statement.encode(), (thread_id, project_id))
        thread = await cursor.fetchone()
    if thread is None:
        raise not_found("Thread", thread_id)
    return thread


async def list_messages(conn: Connection, thread_id: str, page: Page) -> list[Message]:
    """A page of a thread's messages, oldest first."""
    async with conn.cursor(row_factory=class_row(Message)) as cursor:
        await cursor.execute(_MESSAGES.encode(), (thread_id, page.offset, page.per_page))
        return await cursor.fetchall()


async def find_message(db: Database, message_id: str) -> Message | None:
    """One message by its id, which the caller knows to be its project's."""
    async with db.connection() as conn, conn.cursor(row_factory=class_row(Message)) as cursor:
        await cursor.execute(_FIND_MESSAGE.encode(), (message_id,))
        return await cursor.fetchone()


async def turn_of_message(db: Database, thread_id: str, message_id: str) -> str | None:
    """The turn that a message of a thread began, or that it is the answer of, complete or not."""
    async with db.connection() as conn:
        values = {"thread": thread_id, "id": message_id}
        row = await (await conn.execute(_TURN_OF_MESSAGE, values)).fetchone()
    return None if row is None else str(row[0])
