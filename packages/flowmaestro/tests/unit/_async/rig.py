"""A client on a script, and the shapes in which the service answers."""

from __future__ import annotations

import json
from typing import Any

from flowmaestro import AsyncFlowMaestroClient
from quintet.testing import AsyncScriptedTransport, FakeClock, reply

KEY = "fm_live_0123456789abcdefghijABCDEFGHIJ01"
BASE = "https://api.flowmaestro.io/api/v1"
SSE = {"Content-Type": "text/event-stream"}


def client(*script: Any, **options: Any) -> tuple[AsyncFlowMaestroClient, AsyncScriptedTransport]:
    transport = AsyncScriptedTransport(script)
    options.setdefault("clock", FakeClock(randoms=[0.5]))
    return AsyncFlowMaestroClient(KEY, transport=transport, **options), transport


def ok(data: Any, status: int = 200, **more: Any) -> Any:
    meta = {"request_id": "req_body", "timestamp": "2024-01-15T10:30:00.000Z"}
    return reply(status, json={"data": data, "meta": meta, **more})


def pagination(page: int, per_page: int, total: int) -> dict[str, Any]:
    pages = -(-total // per_page)
    return {
        "page": page,
        "per_page": per_page,
        "total_count": total,
        "total_pages": pages,
        "has_next": page < pages,
        "has_prev": page > 1,
        "has_more": page < pages,
    }


def page_of(items: list[Any], number: int = 1, per_page: int = 20, total: int = 1) -> Any:
    return ok(items, pagination=pagination(number, per_page, total))


def refused(status: int, code: str, message: str = "no", headers: Any = (), **more: Any) -> Any:
    error = {"code": code, "message": message, **more}
    body = {"error": error, "meta": {"request_id": "req_body"}}
    return reply(status, json=body, headers=headers)


def frames(*events: Any) -> bytes:
    """Each event is (type, fields) or (type, fields, id)."""
    text = ""
    for kind, fields, *rest in events:
        text += f"id: {rest[0]}\n" if rest else ""
        text += f"event: {kind}\ndata: {json.dumps(fields)}\n\n"
    return text.encode()


def stream(*chunks: Any) -> Any:
    return reply(200, chunks=chunks, headers=SSE)


def sent(transport: AsyncScriptedTransport, index: int = -1) -> tuple[str, str, Any]:
    """Method, URL below the prefix, and body of a request."""
    request, body = transport.requests[index], transport.bodies[index]
    assert request.url.startswith(BASE)
    return request.method, request.url.removeprefix(BASE), json.loads(body) if body else None


def header(transport: AsyncScriptedTransport, name: str, index: int = -1) -> str | None:
    values = [v for key, v in transport.requests[index].headers if key.lower() == name.lower()]
    assert len(values) <= 1, f"{name} was sent twice"
    return values[0] if values else None
