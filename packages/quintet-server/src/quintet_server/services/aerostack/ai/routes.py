"""`POST /ai/chat`: an answer in the older shape and in the newer one, or as a stream."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from quintet_server.services.aerostack.ai.answering import Answer, streamed, whole
from quintet_server.services.aerostack.ai.completions import completion
from quintet_server.services.aerostack.ai.conversation import ChatBody, chat_request
from quintet_server.services.aerostack.context import Call
from quintet_server.services.aerostack.endpoints import Endpoint
from quintet_server.services.aerostack.wire import ok

__all__ = ["ENDPOINTS", "ChatAnswer"]


class ChatAnswer(BaseModel):
    """The older shape's text, and OpenAI's shape beside it."""

    response: str
    id: str
    object: str
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, int]


async def ai_chat(call: Call, body: ChatBody) -> Response:
    """Answer a conversation with the server's language model."""
    answer = Answer(
        call.parts.chat,
        chat_request(body),
        is_forced_call=body.is_forced_call,
        wants_usage=body.wants_usage,
    )
    if body.stream:
        return await streamed(call.request, answer)
    end = await whole(call.request, answer)
    return ok({"response": end.text, **completion(end, int(call.parts.clock.now()))})


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/ai/chat",
        handler=ai_chat,
        operation_id="aiChat",
        summary="Generate AI chat completion",
        scope="ai:chat",
        request=ChatBody,
        response=ChatAnswer,
        description="With `stream: true` the answer is `text/event-stream`, ended by `[DONE]`.",
    ),
)
