"""Runs in the venv of the published packages: calls the `openai` client as told, line by line.

In: {"with": {constructor}, "is_async": bool, "method": "chat.completions.create", "kwargs": {},
     "leave_after": number of pieces after which to leave a stream, or null}
Out: {"event": …} for each piece of a stream, then {"value": …}
     or {"error": {class, bases, text, status, code, type, param, request_id}}
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import reduce
from typing import Any

import openai

_clients: dict[str, Any] = {}
_loop = asyncio.new_event_loop()


def client_of(order: dict[str, Any]) -> Any:
    """Return the client that an order describes; the same one for the same words."""
    described = json.dumps([order["with"], order["is_async"]], sort_keys=True)
    if described not in _clients:
        made = openai.AsyncOpenAI if order["is_async"] else openai.OpenAI
        _clients[described] = made(**order["with"])
    return _clients[described]


def answer(order: dict[str, Any]) -> Any:
    """Carry out one order."""
    method = reduce(getattr, order["method"].split("."), client_of(order))
    leave_after = order.get("leave_after")
    if order["is_async"]:
        return _loop.run_until_complete(call_async(method, order["kwargs"], leave_after))
    result = method(**order["kwargs"])
    if not isinstance(result, openai.Stream):
        return result.model_dump()
    with result:
        for count, piece in enumerate(result, 1):
            say({"event": piece.model_dump()})
            if count == leave_after:
                break
    return None


async def call_async(method: Any, kwargs: dict[str, Any], leave_after: int | None) -> Any:
    """The same for the asynchronous client."""
    result = await method(**kwargs)
    if not isinstance(result, openai.AsyncStream):
        return result.model_dump()
    async with result:
        count = 0
        async for piece in result:
            say({"event": piece.model_dump()})
            count += 1
            if count == leave_after:
                break
    return None


def describe(error: Exception) -> dict[str, Any]:
    """What the package's users look at."""
    names = {"status": "status_code", "code": "code", "type": "type", "param": "param"}
    return {
        "class": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "text": str(error),
        "request_id": getattr(error, "request_id", None),
        **{name: getattr(error, attribute, None) for name, attribute in names.items()},
    }


def say(reply: dict[str, Any]) -> None:
    """Answer one line."""
    print(json.dumps(reply), flush=True)


for line in sys.stdin:
    try:
        say({"value": answer(json.loads(line))})
    except Exception as error:
        say({"error": describe(error)})
