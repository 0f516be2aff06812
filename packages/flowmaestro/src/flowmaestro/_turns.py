"""What is known of one answer while it is written, and how to tell its end by other means.

A message must not be sent twice, so a stream that breaks is taken up again by reading the thread's
events, which may show again what was seen; and if that fails too, by looking for the finished
message. Services without streams answer with the whole message: it then comes as one token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flowmaestro._events import data_of, made
from flowmaestro._shapes import lift_message, messages_of
from flowmaestro.errors import DecodeError, adopt
from quintet.core.sse.fallbacks import Detour
from quintet.core.unsaid import answered
from quintet.errors import QuintetError
from quintet.service_errors import placed

if TYPE_CHECKING:
    from quintet.core.attempts import Plan
    from quintet.core.response import Response
    from quintet.core.sse.event import ServerSentEvent
    from quintet.core.sse.fallbacks import Reading

PER_PAGE = 100


class Turn:
    """One answer of an agent.

    Args:
        thread_id: Its thread.
        message_id: Its message, if that is known beforehand.
    """

    def __init__(self, thread_id: str, message_id: str | None = None) -> None:
        self.thread_id = thread_id
        self.message_id = message_id
        self._started = False
        self._sequence = 0
        self._text: list[str] = []

    def note(self, event: Mapping[str, Any]) -> bool:
        """Take in an event; return False if it says again what was said before."""
        message_id = event.get("message_id")
        if isinstance(message_id, str) and message_id:
            self.message_id = message_id
        kind = event["type"]
        if kind == "message:started":
            repeated, self._started = self._started, True
            return not repeated
        if kind != "message:token":
            return True
        number = event.get("sequence")
        if isinstance(number, int):
            if number <= self._sequence:
                return False
            self._sequence = number
        self._text.append(str(event.get("token") or ""))
        return True

    def read_first(self, response: Response) -> Reading:
        """Read an answer that came instead of the stream: the whole message, or where it will be.

        Raises:
            DecodeError: It is no answer of this service.
        """
        data = data_of(response)
        if not data:
            try:
                response.json()
            except QuintetError as error:
                raise adopt(error) from error.__cause__
            said = "expected a message or an event stream, got other JSON"
            raise placed(DecodeError(f"{said} ({answered(response)})"), response)
        lift_message(data)
        if isinstance(data.get("content"), str):
            return self._whole(data)
        self.note({"type": "", "message_id": data.get("message_id")})
        return None

    def reader_of_messages(self, page: Callable[[int], Plan]) -> Callable[[Response], Reading]:
        """Return what finds this answer among the messages, on the first page or on the last."""

        def read(response: Response) -> Reading:
            found, last = self._search(response)
            if found is not None or last == 1:
                return found
            return Detour(page(last), lambda other: self._search(other)[0])

        return read

    def _search(self, response: Response) -> tuple[list[ServerSentEvent] | None, int]:
        """Return the rest of this answer's events, if it is on this page, and the last page."""
        try:
            answer = response.json()
        except QuintetError:
            return None, 1
        if not isinstance(answer, dict) or not messages_of(answer):
            return None, 1
        for message in answer["data"]:
            if (
                isinstance(message, dict)
                and message.get("id") == self.message_id
                and message.get("role") == "assistant"
            ):
                return self._whole(message), 1
        pagination = answer.get("pagination")
        last = pagination.get("total_pages") if isinstance(pagination, dict) else None
        return None, last if isinstance(last, int) and last > 1 else 1

    def _whole(self, message: Mapping[str, Any]) -> list[ServerSentEvent]:
        """Return what is still missing of the events of a finished message."""
        content = message.get("content")
        content = content if isinstance(content, str) else ""
        message_id = message.get("id") or self.message_id
        place = {"thread_id": self.thread_id, "message_id": message_id}
        events = []
        if not self._started:
            events.append(made("message:started", {**place, "role": "assistant"}))
        seen = "".join(self._text)
        rest = content[len(seen) :] if content.startswith(seen) else ""
        if rest:
            token = {"token": rest, "sequence": self._sequence + 1}
            events.append(made("message:token", {**place, **token}))
        known = ("usage", "tool_calls", "created_at", "status")
        facts = {name: message[name] for name in known if message.get(name) is not None}
        events.append(made("message:completed", {**place, "content": content, **facts}))
        return events
