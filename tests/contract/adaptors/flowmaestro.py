"""FlowMaestro, described to the contract checks."""

from __future__ import annotations

from typing import Any

from flowmaestro import AsyncFlowMaestroClient, FlowMaestroClient
from flowmaestro.errors import FlowMaestroError
from quintet.testing import reply
from quintet.testing.contract import Adaptor, Call, StreamCall

KEY = "fm_live_0123456789abcdefghijABCDEFGHIJ01"
META = {"request_id": "req_1", "timestamp": "2026-01-01T00:00:00.000Z"}
EXECUTION: dict[str, Any] = {
    "id": "exec_1",
    "workflow_id": "wf_1",
    "status": "running",
    "inputs": {},
    "outputs": None,
    "error": None,
}
ANSWER: dict[str, Any] = {
    "id": "msg_2",
    "thread_id": "thread_1",
    "role": "assistant",
    "content": "Hello.",
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}
EVENTS = (
    b'id: 1\nevent: execution:started\ndata: {"execution_id": "exec_1"}\n\n'
    b": keepalive\n\n"
    b'id: 2\nevent: node:started\ndata: {"type": "node:started", "node_id": "in"}\n\n'
    b'id: 3\nevent: execution:completed\ndata: {"outputs": {"answer": 42}}\n\n'
)


def data(value: dict[str, Any]) -> dict[str, Any]:
    return {"data": value, "meta": META}


def adaptor(client: Any, blocking: bool) -> Adaptor:
    def make(**options: Any) -> Any:
        return client(api_key=KEY, base_url="https://flowmaestro.example", **options)

    return Adaptor(
        name="flowmaestro",
        blocking=blocking,
        make=make,
        error=FlowMaestroError,
        key=KEY,
        read=Call(lambda fm: fm.executions.get("exec_1"), reply(200, json=data(EXECUTION))),
        write=Call(
            lambda fm: fm.workflows.execute("wf_1", inputs={"name": "World"}),
            reply(202, json=data({"execution_id": "exec_1", "status": "pending"})),
        ),
        unsafe=Call(
            lambda fm: fm.threads.send_message("thread_1", "Hi"), reply(200, json=data(ANSWER))
        ),
        stream=StreamCall(lambda fm: fm.executions.stream("exec_1"), EVENTS, ("1", "2", "3")),
        retried=(408, 425, 429, 500, 502, 503, 504),
        given_up=(400, 401, 403, 404, 409, 413, 422, 501),
    )


ADAPTORS = [adaptor(FlowMaestroClient, True), adaptor(AsyncFlowMaestroClient, False)]
