"""Conversations, runs and answers as the API shows them."""

from __future__ import annotations

from typing import Any

from quintet_server.services.amdahl.agents.sessions import Session, session_object
from quintet_server.services.amdahl.chat.store import Chat, ChatRun
from quintet_server.services.amdahl.wire import instant

__all__ = ["STATUS_OF", "answer_object", "chat_object", "run_object", "run_summary", "urls"]

STATUS_OF = {
    "pending": "queued",
    "running": "running",
    "paused": "awaiting_input",
    "completed": "complete",
    "failed": "error",
    "cancelled": "canceled",
}
"""The lane's word for each state; a failed session is an `error` here."""


def chat_object(chat: Chat) -> dict[str, Any]:
    """A conversation."""
    return {
        "id": chat.id,
        "name": chat.name,
        "agent": chat.agent,
        "status": chat.status,
        "run_count": chat.run_count,
        "last_run_id": chat.last_run_id,
        "created_by": chat.user_id,
        "created_at": instant(chat.created_at),
        "updated_at": instant(chat.updated_at),
    }


def run_summary(run: ChatRun) -> dict[str, Any]:
    """A run in the list of its conversation."""
    answer = answer_object(run.output) if run.state == "completed" else None
    return {
        "run_id": run.run_id,
        "input": run.input,
        "status": STATUS_OF[run.state],
        "answer_text": None if answer is None else answer["answer_text"],
        "created_at": instant(run.created_at),
    }


def run_object(run: ChatRun, session: Session) -> dict[str, Any]:
    """A run with its answer, or what it waits for."""
    shown = session_object(session)
    status = "error" if session.status == "failed" else session.status
    used = session.usage
    return {
        "run_id": run.run_id,
        "chat_id": run.chat_id,
        "status": status,
        "input": run.input,
        "config": run.config,
        "pending_input": shown["pending_input"],
        "answer": answer_object(session.record.output) if status == "complete" else None,
        "artifacts": shown["result"]["artifacts"] if shown["result"] else [],
        "usage": {
            "tokens": used.input_tokens + used.output_tokens,
            "turns_used": session.turns_used,
        },
        "error": shown["error"],
        "created_at": shown["created_at"],
        "completed_at": shown["completed_at"],
        "last_event_id": shown["last_event_id"],
    }


def answer_object(output: dict[str, Any] | None) -> dict[str, Any]:
    """The answer: an agent's own, or for one that makes none, what it said as a single block."""
    found = output or {}
    answer = (found.get("data") or {}).get("answer")
    if isinstance(answer, dict):
        return answer
    text = str(found.get("text") or "")
    return {
        "answer_text": text,
        "content_blocks": [{"type": "text", "text": text}],
        "follow_ups": [],
    }


def urls(base: str, chat_id: str, run_id: str) -> dict[str, str]:
    """Where a run is read, followed and answered; paths on this host."""
    run = f"{base}/chats/{chat_id}/runs/{run_id}"
    return {"stream_url": f"{run}/stream", "read_url": run, "resume_url": f"{run}/resume"}
