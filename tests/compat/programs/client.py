"""Runs in the venv of the published packages: makes clients and calls them as told, line by line.

In: {"client": "package.Class", "with": {constructor}, "method": "resource.method", "args": [],
     "kwargs": {}, "until": type of the event to leave a stream after, or null}
    {"function": "package.name", "kwargs": {}, "bytes": names of arguments given as text}
Out: {"event": …} for each event of a stream, then {"value": …}
     or {"error": {class, bases, text, and every public attribute}}
Awaitables and asynchronous streams run on one event loop, which lasts as long as the process.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import sys
from functools import reduce
from typing import Any

_clients: dict[str, Any] = {}
_loop = asyncio.new_event_loop()


def named(name: str) -> Any:
    """Import what a dotted name names."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def client_of(order: dict[str, Any]) -> Any:
    """Return the client that an order describes; the same one for the same words."""
    described = json.dumps([order["client"], order["with"]], sort_keys=True)
    if described not in _clients:
        _clients[described] = named(order["client"])(**order["with"])
    return _clients[described]


def answer(order: dict[str, Any]) -> Any:
    """Carry out one order."""
    if "function" in order:
        given = order["kwargs"]
        texts = {name: given[name].encode() for name in order["bytes"]}
        return named(order["function"])(**{**given, **texts})
    method = reduce(getattr, order["method"].split("."), client_of(order))
    result = method(*order["args"], **order["kwargs"])
    if inspect.isgenerator(result):
        return tell(result, order["until"])
    if inspect.isasyncgen(result):
        return _loop.run_until_complete(tell_async(result, order["until"]))
    return _loop.run_until_complete(result) if inspect.isawaitable(result) else result


def tell(events: Any, until: str | None) -> None:
    """Pass every event on as it comes."""
    for event in events:
        say({"event": event})
        if until is not None and event.get("type") == until:
            break
    events.close()


async def tell_async(events: Any, until: str | None) -> None:
    """Pass every event on as it comes."""
    async for event in events:
        say({"event": event})
        if until is not None and event.get("type") == until:
            break
    await events.aclose()


def describe(error: Exception) -> dict[str, Any]:
    """Everything the package's users can see of an error."""
    return {
        "class": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "text": str(error),
        **{name: value for name, value in vars(error).items() if not name.startswith("_")},
    }


def say(reply: dict[str, Any]) -> None:
    """Answer one line."""
    print(json.dumps(reply), flush=True)


for line in sys.stdin:
    try:
        say({"value": answer(json.loads(line))})
    except Exception as error:
        say({"error": describe(error)})
