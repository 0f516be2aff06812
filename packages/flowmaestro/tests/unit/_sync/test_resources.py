# Generated from tests/unit/_async/test_resources.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Every method: what it sends, what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowmaestro import (
    ConflictError,
    DecodeError,
    FlowMaestroConnectionError,
    MisuseError,
    PagingError,
)
from flowmaestro.types import MessageList
from quintet.errors import ConnectionFailure
from quintet.testing import FakeClock

from .rig import client, header, ok, page_of, pagination, refused, reply, sent

WORKFLOW = {"id": "wf_1", "name": "Triage", "version": 1}
STARTED = {"execution_id": "exec_1", "workflow_id": "wf_1", "status": "pending", "inputs": {}}
EXECUTION = {"id": "exec_1", "status": "completed", "outputs": {"a": 1}, "error": None}
THREAD = {"id": "thread_1", "agent_id": "agent_1", "status": "active"}
MEMORY = {"user_id": "u1", "working_memory": "likes tea"}
WEBHOOK = {"id": "wh_1", "name": "W", "url": "https://a.example", "events": ["execution.failed"]}

ONE: list[tuple[Callable[[Any], Any], tuple[str, str, Any], Any]] = [
    (
        lambda fm: fm.workflows.get("wf_1"),
        ("GET", "/workflows/wf_1", None),
        WORKFLOW,
    ),
    (
        lambda fm: fm.workflows.execute("wf_1", inputs={"name": "World"}),
        ("POST", "/workflows/wf_1/execute", {"inputs": {"name": "World"}}),
        STARTED,
    ),
    (
        lambda fm: fm.workflows.execute("wf_1"),
        ("POST", "/workflows/wf_1/execute", {}),
        STARTED,
    ),
    (
        lambda fm: fm.executions.get("exec_1"),
        ("GET", "/executions/exec_1", None),
        EXECUTION,
    ),
    (
        lambda fm: fm.executions.cancel("exec_1"),
        ("POST", "/executions/exec_1/cancel", {}),
        {"id": "exec_1", "status": "cancelled", "message": "Cancelled"},
    ),
    (
        lambda fm: fm.executions.resume("exec_1", {"approved": False}),
        ("POST", "/executions/exec_1/resume", {"input": {"approved": False}}),
        EXECUTION,
    ),
    (
        lambda fm: fm.executions.resume("exec_1", input=False),
        ("POST", "/executions/exec_1/resume", {"input": False}),
        EXECUTION,
    ),
    (
        lambda fm: fm.executions.resume("exec_1"),
        ("POST", "/executions/exec_1/resume", {"input": None}),
        EXECUTION,
    ),
    (
        lambda fm: fm.agents.get("agent_1"),
        ("GET", "/agents/agent_1", None),
        {"id": "agent_1", "name": "A", "model": "m", "available_tools": []},
    ),
    (
        lambda fm: fm.agents.create_thread("agent_1", metadata={"user_id": "u"}),
        ("POST", "/agents/agent_1/threads", {"metadata": {"user_id": "u"}}),
        THREAD,
    ),
    (
        lambda fm: fm.agents.create_thread("agent_1"),
        ("POST", "/agents/agent_1/threads", {}),
        THREAD,
    ),
    (
        lambda fm: fm.agents.get_memory("agent_1", "u1"),
        ("GET", "/agents/agent_1/memory/u1", None),
        MEMORY,
    ),
    (
        lambda fm: fm.agents.set_memory("agent_1", "u1", "likes tea", {"k": 1}),
        ("PUT", "/agents/agent_1/memory/u1", {"working_memory": "likes tea", "metadata": {"k": 1}}),
        MEMORY,
    ),
    (
        lambda fm: fm.agents.delete_memory("agent_1", "u1"),
        ("DELETE", "/agents/agent_1/memory/u1", None),
        {"agent_id": "agent_1", "user_id": "u1", "deleted": True},
    ),
    (
        lambda fm: fm.agents.search_memory("agent_1", "tea", top_k=3, similarity_threshold=0.0),
        (
            "POST",
            "/agents/agent_1/memory/search",
            {
                "query": "tea",
                "top_k": 3,
                "similarity_threshold": 0.0,
            },
        ),
        {"agent_id": "agent_1", "query": "tea", "results": [], "result_count": 0},
    ),
    (
        lambda fm: fm.agents.search_memory("agent_1", "tea", user_id="u1"),
        ("POST", "/agents/agent_1/memory/search", {"query": "tea", "user_id": "u1"}),
        {"results": []},
    ),
    (
        lambda fm: fm.agents.memory_stats("agent_1"),
        ("GET", "/agents/agent_1/memory/stats", None),
        {"users": 2},
    ),
    (
        lambda fm: fm.threads.get("thread_1"),
        ("GET", "/threads/thread_1", None),
        THREAD,
    ),
    (
        lambda fm: fm.threads.delete("thread_1"),
        ("DELETE", "/threads/thread_1", None),
        {"id": "thread_1", "deleted": True},
    ),
    (
        lambda fm: fm.knowledge_bases.get("kb_1"),
        ("GET", "/knowledge-bases/kb_1", None),
        {"id": "kb_1", "name": "K", "document_count": 1},
    ),
    (
        lambda fm: fm.knowledge_bases.query("kb_1", "How?", top_k=5),
        ("POST", "/knowledge-bases/kb_1/query", {"query": "How?", "top_k": 5}),
        {"results": [], "query": "How?", "top_k": 5},
    ),
    (
        lambda fm: fm.knowledge_bases.query("kb_1", "How?"),
        ("POST", "/knowledge-bases/kb_1/query", {"query": "How?"}),
        {"results": []},
    ),
    (
        lambda fm: fm.triggers.execute("trigger_1", inputs={"user_id": "u"}),
        ("POST", "/triggers/trigger_1/execute", {"inputs": {"user_id": "u"}}),
        {**STARTED, "trigger_id": "trigger_1"},
    ),
    (
        lambda fm: fm.webhooks.get("wh_1"),
        ("GET", "/webhooks/wh_1", None),
        WEBHOOK,
    ),
    (
        lambda fm: fm.webhooks.create(
            name="W", url="https://a.example", events=["execution.failed"]
        ),
        (
            "POST",
            "/webhooks",
            {
                "name": "W",
                "url": "https://a.example",
                "events": ["execution.failed"],
            },
        ),
        {**WEBHOOK, "secret": "whsec_x"},
    ),
    (
        lambda fm: fm.webhooks.create("W", "https://a.example", ("a", "b"), {"X-A": "1"}),
        (
            "POST",
            "/webhooks",
            {
                "name": "W",
                "url": "https://a.example",
                "events": ["a", "b"],
                "headers": {"X-A": "1"},
            },
        ),
        WEBHOOK,
    ),
    (
        lambda fm: fm.webhooks.update("wh_1", is_active=False, headers={}),
        ("PATCH", "/webhooks/wh_1", {"headers": {}, "is_active": False}),
        WEBHOOK,
    ),
    (
        lambda fm: fm.webhooks.update("wh_1", name="N", url="https://b.example", events="x"),
        ("PATCH", "/webhooks/wh_1", {"name": "N", "url": "https://b.example", "events": ["x"]}),
        WEBHOOK,
    ),
    (
        lambda fm: fm.webhooks.delete("wh_1"),
        ("DELETE", "/webhooks/wh_1", None),
        {"id": "wh_1", "deleted": True},
    ),
]


@pytest.mark.parametrize(("call", "request_", "data"), ONE, ids=lambda value: None)
def test_method_sends_what_was_given_and_returns_the_envelope(
    call: Callable[[Any], Any], request_: Any, data: Any
) -> None:
    fm, transport = client(ok(data))
    answer = call(fm)
    assert sent(transport) == request_
    assert data.items() <= answer["data"].items()
    assert answer["meta"]["request_id"] == "req_body"
    assert len(transport.requests) == 1


LISTS: list[tuple[Callable[[Any], Any], str]] = [
    (lambda fm: fm.workflows.list(page=2, per_page=50), "/workflows?page=2&per_page=50"),
    (lambda fm: fm.workflows.list(), "/workflows"),
    (
        lambda fm: fm.executions.list(workflow_id="wf_1", status="failed"),
        "/executions?workflow_id=wf_1&status=failed",
    ),
    (lambda fm: fm.executions.list(3, 10), "/executions?page=3&per_page=10"),
    (lambda fm: fm.agents.list(per_page=5), "/agents?per_page=5"),
    (lambda fm: fm.agents.list_memory("agent_1", 1, 5), "/agents/agent_1/memory?page=1&per_page=5"),
    (lambda fm: fm.threads.list_messages("thread_1"), "/threads/thread_1/messages"),
    (
        lambda fm: fm.threads.list_messages("thread_1", 2, 10),
        "/threads/thread_1/messages?page=2&per_page=10",
    ),
    (lambda fm: fm.knowledge_bases.list(1), "/knowledge-bases?page=1"),
    (lambda fm: fm.triggers.list(workflow_id="wf_1"), "/triggers?workflow_id=wf_1"),
    (
        lambda fm: fm.triggers.list(type="schedule", enabled=True, page=1, per_page=2),
        "/triggers?page=1&per_page=2&type=schedule&enabled=true",
    ),
    (lambda fm: fm.webhooks.list(), "/webhooks"),
    (
        lambda fm: fm.webhooks.list_deliveries("wh_1", per_page=3),
        "/webhooks/wh_1/deliveries?per_page=3",
    ),
]


@pytest.mark.parametrize(("call", "place"), LISTS, ids=lambda value: None)
def test_list_sends_its_parameters_and_returns_the_page(
    call: Callable[[Any], Any], place: str
) -> None:
    fm, transport = client(page_of([{"id": "x", "name": "n"}]))
    answer = call(fm)
    assert sent(transport) == ("GET", place, None)
    assert [item["id"] for item in answer["data"]] == ["x"]
    assert answer["pagination"] == pagination(1, 20, 1)


WALKS: list[tuple[Callable[..., Any], str, str]] = [
    (lambda fm, **o: fm.workflows.iter(**o), "/workflows", ""),
    (
        lambda fm, **o: fm.executions.iter(workflow_id="wf_1", status="failed", **o),
        "/executions",
        "&workflow_id=wf_1&status=failed",
    ),
    (lambda fm, **o: fm.agents.iter(**o), "/agents", ""),
    (lambda fm, **o: fm.agents.iter_memory("agent_1", **o), "/agents/agent_1/memory", ""),
    (lambda fm, **o: fm.threads.iter_messages("t_1", **o), "/threads/t_1/messages", ""),
    (lambda fm, **o: fm.knowledge_bases.iter(**o), "/knowledge-bases", ""),
    (
        lambda fm, **o: fm.triggers.iter(type="manual", enabled=False, **o),
        "/triggers",
        "&type=manual&enabled=false",
    ),
    (lambda fm, **o: fm.webhooks.iter(**o), "/webhooks", ""),
    (lambda fm, **o: fm.webhooks.iter_deliveries("wh_1", **o), "/webhooks/wh_1/deliveries", ""),
]


@pytest.mark.parametrize(("walk", "place", "filters"), WALKS, ids=lambda value: None)
def test_iterator_walks_all_pages_lazily(
    walk: Callable[..., Any], place: str, filters: str
) -> None:
    fm, transport = client(
        page_of([{"id": "1"}, {"id": "2"}], 1, 2, 3), page_of([{"id": "3"}], 2, 2, 3)
    )
    items = walk(fm, per_page=2)
    assert not transport.requests
    assert [item["id"] for item in items] == ["1", "2", "3"]
    for index in range(2):
        assert sent(transport, index)[1] == f"{place}?page={index + 1}&per_page=2{filters}"


def test_iterator_stops_at_max_items() -> None:
    fm, transport = client(page_of([{"id": "1"}, {"id": "2"}], 1, 2, 9))
    assert [item["id"] for item in fm.agents.iter(per_page=2, max_items=1)] == ["1"]
    assert len(transport.requests) == 1


def test_service_that_ignores_the_page_is_noticed() -> None:
    again = page_of([{"id": "1"}], 1, 1, 9)
    fm, _ = client(again, again)
    with pytest.raises(PagingError):
        _ = [item for item in fm.workflows.iter(per_page=1)]


@pytest.mark.parametrize(
    ("found", "filled"),
    [
        (None, pagination(1, 1, 1)),
        ({"page": 1, "per_page": 1, "total_count": 2, "has_more": True}, pagination(1, 1, 2)),
        ({"page": 2, "per_page": 1, "total_count": 2, "total_pages": 2}, pagination(2, 1, 2)),
        ({"page": 1, "per_page": 1, "total_pages": 2, "total_count": 2}, pagination(1, 1, 2)),
    ],
)
def test_pagination_is_completed_from_what_came(found: Any, filled: Any) -> None:
    more = {} if found is None else {"pagination": found}
    fm, _ = client(ok([{"id": "x"}], **more))
    assert fm.workflows.list()["pagination"] == filled


def test_query_results_have_both_names() -> None:
    fm, _ = client(
        ok({"results": [{"score": 0.5, "id": "c1"}, {"similarity": 0.4, "chunk_id": "c2"}, 7]})
    )
    first, second, _odd = fm.knowledge_bases.query("kb_1", "q")["data"]["results"]
    assert (first["similarity"], first["chunk_id"]) == (0.5, "c1")
    assert (second["score"], second["id"]) == (0.4, "c2")


def test_trigger_has_both_names_of_its_type() -> None:
    fm, transport = client(ok({"id": "trigger_1", "trigger_type": "manual"}))
    assert fm.triggers.get("trigger_1")["data"]["type"] == "manual"
    assert sent(transport) == ("GET", "/triggers/trigger_1", None)


def test_triggers_have_both_names_of_their_type() -> None:
    fm, _ = client(page_of([{"trigger_type": "manual"}, {"type": "event"}]))
    first, second = fm.triggers.list()["data"]
    assert first["type"] == first["trigger_type"] == "manual"
    assert second["type"] == second["trigger_type"] == "event"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"success": False, "error": "refused"}, "refused"),
        ({"success": False, "error_message": "refused"}, "refused"),
        ({"success": True, "error_message": None, "response_time_ms": 3}, None),
        ({"success": True, "error": None}, None),
    ],
)
def test_test_call_has_both_names_of_its_error(data: Any, message: str | None) -> None:
    fm, transport = client(ok(data))
    answer = fm.webhooks.test("wh_1")
    assert sent(transport) == ("POST", "/webhooks/wh_1/test", {})
    assert answer["data"]["error_message"] == answer["data"]["error"] == message


def test_input_schema_is_made_where_only_the_table_came() -> None:
    table = {
        "name": {"type": "text", "label": "Name", "required": True, "description": "Who"},
        "kind": {"type": "select", "options": ["a", "b"], "required": False},
        "extra": {"type": "json"},
    }
    fm, _ = client(ok({"id": "wf_1", "inputs": table}), ok({"id": "wf_1", "inputs": None}))
    assert fm.workflows.get("wf_1")["data"]["input_schema"] == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "title": "Name", "description": "Who"},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "extra": {},
        },
        "required": ["name"],
    }
    schema = fm.workflows.get("wf_1")["data"]["input_schema"]
    assert schema == {"type": "object", "properties": {}, "required": []}


def test_input_schema_of_the_service_is_left_alone() -> None:
    schema = {"type": "object", "properties": {"x": {}}}
    fm, _ = client(ok({"id": "wf_1", "input_schema": schema, "inputs": {"y": {}}}))
    assert fm.workflows.get("wf_1")["data"]["input_schema"] == schema


@pytest.mark.parametrize("data", [[{"id": "m1"}], {"messages": [{"id": "m1"}]}])
def test_messages_are_read_in_both_ways(data: Any) -> None:
    fm, _ = client(ok(data))
    answer = fm.threads.list_messages("thread_1")
    messages = answer["data"]
    assert isinstance(messages, MessageList)
    assert messages == [{"id": "m1"}]
    assert messages["messages"] is messages
    assert messages[0]["id"] == messages["messages"][-1]["id"] == "m1"
    assert messages[:1] == [{"id": "m1"}]
    assert answer["pagination"]["total_count"] == 1


@pytest.mark.parametrize("data", [None, "x", {"messages": None}, {}])
def test_messages_in_no_known_form_are_a_decode_error(data: Any) -> None:
    fm, _ = client(ok(data))
    with pytest.raises(DecodeError):
        fm.threads.list_messages("thread_1")


@pytest.mark.parametrize("answer", [reply(204), reply(200), ok({"id": "other", "deleted": True})])
def test_deletion_takes_an_empty_answer(answer: Any) -> None:
    fm, _ = client(answer)
    data = fm.threads.delete("thread_1")["data"]
    assert data["deleted"] is True
    assert data["id"] in ("thread_1", "other")


@pytest.mark.parametrize(
    "answer",
    [reply(200), reply(200, json=[]), reply(200, json={"data": []}), reply(200, json={"id": "x"})],
)
def test_answer_in_another_form_is_a_decode_error(answer: Any) -> None:
    fm, _ = client(answer)
    with pytest.raises(DecodeError) as caught:
        fm.workflows.get("wf_1")
    assert caught.value.status_code == 200


@pytest.mark.parametrize("answer", [reply(200, json={"data": {}}), reply(200, json={"id": "x"})])
def test_page_in_another_form_is_a_decode_error(answer: Any) -> None:
    fm, _ = client(answer)
    with pytest.raises(DecodeError):
        fm.workflows.list()


def test_deletion_answered_with_no_object_is_a_decode_error() -> None:
    fm, _ = client(reply(200, json=[1]))
    with pytest.raises(DecodeError):
        fm.webhooks.delete("wh_1")


@pytest.mark.parametrize("user_id", ["stats", "search"])
def test_memory_of_a_user_called_like_an_endpoint_is_refused(user_id: str) -> None:
    fm, transport = client()
    for call in (
        lambda: fm.agents.get_memory("agent_1", user_id),
        lambda: fm.agents.set_memory("agent_1", user_id, "x"),
        lambda: fm.agents.delete_memory("agent_1", user_id),
    ):
        with pytest.raises(MisuseError):
            call()
    assert not transport.requests


@pytest.mark.parametrize("inputs", [["a"], "a", 7])
def test_inputs_must_be_a_mapping(inputs: Any) -> None:
    fm, transport = client()
    with pytest.raises(MisuseError, match="inputs"):
        fm.workflows.execute("wf_1", inputs=inputs)
    with pytest.raises(MisuseError):
        fm.triggers.execute("trigger_1", inputs=inputs)
    assert not transport.requests


def test_events_must_be_a_list() -> None:
    fm, _ = client()
    events: Any = 7
    with pytest.raises(MisuseError, match="events"):
        fm.webhooks.create("W", "https://a.example", events)


def test_only_what_starts_a_run_carries_a_key() -> None:
    calls: list[tuple[Callable[[Any], Any], bool]] = [
        (lambda fm: fm.workflows.execute("wf_1"), True),
        (lambda fm: fm.triggers.execute("trigger_1"), True),
        (lambda fm: fm.threads.send_message("thread_1", "x"), False),
        (lambda fm: fm.webhooks.create("n", "https://a.example", ["x"]), False),
        (lambda fm: fm.agents.create_thread("agent_1"), False),
        (lambda fm: fm.workflows.get("wf_1"), False),
    ]
    for call, keyed in calls:
        fm, transport = client(ok({}))
        call(fm)
        assert (header(transport, "Idempotency-Key") is not None) is keyed


@pytest.mark.parametrize(
    ("call", "data"),
    [
        (lambda fm, key: fm.agents.create_thread("agent_1", idempotency_key=key), THREAD),
        (lambda fm, key: fm.threads.send_message("t_1", "x", idempotency_key=key), {"id": "m"}),
        (lambda fm, key: fm.executions.resume("exec_1", 1, idempotency_key=key), EXECUTION),
    ],
)
def test_own_key_makes_a_write_repeatable(call: Callable[..., Any], data: Any) -> None:
    lost = ConnectionFailure("the peer is gone", progress=1)
    fm, transport = client(lost, reply(503), ok(data))
    call(fm, "mine")
    assert [header(transport, "Idempotency-Key", n) for n in range(3)] == ["mine"] * 3
    fm, transport = client(lost)
    with pytest.raises(FlowMaestroConnectionError):
        call(fm, None)
    assert header(transport, "Idempotency-Key") is None


def test_first_request_with_the_key_that_still_runs_is_waited_for() -> None:
    busy = refused(409, "validation_error", "still running", headers={"Retry-After": "1"})
    lost = ConnectionFailure("the peer is gone", progress=1)
    clock = FakeClock()
    fm, _ = client(lost, busy, ok(STARTED), clock=clock)
    assert fm.workflows.execute("wf_1")["data"]["execution_id"] == "exec_1"
    assert clock.sleeps[1] >= 1.0
    fm, transport = client(refused(409, "validation_error", "used for another request"))
    with pytest.raises(ConflictError):
        fm.workflows.execute("wf_1", idempotency_key="mine")
    assert len(transport.requests) == 1


def test_own_key_is_sent_as_it_is() -> None:
    fm, transport = client(ok(STARTED), ok(STARTED))
    fm.workflows.execute("wf_1", idempotency_key="order-7")
    fm.triggers.execute("trigger_1", idempotency_key="order-8")
    assert [header(transport, "Idempotency-Key", n) for n in range(2)] == ["order-7", "order-8"]
