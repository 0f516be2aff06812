"""What a turn finds when it begins, or goes on: agent, conversation, memory, and its own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from quintet_server.engines.chat.model import ChatMessage, Role
from quintet_server.services.flowmaestro.agents.events import TOKEN, TurnInput
from quintet_server.services.flowmaestro.agents.records import Agent, agent_of
from quintet_server.store.database import Connection, Database

__all__ = ["Scene", "load_scene"]

# The memory is that of the user whom the thread's metadata name.
_WHO = """
SELECT a.id, a.name, a.spec, a.created_at, a.updated_at, m.working_memory
FROM flowmaestro_threads t
JOIN flowmaestro_agents a ON a.project_id = t.project_id AND a.id = t.agent_id
LEFT JOIN flowmaestro_memories m ON m.project_id = t.project_id AND m.agent_id = t.agent_id
    AND m.user_id = t.metadata->>'user_id'
WHERE t.id = %s AND t.project_id = %s AND t.status <> 'deleted'
"""
_SAID = """
SELECT role, content FROM flowmaestro_messages
WHERE thread_id = %s AND role IN ('user', 'assistant')
  AND position <= (SELECT position FROM flowmaestro_messages WHERE id = %s)
ORDER BY position DESC LIMIT %s
"""
_WRITTEN = "SELECT data->>'token' FROM events WHERE stream = %s AND type = %s ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a model is told from, and what this turn has already said.

    `said` is oldest first and ends with the message to be answered. `written` are the pieces of the
    answer that are in the log: an earlier process wrote them, and readers have seen them.
    """

    agent: Agent
    memory: str | None
    said: list[ChatMessage]
    written: list[str]


async def load_scene(
    db: Database, project_id: str, turn: TurnInput, *, max_messages: int
) -> Scene | None:
    """Read it; None if the thread was deleted."""
    async with db.connection() as conn:
        cursor = await conn.execute(_WHO, (turn.thread_id, project_id))
        who = await cursor.fetchone()
        if who is None:
            return None
        said = await _said(conn, turn, max_messages)
        written = await conn.execute(_WRITTEN, (turn.message_id, TOKEN))
        return Scene(agent_of(who), who[5], said, [row[0] for row in await written.fetchall()])


async def _said(conn: Connection, turn: TurnInput, max_messages: int) -> list[ChatMessage]:
    values = (turn.thread_id, turn.user_message_id, max_messages)
    newest_first = await (await conn.execute(_SAID, values)).fetchall()
    return [ChatMessage(cast("Role", role), text) for role, text in reversed(newest_first)]
