"""What the events of a streamed chat mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aerostack import _wire as wire
from aerostack._answers import read_answer
from aerostack._service import IDLE_TIMEOUT
from aerostack.errors import ResponseValidationError, from_event
from quintet.core.sse.event import ServerSentEvent
from quintet.core.sse.fallbacks import Fallbacks
from quintet.core.sse.session import EventRules
from quintet.core.unsaid import answered
from quintet.service_errors import placed

if TYPE_CHECKING:
    from aerostack.errors import SDKBaseError
    from aerostack.models import ChatChunk
    from quintet.core.response import Response

__all__ = ["INSTEAD", "RULES", "chunk_of", "is_end"]

DONE = "[DONE]"


def is_end(event: ServerSentEvent) -> bool:
    """Tell the event after which nothing comes."""
    return event.data == DONE


def to_error(event: ServerSentEvent) -> SDKBaseError | None:
    """Return the error that an event reports: the service can fail when half is said."""
    if event.event != "error" and '"choices"' in event.data:
        return None
    if event.data == DONE:
        return None
    return from_event(event.data)


# Asking again would be another answer, and another bill: a stream that broke stays broken.
RULES = EventRules(
    is_terminal=is_end, to_error=to_error, idle_timeout=IDLE_TIMEOUT, max_reconnects=0
)


def in_one_piece(response: Response) -> list[ServerSentEvent]:
    """Return the chunks of an answer that came whole, from a service that cannot stream.

    Raises:
        ResponseValidationError: It is no answer to a chat.
    """
    answer = read_answer(wire.AI_CHAT, response)
    choices = answer.choices or []
    chunk = {
        **answer.model_dump(mode="json", exclude={"response", "choices"}),
        "choices": [
            {
                "index": 0,
                "delta": {"role": "assistant", "content": answer.response},
                "finish_reason": choices[0].finish_reason if choices else None,
            }
        ],
    }
    return [ServerSentEvent(data=json.dumps(chunk)), ServerSentEvent(data=DONE)]


INSTEAD = Fallbacks(answered=in_one_piece)


def chunk_of(event: ServerSentEvent, head: Response | None) -> ChatChunk:
    """Return the chunk that an event brings.

    Args:
        head: Of the answer that brought it.

    Raises:
        ResponseValidationError: It is no JSON, or not of the documented shape.
    """
    from pydantic import ValidationError

    from aerostack.models import ChatChunk

    try:
        return ChatChunk.model_validate(json.loads(event.data))
    except ValidationError as error:
        # Not ``problems``: a chunk has one shape, and the cause names what does not fit.
        raise _not_a_chunk("as documented", head) from error
    except (ValueError, RecursionError) as error:
        raise _not_a_chunk("JSON", head) from error


def _not_a_chunk(what: str, head: Response | None) -> ResponseValidationError:
    said = f"{wire.AI_CHAT.operation.name}: a chunk of the stream is not {what}"
    if head is None:
        return ResponseValidationError(said, status_code=200)
    return placed(ResponseValidationError(f"{said} ({answered(head)})"), head)
