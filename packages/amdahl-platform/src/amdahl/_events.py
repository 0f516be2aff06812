"""Events of a run as dictionaries that always say what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from amdahl._envelope import parsed, unwrapped
from amdahl._shapes import shape_pending, status_word
from quintet.core.sse.event import ServerSentEvent
from quintet.core.sse.reconnect import numeric_id

if TYPE_CHECKING:
    from quintet.core.response import Response

COMPLETED, FAILED, CANCELED = "session.completed", "session.failed", "session.canceled"
AWAITING_INPUT = "session.awaiting_input"
ENDS = frozenset({COMPLETED, FAILED, CANCELED})

_UNNAMED = "message"
_ALIASES = {"session.cancelled": CANCELED}
_END_OF = {"complete": COMPLETED, "failed": FAILED, "canceled": CANCELED}
_OUTCOME = {COMPLETED: "result", FAILED: "error"}


class AgentEvent(dict[str, Any]):
    """An event of a run: a dictionary with ``type``, ``seq``, ``session_id``, ``ts``, ``data``.

    Types that are not known today pass through as they are. An event whose data is no JSON object
    has ``data`` None and the text under ``raw``.

    Attributes:
        id: Its id in the stream, ``""`` if it has none.
    """

    __slots__ = ("id",)

    def __init__(self, fields: Mapping[str, Any], id: str = "") -> None:
        super().__init__(fields)
        self.id = id

    @property
    def type(self) -> str:
        """Such as ``"message.delta"``."""
        return str(self["type"])

    @property
    def seq(self) -> int | None:
        """Its number in the run, from 1; ``None`` if it has none."""
        found = self.get("seq")
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    @property
    def data(self) -> Any:
        """What it says besides."""
        return self.get("data")

    @property
    def is_final(self) -> bool:
        """Whether the run has ended with it."""
        return self.type in ENDS

    def __reduce__(self) -> tuple[Any, ...]:
        return (AgentEvent, (dict(self), self.id))


def decode(event: ServerSentEvent) -> AgentEvent:
    """Return an event as a dictionary; never raises, and drops nothing."""
    data = _object(event)
    if data is None:
        kind = _ALIASES.get(event.event, event.event)
        return AgentEvent({"type": kind, "data": None, "raw": event.data}, event.id)
    found = AgentEvent(data, event.id)
    named = data.get("type")
    kind = named if isinstance(named, str) and named else event.event
    found["type"] = _ALIASES.get(kind, kind)
    inner = data.get("data")
    if isinstance(inner, dict):
        shape_pending(inner.get("pending_input"))
    return found


def number_of(event: ServerSentEvent) -> int | None:
    """Return an event's number: its id, or its ``seq`` if it has no such id."""
    number = numeric_id(event)
    if number is not None or event.id:
        return number
    data = _object(event)
    return None if data is None else AgentEvent(data).seq


def kind_of(event: ServerSentEvent) -> str:
    """Return the type of an event, without parsing it if it cannot be one that matters."""
    if "session." not in event.data and "session." not in event.event:
        return event.event
    return decode(event).type


def ends_run(event: ServerSentEvent) -> bool:
    """Tell the last event of a run."""
    return kind_of(event) in ENDS


def ends_or_pauses(event: ServerSentEvent) -> bool:
    """Tell the last event of a run, and the one at which it waits for an answer."""
    kind = kind_of(event)
    return kind in ENDS or kind == AWAITING_INPUT


def end_of_run(response: Response) -> list[ServerSentEvent] | None:
    """Return the event that would have ended the stream of a run that has ended."""
    status = unwrapped(parsed(response))
    kind = _END_OF.get(status_word(status.get("status"))) if isinstance(status, dict) else None
    if kind is None:
        return None
    outcome = _OUTCOME.get(kind)
    data = {} if outcome is None else {outcome: status.get(outcome)}
    if kind == COMPLETED and "answer" in status:
        data["answer"] = status["answer"]
    # A run of a conversation is known by another name; its stream says session_id as well.
    session_id = status.get("session_id") or status.get("run_id")
    fields = {"type": kind, "session_id": session_id, "data": data}
    return [ServerSentEvent(kind, json.dumps(fields))]


def _object(event: ServerSentEvent) -> dict[str, Any] | None:
    try:
        data = json.loads(event.data)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
