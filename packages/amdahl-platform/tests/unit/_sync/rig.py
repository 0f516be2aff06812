# Generated from tests/unit/_async/rig.py by tools/async_to_sync; edit the source and run scripts/fix.
"""A client on a script, and the shapes in which the service answers."""

from __future__ import annotations

import json
from typing import Any

from amdahl import AmdahlClient
from quintet.testing import FakeClock, ScriptedTransport, reply

KEY = "amdhl_0123456789abcdef0123456789abcdef0123456789abcdef"
ORIGIN = "https://amdahl.example"
BASE = ORIGIN + "/api/platform/v1"
SSE = {"Content-Type": "text/event-stream; charset=utf-8"}
HTML = (
    b"<!DOCTYPE html><html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
)


def client(*script: Any, **options: Any) -> tuple[AmdahlClient, ScriptedTransport]:
    transport = ScriptedTransport(script)
    options.setdefault("clock", FakeClock(randoms=[0.5]))
    return AmdahlClient(ORIGIN, KEY, transport=transport, **options), transport


def ok(body: Any, status: int = 200, **headers: str) -> Any:
    return reply(status, json=body, headers=headers)


def refused(status: int, code: str, message: str = "no", headers: Any = (), **beside: Any) -> Any:
    details = beside.pop("details", None)
    error = {"code": code, "message": message, **({"details": details} if details else {})}
    return reply(status, json={"error": error, **beside}, headers=headers)


def page_of(items: list[Any], **more: Any) -> Any:
    return ok({"items": items, **more})


def run(status: str, **more: Any) -> dict[str, Any]:
    return {
        "session_id": "as_1",
        "status": status,
        "pending_input": None,
        "result": None,
        "error": None,
        **more,
    }


def question(request_id: str = "pi_1", **schema: Any) -> dict[str, Any]:
    properties = {"approved": {"type": "boolean"}}
    return {
        "request_id": request_id,
        "type": "approval",
        "context": {"question": "Is this outline right?"},
        "schema": schema or {"type": "object", "properties": properties},
    }


def frame(kind: str, seq: int, data: Any = None) -> bytes:
    body = json.dumps({"type": kind, "seq": seq, "session_id": "as_1", "data": data or {}})
    return f"id: {seq}\nevent: {kind}\ndata: {body}\n\n".encode()


def stream(*chunks: Any) -> Any:
    return reply(200, chunks=chunks, headers=SSE)


def sent(transport: ScriptedTransport, index: int = -1) -> tuple[str, str, Any]:
    """Method, URL below the base, and body of a request."""
    request, body = transport.requests[index], transport.bodies[index]
    assert request.url.startswith(BASE)
    return request.method, request.url.removeprefix(BASE), json.loads(body) if body else None


def header(transport: ScriptedTransport, name: str, index: int = -1) -> str | None:
    values = [v for key, v in transport.requests[index].headers if key.lower() == name.lower()]
    assert len(values) <= 1, f"{name} was sent twice"
    return values[0] if values else None
