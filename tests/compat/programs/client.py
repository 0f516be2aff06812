"""Runs in the published package's venv: calls its client as told, one JSON line per call.

In: {"do": "call", "client": {constructor arguments}, "method": name, "args": [], "kwargs": {}}
    {"do": "verify", ...arguments of verify_webhook, payload as text}
Out: {"value": …} or {"error": {class, bases, code, message, request_id, status_code, …}}
"""

from __future__ import annotations

import json
import sys
from typing import Any

from zeridion_flare import FlareClient, verify_webhook

_clients: dict[str, FlareClient] = {}


def answer(order: dict[str, Any]) -> Any:
    """Carry out one order."""
    if order.pop("do") == "verify":
        payload = order.pop("payload").encode()
        return verify_webhook(payload, **order)
    made = json.dumps(order["client"], sort_keys=True)
    client = _clients.setdefault(made, FlareClient(**order["client"]))
    return getattr(client, order["method"])(*order["args"], **order["kwargs"])


def describe(error: Exception) -> dict[str, Any]:
    """Everything the package's users can see of an error."""
    return {
        "class": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "text": str(error),
        **{name: value for name, value in vars(error).items() if not name.startswith("_")},
    }


for line in sys.stdin:
    try:
        reply = {"value": answer(json.loads(line))}
    except Exception as error:
        reply = {"error": describe(error)}
    print(json.dumps(reply), flush=True)
