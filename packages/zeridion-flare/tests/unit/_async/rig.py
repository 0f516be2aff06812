"""A client on a script, and what it sent."""

from __future__ import annotations

import json
from typing import Any

from quintet.testing import AsyncScriptedTransport, FakeClock
from zeridion_flare import (
    AsyncFlareClient,
)

KEY = "zf_test_sk_0123456789abcdef0123456789abcdef"
JOB = {"id": "job_1", "state": "pending", "job_type": "T", "queue": "default"}


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "no", "request_id": "req_body", **more}}


def client(*script: Any, **options: Any) -> tuple[AsyncFlareClient, AsyncScriptedTransport]:
    transport = AsyncScriptedTransport(script)
    options.setdefault("clock", FakeClock())
    return AsyncFlareClient(KEY, transport=transport, **options), transport


def header(transport: AsyncScriptedTransport, name: str, index: int = -1) -> str | None:
    pairs = {key.lower(): value for key, value in transport.requests[index].headers}
    return pairs.get(name.lower())


def body(transport: AsyncScriptedTransport, index: int = -1) -> Any:
    return json.loads(transport.bodies[index])
