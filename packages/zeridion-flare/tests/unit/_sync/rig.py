# Generated from tests/unit/_async/rig.py by tools/async_to_sync; edit the source and run scripts/fix.
"""A client on a script, and what it sent."""

from __future__ import annotations

import json
from typing import Any

from quintet.testing import FakeClock, ScriptedTransport
from zeridion_flare import (
    FlareClient,
)

KEY = "zf_test_sk_0123456789abcdef0123456789abcdef"
JOB = {"id": "job_1", "state": "pending", "job_type": "T", "queue": "default"}


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "no", "request_id": "req_body", **more}}


def client(*script: Any, **options: Any) -> tuple[FlareClient, ScriptedTransport]:
    transport = ScriptedTransport(script)
    options.setdefault("clock", FakeClock())
    return FlareClient(KEY, transport=transport, **options), transport


def header(transport: ScriptedTransport, name: str, index: int = -1) -> str | None:
    pairs = {key.lower(): value for key, value in transport.requests[index].headers}
    return pairs.get(name.lower())


def body(transport: ScriptedTransport, index: int = -1) -> Any:
    return json.loads(transport.bodies[index])
