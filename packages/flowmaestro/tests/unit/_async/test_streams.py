"""Streams of an execution: what events say, where they end, what happens when they break."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from flowmaestro import (
    AsyncEventStream,
    AuthenticationError,
    FlowMaestroStreamError,
    MisuseError,
    NotFoundError,
    StreamIdleError,
)
from quintet.errors import ConnectionFailure, TimeoutFailure

from .rig import KEY, client, frames, header, ok, refused, reply, sent, stream

DROP = ConnectionFailure("the peer is gone", progress=2)
CONNECTED = ("connected", {"execution_id": "exec_1", "status": "running"})
STARTED = ("execution:started", {"execution_id": "exec_1"}, 1)
NODE = ("node:started", {"type": "node:started", "node_id": "in"}, 2)
COMPLETED = ("execution:completed", {"outputs": {"a": 1}}, 3)
RUNNING = ok({"id": "exec_1", "status": "running", "outputs": None, "error": None})


async def kinds(events: AsyncEventStream[Any]) -> list[str]:
    return [event["type"] async for event in events]


async def test_stream_yields_dictionaries_until_the_last_event() -> None:
    fm, transport = client(stream(frames(CONNECTED, STARTED, NODE, COMPLETED)))
    events = fm.executions.stream("exec_1")
    assert not transport.requests
    seen = [event async for event in events]
    assert sent(transport) == ("GET", "/executions/exec_1/events", None)
    assert header(transport, "Accept") == "text/event-stream"
    assert header(transport, "Authorization") == f"Bearer {KEY}"
    assert [event["type"] for event in seen] == [
        "connected",
        "execution:started",
        "node:started",
        "execution:completed",
    ]
    assert seen[2] == {"type": "node:started", "node_id": "in"}
    assert json.loads(json.dumps(seen[3])) == {
        "type": "execution:completed",
        "outputs": {"a": 1},
    }
    assert events.final is seen[-1]
    assert not events.failed
    assert events.last_event_id == "3"
    assert transport.open_exchanges == 0


async def test_events_keep_their_id_through_copies() -> None:
    fm, _ = client(stream(frames(STARTED, COMPLETED)))
    first, last = [event async for event in fm.executions.stream("exec_1")]
    for event, id in ((first, "1"), (last, "3")):
        for other in (event, copy.copy(event), pickle.loads(pickle.dumps(event))):
            assert getattr(other, "id", None) == id


@pytest.mark.parametrize("kind", ["execution:failed", "execution:cancelled"])
async def test_failure_ends_the_stream_and_can_be_told(kind: str) -> None:
    fm, _ = client(stream(frames(STARTED, (kind, {"error": "no"}, 2), ("node:started", {}, 3))))
    events = fm.executions.stream("exec_1")
    assert await kinds(events) == ["execution:started", kind]
    assert events.failed


async def test_type_within_the_data_ends_a_stream_without_event_names() -> None:
    text = b'data: {"type": "execution:started"}\n\ndata: {"type": "execution:completed"}\n\n'
    fm, _ = client(stream(text, AssertionError("read past the end")))
    assert await kinds(fm.executions.stream("exec_1")) == [
        "execution:started",
        "execution:completed",
    ]


async def test_fields_have_all_their_documented_names() -> None:
    live = {"executionId": "e", "nodeId": "n", "nodeName": "N", "nodeType": "llm"}
    fm, _ = client(
        stream(
            frames(
                ("node:started", live),
                ("node:completed", {**live, "output": 1, "duration": 5}),
                ("execution:progress", {"percentage": 50, "nodeId": "x", "node_id": "kept"}),
                ("execution:failed", {"failedNodeId": "n"}),
            )
        )
    )
    started, completed, progress, failed = [e async for e in fm.executions.stream("exec_1")]
    assert (started["execution_id"], started["node_id"], started["node_name"]) == ("e", "n", "N")
    assert started["nodeType"] == started["node_type"] == "llm"
    assert (completed["outputs"], completed["duration_ms"]) == (1, 5)
    assert (progress["progress"], progress["node_id"]) == (50, "kept")
    assert failed["failed_node_id"] == "n"


async def test_stream_goes_on_where_it_broke_and_shows_nothing_twice() -> None:
    fm, transport = client(
        stream(frames(CONNECTED, STARTED, NODE), DROP),
        stream(frames(CONNECTED, STARTED, NODE, COMPLETED)),
    )
    assert await kinds(fm.executions.stream("exec_1")) == [
        "connected",
        "execution:started",
        "node:started",
        "execution:completed",
    ]
    assert header(transport, "Last-Event-ID", 0) is None
    assert header(transport, "Last-Event-ID", 1) == "2"


async def test_stream_begins_after_a_given_event() -> None:
    fm, transport = client(stream(frames(CONNECTED, STARTED, NODE, COMPLETED)))
    events = fm.executions.stream("exec_1", last_event_id="2")
    assert await kinds(events) == ["connected", "execution:completed"]
    assert header(transport, "Last-Event-ID") == "2"


async def test_stream_survives_a_restart_of_the_service() -> None:
    down = ConnectionFailure("connection refused", progress=0)
    fm, transport = client(
        stream(frames(STARTED), DROP),
        *[down] * 8,
        reply(503),
        reply(502),
        stream(frames(NODE, COMPLETED)),
        max_retries=3,
    )
    assert len(await kinds(fm.executions.stream("exec_1"))) == 3
    assert header(transport, "Last-Event-ID") == "1"


@pytest.mark.parametrize(
    ("status", "error"), [("completed", None), ("failed", "boom"), ("cancelled", None)]
)
async def test_end_is_made_from_the_execution_before_giving_up(
    status: str, error: str | None
) -> None:
    execution = {"id": "exec_1", "status": status, "outputs": {"a": 1}, "error": error}
    fm, transport = client(stream(frames(STARTED), DROP), *[stream(DROP)] * 5, ok(execution))
    events = fm.executions.stream("exec_1")
    assert await kinds(events) == ["execution:started", f"execution:{status}"]
    assert events.final == {
        "type": f"execution:{status}",
        "execution_id": "exec_1",
        "status": status,
        "outputs": {"a": 1},
        "error": error,
    }
    assert sent(transport) == ("GET", "/executions/exec_1", None)
    assert transport.open_exchanges == 0


@pytest.mark.parametrize("last", [RUNNING, reply(404), reply(200, body=b"no JSON"), DROP])
async def test_stream_of_a_running_execution_that_stays_broken_raises(last: Any) -> None:
    fm, transport = client(*[stream(frames(CONNECTED), DROP)] * 6, *[last] * 4)
    events = fm.executions.stream("exec_1")
    with pytest.raises(FlowMaestroStreamError, match="5 reconnects") as caught:
        await kinds(events)
    assert isinstance(caught.value.__cause__, ConnectionFailure)
    assert events.final is None
    assert transport.open_exchanges == 0


async def test_connection_that_only_greets_is_no_progress() -> None:
    fm, transport = client(*[stream(frames(CONNECTED))] * 6, RUNNING)
    seen = []
    with pytest.raises(FlowMaestroStreamError):
        async for event in fm.executions.stream("exec_1"):
            seen.append(event["type"])
    assert seen == ["connected"]
    assert len(transport.requests) == 7


async def test_silence_is_an_idle_error_and_a_timeout() -> None:
    silent = TimeoutFailure("timed out", phase="read", progress=2)
    fm, _ = client(*[stream(silent)] * 6, RUNNING)
    with pytest.raises(StreamIdleError, match="nothing arrived for 90 s") as caught:
        await kinds(fm.executions.stream("exec_1", idle_timeout=90))
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize("data", ["{", "[]", '"x"', "", "null"])
async def test_event_that_cannot_be_read_is_a_stream_error(data: str) -> None:
    text = f"id: 7\nevent: node:completed\ndata: {data}\n\n".encode()
    fm, transport = client(stream(frames(STARTED), text, frames(COMPLETED)))
    seen = []
    with pytest.raises(FlowMaestroStreamError) as caught:
        async for event in fm.executions.stream("exec_1"):
            seen.append(event["type"])
    assert seen == ["execution:started"]
    assert caught.value.last_event_id == "7"
    assert transport.open_exchanges == 0


async def test_execution_that_is_not_there_is_not_found() -> None:
    fm, transport = client(refused(404, "resource_not_found"))
    with pytest.raises(NotFoundError) as caught:
        await kinds(fm.executions.stream("nope"))
    assert (caught.value.code, caught.value.request_id) == ("resource_not_found", "req_body")
    assert len(transport.requests) == 1


async def test_bad_id_is_refused_before_the_iteration() -> None:
    fm, _ = client()
    with pytest.raises(MisuseError):
        fm.executions.stream("")


async def test_until_end_reads_on_and_returns_the_last_event() -> None:
    fm, transport = client(stream(frames(STARTED, NODE, COMPLETED)))
    final = await fm.executions.stream("exec_1").until_end()
    assert final is not None
    assert final.get("outputs") == {"a": 1}
    assert transport.open_exchanges == 0


async def test_nothing_to_come_ends_the_stream() -> None:
    fm, _ = client(reply(204))
    assert await fm.executions.stream("exec_1").until_end() is None


async def test_context_manager_closes_what_is_left_early() -> None:
    fm, transport = client(stream(frames(STARTED), AssertionError("read after the end")))
    async with fm.executions.stream("exec_1") as events:
        async for event in events:
            assert event["type"] == "execution:started"
            assert transport.open_exchanges == 1
            break
    assert transport.open_exchanges == 0
    await events.aclose()
    # Silence would look like an execution without events.
    with pytest.raises(MisuseError, match="closed before its end"):
        [event async for event in events]


async def test_stream_that_was_never_begun_closes_without_a_request() -> None:
    fm, transport = client()
    async with fm.executions.stream("exec_1"):
        pass
    assert not transport.requests


async def test_exception_of_the_caller_passes_through_unchanged() -> None:
    fm, transport = client(stream(frames(STARTED, NODE, COMPLETED)))
    with pytest.raises(KeyError):
        async with fm.executions.stream("exec_1") as events:
            async for event in events:
                _ = event["node_id"]
    assert transport.open_exchanges == 0


async def test_line_separators_within_data_are_kept() -> None:
    fm, _ = client(stream('event: execution:completed\ndata: {"outputs": "a\u2028b"}\n\n'.encode()))
    final = await fm.executions.stream("exec_1").until_end()
    assert final is not None
    assert final.get("outputs") == "a\u2028b"


async def test_stream_refused_for_the_key_says_so() -> None:
    fm, _ = client(refused(401, "expired_api_key", "The key has expired"))
    with pytest.raises(AuthenticationError) as caught:
        await kinds(fm.executions.stream("exec_1"))
    assert (caught.value.code, caught.value.message) == ("expired_api_key", "The key has expired")
