"""Runs in the venv of the published packages: calls the `aerostack` client as told, line by line.

In: {"with": {constructor}, "is_async": bool, "method": "cache.cache_get", "request": {},
     "content": base64 of a file's bytes or null, "path": name of a file to open or null,
     "retries": {"initial", "max", "exponent", "elapsed", "connection"} or null}
Out: {"value": {"class", and the fields as JSON}}
     or {"error": {class, bases, text, message, status, code, details, body}}
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Any

from aerostack import SDK
from aerostack.utils import BackoffStrategy, RetryConfig

_clients: dict[str, Any] = {}
_loop = asyncio.new_event_loop()


def client_of(order: dict[str, Any]) -> Any:
    """Return the client that an order describes; the same one for the same words."""
    described = json.dumps(order["with"], sort_keys=True)
    if described not in _clients:
        _clients[described] = SDK(**order["with"])
    return _clients[described]


def options_of(order: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call beside its request."""
    told = order["retries"]
    if told is None:
        return {}
    waits = (told["initial"], told["max"], told["exponent"], told["elapsed"])
    return {"retries": RetryConfig("backoff", BackoffStrategy(*waits), told["connection"])}


def answer(order: dict[str, Any]) -> Any:
    """Carry out one order."""
    request = order["request"]
    if order["content"] is not None:
        request["file"]["content"] = base64.b64decode(order["content"])
    if order["path"] is None:
        return call(order, request)
    with Path(order["path"]).open("rb") as file:
        request["file"]["content"] = file
        return call(order, request)


def call(order: dict[str, Any], request: dict[str, Any]) -> Any:
    """Call the method in its blocking form, or in the other."""
    name = order["method"] + ("_async" if order["is_async"] else "")
    method = reduce(getattr, name.split("."), client_of(order))
    result = method(request=request, **options_of(order))
    if order["is_async"]:
        result = _loop.run_until_complete(result)
    return {"class": type(result).__name__, **shown(result)}


def shown(value: Any) -> Any:
    """Return what the package's users read from an answer, by the names they use."""
    fields = getattr(type(value), "model_fields", None)
    if fields is not None:
        return {name: shown(getattr(value, name)) for name in fields}
    return value.isoformat() if isinstance(value, datetime) else value


def describe(error: Exception) -> dict[str, Any]:
    """What the package's users look at."""
    data = getattr(error, "data", None)
    return {
        "class": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "text": str(error),
        "message": getattr(error, "message", None),
        "status": getattr(error, "status_code", None),
        "body": getattr(error, "body", None),
        "code": None if data is None else data.code.value,
        "details": None if data is None else data.details,
    }


def say(reply: dict[str, Any]) -> None:
    """Answer one line."""
    print(json.dumps(reply), flush=True)


for line in sys.stdin:
    try:
        say({"value": answer(json.loads(line))})
    except Exception as error:
        say({"error": describe(error)})
