"""Events as dictionaries that always say what they are, whichever dialect they came in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flowmaestro._shapes import mirror
from flowmaestro.errors import FlowMaestroStreamError
from flowmaestro.types import TERMINAL_STATUSES
from quintet.core.sse.event import ServerSentEvent
from quintet.errors import QuintetError

if TYPE_CHECKING:
    from quintet.core.response import Response

EXECUTION_ENDS = frozenset(f"execution:{status}" for status in TERMINAL_STATUSES)
MESSAGE_ENDS = frozenset({"message:completed", "message:failed"})
FAILURES = frozenset({"execution:failed", "execution:cancelled", "message:failed"})
GREETING = "connected"

_UNNAMED = "message"
# Names that the service uses inside, and that have been seen outside.
_INTERNAL = {
    "thread:message:start": "message:started",
    "thread:message:token": "message:token",
    "thread:message:complete": "message:completed",
    "thread:message:error": "message:failed",
}
_MIRRORED: dict[str, tuple[tuple[str, str], ...]] = {
    "node:completed": (("output", "outputs"), ("duration", "duration_ms")),
    "execution:progress": (("percentage", "progress"),),
    "message:completed": (("content", "final_content"),),
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class StreamEvent(dict[str, Any]):
    """An event; ``id`` is its id in the stream, ``""`` if it has none."""

    __slots__ = ("id",)

    def __init__(self, fields: Mapping[str, Any], id: str) -> None:
        super().__init__(fields)
        self.id = id

    def __reduce__(self) -> tuple[Any, ...]:
        return (StreamEvent, (dict(self), self.id))


def decode(event: ServerSentEvent) -> StreamEvent:
    """Return an event as a dictionary with ``type`` and the documented names of its fields.

    Raises:
        FlowMaestroStreamError: Its data is no JSON object; an event is never dropped silently.
    """
    try:
        data = event.json()
    except QuintetError as error:
        raise _undecodable(error.message, event) from error
    if not isinstance(data, dict):
        raise _undecodable(
            f"expected a JSON object in the event {event.event[:80]!r}, got {type(data).__name__}",
            event,
        )
    found = StreamEvent(data, event.id)
    name = found.get("type")
    name = name if isinstance(name, str) and name else event.event
    found["type"] = kind = _INTERNAL.get(name, name)
    for key in data:
        if not key.islower():
            found.setdefault(_HUMP.sub("_", key).lower(), data[key])
    for one, other in _MIRRORED.get(kind, ()):
        mirror(found, one, other)
    return found


def kind_of(event: ServerSentEvent) -> str:
    """Return the type of an event, without parsing it if its name says it; never raises."""
    name = event.event
    if name != _UNNAMED:
        return _INTERNAL.get(name, name)
    try:
        data = event.json()
    except QuintetError:
        return name
    found = data.get("type") if isinstance(data, dict) else None
    return _INTERNAL.get(found, found) if isinstance(found, str) else name


def ends_execution(event: ServerSentEvent) -> bool:
    """Tell the last event of an execution."""
    return kind_of(event) in EXECUTION_ENDS


def ends_message(event: ServerSentEvent) -> bool:
    """Tell the last event of an answer."""
    return kind_of(event) in MESSAGE_ENDS


def is_greeting(event: ServerSentEvent) -> bool:
    """Tell the event that each connection begins with."""
    return kind_of(event) == GREETING


def end_of_execution(response: Response) -> list[ServerSentEvent] | None:
    """Return the event that would have ended the stream of an execution that has ended."""
    data = data_of(response)
    status = data.get("status")
    if status not in TERMINAL_STATUSES:
        return None
    names = ("status", "outputs", "error", "completed_at", "workflow_id", "duration_ms")
    fields = {name: data[name] for name in names if name in data}
    return [made(f"execution:{status}", {"execution_id": data.get("id"), **fields})]


def made(kind: str, fields: Mapping[str, Any]) -> ServerSentEvent:
    """Return an event of our making."""
    return ServerSentEvent(kind, json.dumps({"type": kind, **fields}))


def data_of(response: Response) -> dict[str, Any]:
    """Return what an answer's envelope holds, ``{}`` if that is no object."""
    try:
        answer = response.json()
    except QuintetError:
        return {}
    data = answer.get("data") if isinstance(answer, dict) else None
    return data if isinstance(data, dict) else {}


def _undecodable(message: str, event: ServerSentEvent) -> FlowMaestroStreamError:
    return FlowMaestroStreamError(message, last_event_id=event.id)
