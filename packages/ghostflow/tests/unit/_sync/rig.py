# Generated from tests/unit/_async/rig.py by tools/async_to_sync; edit the source and run scripts/fix.
"""A client on a script, and the shapes in which the service answers."""

from __future__ import annotations

import json
from typing import Any

from ghostflow import GhostFlowClient
from quintet.testing import FakeClock, ScriptedTransport, reply

KEY = "gf_0123456789abcdefghijABCDEFGHIJ0123456789abc"
BASE = "https://track.example/ghostflow/api/v1"
VENDOR = "https://devcore.getghostflow.io/api/v1"
ID = "019d8e2f-5a3b-7c4d-8e6f-0123456789ab"
NOW = 1_700_000_000.0
LIMITS = {
    "X-RateLimit-Limit": "120",
    "X-RateLimit-Remaining": "119",
    "X-RateLimit-Reset": "1700000001",
}


def client(*script: Any, **options: Any) -> tuple[GhostFlowClient, ScriptedTransport]:
    """A client of a server of one's own."""
    transport = ScriptedTransport(script)
    options.setdefault("clock", FakeClock(randoms=[0.5]))
    options.setdefault("base_url", BASE)
    return GhostFlowClient(KEY, transport=transport, **options), transport


def hosted(*script: Any, **options: Any) -> tuple[GhostFlowClient, ScriptedTransport]:
    """A client of the hosted service."""
    return client(*script, base_url=VENDOR, **options)


def ok(body: Any, status: int = 200, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return reply(status, json=body, headers={**LIMITS, **named})


def written(body: str, status: int = 200, **headers: str) -> Any:
    """An answer whose JSON is written out, digit for digit."""
    kind = {"Content-Type": "application/json"}
    return reply(status, body=body.encode(), headers={**kind, **LIMITS, **headers})


def refused(status: int, code: str, message: str = "no", headers: Any = (), **beside: Any) -> Any:
    body = {"code": code, "message": message, "requestId": "req_body", **beside}
    return reply(status, json=body, headers={**LIMITS, **dict(headers)})


def sent(transport: ScriptedTransport, index: int = -1) -> tuple[str, str, Any]:
    """Method, URL below the base, and body of a request."""
    request, body = transport.requests[index], transport.bodies[index]
    for base in (BASE, VENDOR):
        if request.url.startswith(base):
            return request.method, request.url.removeprefix(base), json.loads(body or "null")
    raise AssertionError(f"{request.url} is not below the base URL")


def header(transport: ScriptedTransport, name: str, index: int = -1) -> str | None:
    values = [v for key, v in transport.requests[index].headers if key.lower() == name.lower()]
    assert len(values) <= 1, f"{name} was sent twice"
    return values[0] if values else None
