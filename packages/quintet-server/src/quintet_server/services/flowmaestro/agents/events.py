"""The events of a turn: their names in the log, their data, and their frames in a stream.

Each event is written once and read by two: streams show `thread.message.token` as `message:token`,
webhooks match `thread.message.completed` by its name. So the data carry the fields of both
(contract, sections 5.3 and 8.2). A turn's stream is named by the message it produces;
`thread.message.created` belongs to the thread's own stream, where those who wait for a first turn
see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quintet_server.engines.runs.model import Note, RunRecord, RunState
from quintet_server.http.sse import sse_frame
from quintet_server.services.flowmaestro.wire import instant
from quintet_server.store.event_log import Event

__all__ = [
    "COMPLETED",
    "CREATED",
    "FAILED",
    "TOKEN",
    "TurnInput",
    "beginning",
    "connected",
    "created_data",
    "ending",
    "frame",
    "token",
    "tool_call",
]

CREATED = "thread.message.created"
STARTED = "thread.message.started"
TOKEN = "thread.message.token"
TOOL_CALL = "thread.message.tool_call"
COMPLETED = "thread.message.completed"
FAILED = "thread.message.failed"
_AGENT = "agent.execution."

_SHARED = ("thread_id", "message_id")
_SHOWN: Mapping[str, tuple[str, ...]] = {
    STARTED: (*_SHARED, "role"),
    TOKEN: (*_SHARED, "token", "sequence"),
    TOOL_CALL: (
        *_SHARED,
        "tool_call_id",
        "name",
        "arguments",
        "status",
        "result",
        "error",
        "attempt",
        "recovered",
    ),
    COMPLETED: (*_SHARED, "role", "status", "content", "tool_calls", "usage", "metadata"),
    FAILED: (*_SHARED, "status", "error", "code"),
}
_DELETED = "The thread was deleted before the answer was complete"


@dataclass(frozen=True, slots=True)
class TurnInput:
    """What a turn is given: enough to tell about it without reading anything."""

    thread_id: str
    message_id: str
    user_message_id: str
    agent_id: str
    agent_name: str

    @classmethod
    def of(cls, record: RunRecord) -> TurnInput:
        """The input of a turn's run."""
        return cls(**record.input)

    def as_json(self) -> dict[str, str]:
        """The input as it is stored."""
        return asdict(self)


def created_data(turn: TurnInput, content: str) -> dict[str, Any]:
    """`thread.message.created`: a user's message is stored and will be answered."""
    return {
        "thread_id": turn.thread_id,
        "message_id": turn.user_message_id,
        "turn_id": turn.message_id,
        "agent_id": turn.agent_id,
        "agent_name": turn.agent_name,
        "role": "user",
        "content": content,
        "status": "created",
    }


def beginning(record: RunRecord) -> list[Note]:
    """The first events of a turn."""
    execution = {**_execution(record), "status": "running"}
    return [
        Note(f"{_AGENT}started", execution),
        Note(STARTED, {**_message(record), "status": "processing"}),
    ]


def token(turn: TurnInput, text: str, sequence: int) -> Note:
    """One piece of the answer."""
    return Note(
        TOKEN,
        {
            "thread_id": turn.thread_id,
            "message_id": turn.message_id,
            "token": text,
            "sequence": sequence,
        },
    )


def tool_call(turn: TurnInput, call: Mapping[str, Any], status: str, **outcome: Any) -> Note:
    """A tool is `started`, has `completed` with a result, or has `failed` with an error."""
    data = {
        "thread_id": turn.thread_id,
        "message_id": turn.message_id,
        "tool_call_id": call["id"],
        "name": call["name"],
        "arguments": call["arguments"],
        "status": status,
    }
    return Note(TOOL_CALL, {**data, **outcome})


def ending(record: RunRecord) -> list[Note]:
    """The last events of a turn; the very last one ends its stream."""
    execution = {**_execution(record), "completed_at": instant(record.completed_at)}
    if record.state is RunState.COMPLETED:
        return [
            Note(f"{_AGENT}completed", {**execution, "status": "completed"}),
            Note(
                COMPLETED,
                {**_message(record), "status": "completed", **record.output},
                terminal=True,
            ),
        ]
    status = str(record.state)
    message, code = failure(record)
    return [
        Note(f"{_AGENT}failed", {**execution, "status": status, "error": message}),
        Note(
            FAILED,
            {**_message(record), "status": status, "error": message, "code": code},
            terminal=True,
        ),
    ]


def failure(record: RunRecord) -> tuple[str, str]:
    """Why there is no answer: a sentence, and a code for programs."""
    if record.state is RunState.CANCELLED:
        return _DELETED, "cancelled"
    error = record.error or {}
    return str(error.get("message") or "The answer failed"), str(error.get("code") or "internal")


def _message(record: RunRecord) -> dict[str, Any]:
    turn = TurnInput.of(record)
    return {
        "thread_id": turn.thread_id,
        "message_id": turn.message_id,
        "agent_id": turn.agent_id,
        "agent_name": turn.agent_name,
        "role": "assistant",
        "content": "",
    }


def _execution(record: RunRecord) -> dict[str, Any]:
    turn = TurnInput.of(record)
    return {
        "thread_id": turn.thread_id,
        "message_id": turn.message_id,
        "agent_id": turn.agent_id,
        "agent_name": turn.agent_name,
        "started_at": instant(record.started_at),
    }


def connected(thread_id: str) -> bytes:
    """The first frame of a stream that was asked for by GET; it has no number to resume from."""
    return sse_frame({"type": "connected", "thread_id": thread_id}, event="connected")


def frame(event: Event) -> bytes | None:
    """An event as a frame; None for those that only webhooks see."""
    names = _SHOWN.get(event.type)
    if names is None:
        return None
    name = event.type.replace("thread.message.", "message:", 1)
    shown = {key: event.data[key] for key in names if key in event.data}
    if event.type == COMPLETED:
        shown["created_at"] = instant(event.created_at)
    milliseconds = round(event.created_at.timestamp() * 1000)
    return sse_frame(
        {"type": name, **shown, "timestamp": milliseconds}, event=name, id=event.seq or None
    )
