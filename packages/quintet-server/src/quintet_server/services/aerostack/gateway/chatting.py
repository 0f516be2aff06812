"""`POST …/chat/completions`: OpenAI's protocol, paid from a wallet; and the models there are."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.body import read_body
from quintet_server.services.aerostack.ai.answering import Answer, streamed, whole
from quintet_server.services.aerostack.ai.completions import completion
from quintet_server.services.aerostack.ai.conversation import ChatBody, chat_request
from quintet_server.services.aerostack.context import parts_of
from quintet_server.services.aerostack.endpoints import read_model
from quintet_server.services.aerostack.errors import not_found
from quintet_server.services.aerostack.gateway.charging import Bill, open_bill
from quintet_server.services.aerostack.gateway.serving import called, paid_by
from quintet_server.services.aerostack.wire import ok

__all__ = ["chat_completions", "get_model", "list_models"]

# Sent with an answer once the month's use has reached the soft limit.
_SOFT_LIMIT = "X-Aerostack-Soft-Limit"


async def chat_completions(request: Request) -> Response:
    """Answer a conversation, whole or as a stream; the wallet pays for its tokens."""
    parts = parts_of(request)
    caller = await called(request)
    raw = await read_body(request, max_bytes=parts.settings.body_max_bytes)
    body = read_model(ChatBody, raw)
    async with parts.db.connection() as conn:
        paid = await paid_by(conn, caller, request.path_params["slug"])
        spec = paid.api.spec
        asked = chat_request(body, model=spec.model, system_prompt=spec.system_prompt)
        bill = await open_bill(parts, conn, paid.api, paid.wallet, asked, request.state.request_id)
    answer = Answer(
        parts.chat,
        bill.request,
        is_forced_call=body.is_forced_call,
        wants_usage=body.wants_usage,
        settle=bill.settle,
        headers=_headers(bill),
    )
    if body.stream:
        return await streamed(request, answer)
    end = await whole(request, answer)
    response = ok(completion(end, int(parts.clock.now())))
    response.headers.update(answer.headers)
    return response


def _headers(bill: Bill) -> dict[str, str]:
    return {_SOFT_LIMIT: "reached"} if bill.is_soft else {}


async def list_models(request: Request) -> Response:
    """The models that can be named; of an API with a model of its own, that one."""
    return ok({"object": "list", "data": await _models(request)})


async def get_model(request: Request) -> Response:
    """One of them."""
    wanted = request.path_params["model"]
    for model in await _models(request):
        if model["id"] == wanted:
            return ok(model)
    raise not_found(f"There is no model {wanted!r}", "MODEL_NOT_FOUND")


async def _models(request: Request) -> list[dict[str, object]]:
    parts = parts_of(request)
    caller = await called(request)
    async with parts.db.connection() as conn:
        api = await caller.api(conn, request.path_params["slug"])
    fixed = api.spec.model
    known = await parts.chat.models()
    owners = {one.name: one.provider for one in known}
    names = [fixed] if fixed is not None else list(owners)
    return [
        {
            "id": name,
            "object": "model",
            "created": 0,  # nobody knows when a model was made
            "owned_by": owners.get(name, "aerostack"),
        }
        for name in names
    ]
