"""Amdahl, described to the contract checks."""

from __future__ import annotations

from typing import Any

from amdahl import AmdahlClient, AmdahlError
from amdahl.aio import AsyncAmdahlClient
from quintet.testing import reply
from quintet.testing.contract import Adaptor, Call, StreamCall

KEY = "amdhl_0123456789abcdef0123456789abcdef0123456789abcdef"
STATUS: dict[str, Any] = {
    "session_id": "as_1",
    "profile_id": "researcher",
    "status": "running",
    "pending_input": None,
    "result": None,
    "error": None,
}
EVENTS = (
    b'id: 1\nevent: session.started\ndata: {"type":"session.started","seq":1,"data":{}}\n\n'
    b": ping\n\n"
    b'id: 2\nevent: message.delta\ndata: {"type":"message.delta","seq":2,"data":{"text":"Hi"}}\n\n'
    b'id: 3\nevent: session.completed\ndata: {"type":"session.completed","seq":3,"data":{}}\n\n'
)


def adaptor(client: Any, blocking: bool) -> Adaptor:
    def make(**options: Any) -> Any:
        return client("https://amdahl.example", KEY, **options)

    return Adaptor(
        name="amdahl",
        blocking=blocking,
        make=make,
        error=AmdahlError,
        key=KEY,
        read=Call(lambda am: am.agents.status("as_1"), reply(200, json=STATUS)),
        write=Call(
            lambda am: am.agents.start("researcher", "Look around"),
            reply(202, json={"success": True, "session_id": "as_1", "status": "queued"}),
        ),
        unsafe=Call(lambda am: am.post("/enrich", {"domain": "a.example"}), reply(200, json={})),
        stream=StreamCall(lambda am: am.agents.stream("as_1"), EVENTS, ("1", "2", "3")),
        retried=(429, 500, 502, 503),
        given_up=(400, 401, 403, 404, 408, 409, 410, 413, 422, 501, 504),
    )


ADAPTORS = [adaptor(AmdahlClient, True), adaptor(AsyncAmdahlClient, False)]
