"""The published `FlowMaestroClient` and `AsyncFlowMaestroClient` 0.1.0, unmodified, on our server.

Every method of theirs is called here. What the package itself gets wrong and no server can mend:

- `triggers.list` has no `workflow_id`, though the vendor's guide passes one: TypeError.
- There is no `webhooks.update`, no list of deliveries, no check of a signature.
- A stream of theirs has httpx's 5 seconds of silence, below any server's heartbeat, and does not
  look at the status: an error is a `StreamError` without status, code or request id.
- A stream of theirs ends when the server closes, not at its terminal event.
- `send_message_stream` posts the message first and opens `/threads/{id}/events` afterwards. What
  happened in between would be lost if that route did not replay the turn, which ours does.
- `RateLimitError.retry_after` is always None; the number is in `details`.
- `wait_for_completion` does not know the state `paused` and waits on.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.published_client import FLOWMAESTRO, Interpreter, PublishedClient, PublishedError
from tests.support.model_server import ModelServer
from tests.support.receiver import Receiver
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = [pytest.mark.compat, pytest.mark.xdist_group("published")]

MAIL = {"customer_email": "john@example.com", "customer_name": "John Doe"}


def started(client: PublishedClient, workflow: str, inputs: dict[str, Any] | None = None) -> str:
    """Start an execution and return its id."""
    answer = client.workflows.execute(workflow, inputs=inputs)
    assert answer["data"]["status"] == "pending"
    return str(answer["data"]["execution_id"])


def thread_of(client: PublishedClient) -> str:
    """Open a thread with the guide's agent."""
    return str(client.agents.create_thread("agent_abc123")["data"]["id"])


def types_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


# Workflows and executions.


def test_workflows_are_listed_in_pages_and_shown(client: PublishedClient) -> None:
    everything = client.workflows.list(per_page=100)
    names = {workflow["name"] for workflow in everything["data"]}
    assert {"Greeting", "Onboarding", "Review", "Broken"} <= names
    pages = everything["pagination"]
    assert (pages["page"], pages["per_page"]) == (1, 100)
    assert pages["total_count"] == len(everything["data"])
    assert pages["has_more"] is False
    first, second = (client.workflows.list(page=page, per_page=2) for page in (1, 2))
    assert first["pagination"]["has_more"] is True
    assert [item["id"] for item in first["data"] + second["data"]] == [
        item["id"] for item in everything["data"][:4]
    ]

    workflow = client.workflows.get("wf_abc123")["data"]
    assert workflow["name"] == "Onboarding"
    assert workflow["version"] == 1
    assert (
        workflow["inputs"]["customer_email"].items() >= {"type": "text", "required": True}.items()
    )
    assert workflow["inputs"]["customer_name"]["required"] is False


def test_execution_is_waited_for_and_looked_at(client: PublishedClient) -> None:
    execution_id = started(client, "wf_123", {"name": "John"})
    result = client.executions.wait_for_completion(execution_id, poll_interval=0.05)
    assert result["status"] == "completed"
    assert result["outputs"] == {"greeting": "Hello John"}
    assert result["error"] is None
    assert client.executions.get(execution_id)["data"] == result


def test_failed_execution_is_returned_with_its_reason(client: PublishedClient) -> None:
    execution_id = started(client, "wf_broken")  # the package sends {"inputs": {}}
    result = client.executions.wait_for_completion(execution_id, poll_interval=0.05)
    assert result["status"] == "failed"
    assert isinstance(result["error"], str)
    assert result["error"]


def test_wait_that_is_too_short_is_the_packages_timeout(client: PublishedClient) -> None:
    execution_id = started(client, "wf_abc123", MAIL)
    with pytest.raises(PublishedError) as raised:
        client.executions.wait_for_completion(execution_id, poll_interval=0.02, timeout=0.1)
    assert (raised.value.kind, raised.value.code) == ("TimeoutError", "timeout")
    client.executions.cancel(execution_id)


def test_executions_are_listed_by_workflow_and_status_and_cancelled(
    client: PublishedClient,
) -> None:
    execution_id = started(client, "wf_abc123", MAIL)
    cancelled = client.executions.cancel(execution_id)["data"]  # an empty body of type JSON
    assert (cancelled["id"], cancelled["status"]) == (execution_id, "cancelled")
    found = client.executions.list(workflow_id="wf_abc123", status="cancelled", per_page=100)
    [listed] = [item for item in found["data"] if item["id"] == execution_id]
    assert listed["inputs"] == MAIL
    assert listed["completed_at"] is not None
    assert {item["status"] for item in found["data"]} == {"cancelled"}
    others = client.executions.list(workflow_id="wf_123", status="cancelled")
    assert (others["data"], others["pagination"]["total_count"]) == ([], 0)

    with pytest.raises(PublishedError) as raised:
        client.executions.cancel(execution_id)
    assert (raised.value.kind, raised.value.status_code) == ("ValidationError", 400)
    assert "cancelled" in raised.value.message


def test_stream_follows_an_execution_live_and_ends_with_it(
    client: PublishedClient, flowmaestro: ServerProcess
) -> None:
    execution_id = started(client, "wf_abc123", MAIL)
    events = []
    for event in client.executions.stream.events(execution_id):
        events.append(event)
        if (event["type"], event.get("node_id")) == ("node:started", "pause"):
            flowmaestro.advance(3600)
    assert types_of(events[:2]) == ["connected", "execution:started"]
    assert events[-1]["type"] == "execution:completed"
    assert events[-1]["outputs"] == {"mail": "Welcome John Doe <john@example.com>"}
    nodes = [event["node_id"] for event in events if event["type"] == "node:completed"]
    assert sorted(nodes) == ["email", "name", "out", "pause"]
    progress = [event["progress"] for event in events if event["type"] == "execution:progress"]
    assert progress == sorted(progress)
    assert progress[-1] == 100


def test_stream_of_an_ended_execution_replays_it(client: PublishedClient) -> None:
    execution_id = started(client, "wf_123", {"name": "Ada"})
    client.executions.wait_for_completion(execution_id, poll_interval=0.05)
    events = list(client.executions.stream.events(execution_id))
    assert types_of(events)[:2] == ["connected", "execution:started"]
    assert types_of(events)[-1] == "execution:completed"
    assert events[-1]["outputs"] == {"greeting": "Hello Ada"}
    assert all(event["execution_id"] == execution_id for event in events)
    [made] = [e for e in events if e["type"] == "node:completed" and e["node_id"] == "out"]
    assert made["outputs"] == {"greeting": "Hello Ada"}


def test_stream_that_is_left_early_harms_nothing(client: PublishedClient) -> None:
    execution_id = started(client, "wf_abc123", MAIL)
    seen = list(client.executions.stream.events(execution_id, until="execution:started"))
    assert types_of(seen) == ["connected", "execution:started"]
    client.executions.cancel(execution_id)
    assert types_of(list(client.executions.stream.events(execution_id)))[-1] == (
        "execution:cancelled"
    )


def test_paused_execution_shows_its_state(client: PublishedClient) -> None:
    execution_id = started(client, "wf_review", {"text": "2 + 2 = 4"})
    seen = list(client.executions.stream.events(execution_id, until="execution:paused"))
    assert seen[-1]["node_id"] == "ask"
    assert client.executions.get(execution_id)["data"]["status"] == "paused"
    client.executions.cancel(execution_id)


# Agents and threads.


def test_agents_are_listed_and_shown(client: PublishedClient) -> None:
    [listed] = client.agents.list(page=1, per_page=20)["data"]
    assert (listed["id"], listed["name"], listed["model"]) == (
        "agent_abc123", "Support", "scripted",
    )  # fmt: skip
    shown = client.agents.get("agent_abc123")["data"]
    assert shown["system_prompt"] == "You are a support agent."
    assert shown["available_tools"] == []


def test_thread_keeps_its_metadata_and_messages_and_is_deleted(client: PublishedClient) -> None:
    made = client.agents.create_thread("agent_abc123", metadata={"user_id": "user_456"})["data"]
    assert made["metadata"] == {"user_id": "user_456"}
    answer = client.threads.send_message(made["id"], "What is my order status?")["data"]
    assert answer["content"] == "You said: What is my order status?"
    assert answer["usage"]["total_tokens"] > 0
    assert answer["message_id"] == answer["id"]
    assert answer["status"] == "completed"

    messages = client.threads.list_messages(made["id"])
    assert [(each["role"], each["content"]) for each in messages["data"]] == [
        ("user", "What is my order status?"),
        ("assistant", answer["content"]),
    ]
    second = client.threads.list_messages(made["id"], page=2, per_page=1)["data"]
    assert second == messages["data"][1:]
    shown = client.threads.get(made["id"])["data"]
    assert (shown["status"], shown["message_count"]) == ("active", 2)

    assert client.threads.delete(made["id"])["data"]["deleted"] is True
    with pytest.raises(PublishedError, match="NotFoundError"):
        client.threads.get(made["id"])


def test_message_stream_delivers_the_whole_turn_though_it_subscribes_afterwards(
    client: PublishedClient,
) -> None:
    thread_id = thread_of(client)
    events = list(client.threads.send_message_stream.events(thread_id, "Tell me a story"))
    assert types_of(events[:2]) == ["connected", "message:started"]
    tokens = [event for event in events if event["type"] == "message:token"]
    assert [token["sequence"] for token in tokens] == list(range(1, len(tokens) + 1))
    assert events[-1]["type"] == "message:completed"
    assert events[-1]["content"] == "You said: Tell me a story"
    assert "".join(token["token"] for token in tokens) == events[-1]["content"]


def test_message_stream_gives_tokens_before_the_answer_is_complete(
    client: PublishedClient, model: ModelServer
) -> None:
    thread_id = thread_of(client)
    model.go_on.clear()
    seen = []
    for event in client.threads.send_message_stream.events(thread_id, "one two three four"):
        seen.append(event["type"])
        if event["type"] == "message:token":
            model.go_on.set()  # it holds the second half of its answer until the first is here
    assert seen.count("message:token") > 1
    assert seen[-1] == "message:completed"


def test_thread_stream_replays_the_newest_turn(client: PublishedClient) -> None:
    thread_id = thread_of(client)
    client.threads.send_message(thread_id, "first")
    client.threads.send_message(thread_id, "second")
    events = list(client.threads.stream.events(thread_id))
    assert events[-1]["type"] == "message:completed"
    assert events[-1]["content"] == "You said: second"
    assert types_of(events).count("message:completed") == 1


def test_message_sent_for_streaming_without_a_stream_is_accepted_and_readable_later(
    client: PublishedClient,
) -> None:
    thread_id = thread_of(client)
    accepted = client.threads.send_message(thread_id, "later", stream=True)["data"]
    assert accepted["status"] == "processing"
    assert accepted["message_id"]
    events = list(client.threads.stream.events(thread_id))
    assert events[-1]["content"] == "You said: later"


# Knowledge bases and triggers.


@pytest.mark.parametrize("top_k", [None, 1])
def test_knowledge_base_is_queried_with_and_without_top_k(
    client: PublishedClient, top_k: int | None
) -> None:
    question = "How do I reset my password?"
    given = {} if top_k is None else {"top_k": top_k}  # without, the package sends a null
    answer = client.knowledge_bases.query("kb_abc123", question, **given)["data"]
    best = answer["results"][0]
    assert best["document_name"] == "passwords.md"
    assert "Reset password" in best["content"]
    assert 0 < best["similarity"] <= 1
    assert best["chunk_id"]
    assert len(answer["results"]) <= (top_k or 5)


def test_knowledge_bases_are_listed_and_shown(client: PublishedClient) -> None:
    [listed] = client.knowledge_bases.list()["data"]
    assert (listed["id"], listed["name"], listed["document_count"]) == (
        "kb_abc123", "Help centre", 2,
    )  # fmt: skip
    assert listed["embedding_model"]
    shown = client.knowledge_bases.get("kb_abc123")["data"]
    assert shown["chunk_size"] > shown["chunk_overlap"]


def test_triggers_are_listed_and_executed(client: PublishedClient) -> None:
    listed = {each["id"]: each for each in client.triggers.list(per_page=100)["data"]}
    assert set(listed) == {"trigger_abc123", "trigger_other"}
    before = listed["trigger_abc123"]
    assert (before["name"], before["trigger_type"]) == ("Signup", "manual")
    answer = client.triggers.execute("trigger_abc123", inputs={"name": "Grace"})["data"]
    result = client.executions.wait_for_completion(answer["execution_id"], poll_interval=0.05)
    assert result["outputs"] == {"greeting": "Hello Grace"}
    assert answer["trigger_id"] == "trigger_abc123"
    [after] = [each for each in client.triggers.list()["data"] if each["id"] == before["id"]]
    assert after["trigger_count"] == before["trigger_count"] + 1


# Webhooks.


def signature_of(body: bytes, secret: str) -> str:
    """What a receiver computes by the vendor's rule: the whole secret over the raw body."""
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_webhook_is_created_tested_called_and_deleted(
    client: PublishedClient, receiver: Receiver
) -> None:
    made = client.webhooks.create(
        "Compat", receiver.url, ["execution.completed"], headers={"X-Custom": "value"}
    )["data"]
    assert made["secret"].startswith("whsec_")
    try:
        tested = client.webhooks.test(made["id"])["data"]  # an empty body of type JSON
        assert tested["success"] is True
        assert tested["response_time_ms"] >= 0
        execution_id = started(client, "wf_123", {"name": "Ü"})
        until(lambda: len(receiver.deliveries) == 2)
        shown = client.webhooks.get(made["id"])["data"]
        assert (shown["name"], shown["events"]) == ("Compat", ["execution.completed"])
        assert made["id"] in {each["id"] for each in client.webhooks.list()["data"]}
    finally:
        assert client.webhooks.delete(made["id"])["data"]["deleted"] is True
    for headers, body in receiver.deliveries:
        headers = {name.lower(): value for name, value in headers.items()}
        expected = signature_of(body, made["secret"])
        assert hmac.compare_digest(headers["x-flowmaestro-signature"], expected)
        assert headers["x-custom"] == "value"
    told = json.loads(receiver.deliveries[1][1])
    assert told["event"] == "execution.completed"
    assert told["data"]["execution_id"] == execution_id
    assert told["data"]["outputs"] == {"greeting": "Hello Ü"}


def test_webhook_without_headers_fails_its_test_with_a_reason(
    client: PublishedClient, receiver: Receiver
) -> None:
    made = client.webhooks.create("Refuser", receiver.url, ["execution.failed"])["data"]
    receiver.statuses = [500]
    tested = client.webhooks.test(made["id"])["data"]
    client.webhooks.delete(made["id"])
    assert tested["success"] is False
    assert tested["error"]


# Errors.


def test_errors_arrive_in_the_class_of_their_status(
    client: PublishedClient,
    flowmaestro: ServerProcess,
    interpreter: Interpreter,
    request: pytest.FixtureRequest,
) -> None:
    form = FLOWMAESTRO[request.node.callspec.params["client"]]

    def other(key: str) -> PublishedClient:
        return PublishedClient(interpreter, form, api_key=key, base_url=flowmaestro.url)

    stranger = other("fm_live_" + "0" * 32)
    reader = other(flowmaestro.new_key("flowmaestro", "workflows:read"))
    calls: list[tuple[Callable[[], Any], str, int, str]] = [
        (lambda: stranger.workflows.list(), "AuthenticationError", 401, "invalid_api_key"),
        (lambda: reader.workflows.execute("wf_123"), "AuthorizationError", 403,
         "insufficient_scope"),
        (lambda: client.workflows.execute("wf_invalid"), "NotFoundError", 404,
         "resource_not_found"),
        (lambda: client.threads.send_message(thread_of(client), ""), "ValidationError", 400,
         "validation_error"),
        (lambda: client.workflows.execute("wf_123"), "ValidationError", 400, "validation_error"),
        (lambda: client.webhooks.create("x", "nonsense", ["execution.failed"]),
         "ValidationError", 400, "validation_error"),
    ]  # fmt: skip
    for call, kind, status, code in calls:
        with pytest.raises(PublishedError) as raised:
            call()
        error = raised.value
        assert (error.kind, error.status_code, error.code) == (kind, status, code)
        assert "FlowMaestroError" in error.bases
        assert error.request_id
        assert error.message


def test_missing_input_is_named_in_the_details(client: PublishedClient) -> None:
    with pytest.raises(PublishedError) as raised:
        client.workflows.execute("wf_abc123", inputs={"customer_name": "John"})
    [problem] = raised.value.details["errors"]
    assert "customer_email" in problem["field"]


def test_stream_of_nothing_is_the_packages_stream_error(client: PublishedClient) -> None:
    with pytest.raises(PublishedError) as raised:
        list(client.executions.stream.events("exec_none"))
    assert raised.value.kind == "StreamError"


@pytest.mark.parametrize("form", FLOWMAESTRO)
def test_rate_limit_error_carries_its_numbers(
    form: str, interpreter: Interpreter, strict_server: ServerProcess
) -> None:
    client = PublishedClient(
        interpreter,
        FLOWMAESTRO[form],
        api_key=strict_server.new_key("flowmaestro", project=form),
        base_url=strict_server.url,
        max_retries=0,
    )
    with pytest.raises(PublishedError) as raised:
        for _ in range(7):  # two windows of three, in case a minute passes on the way
            client.workflows.list()
    error = raised.value
    assert (error.kind, error.code) == ("RateLimitError", "rate_limit_exceeded")
    assert (error.details["limit"], error.details["window"]) == (3, "minute")
    assert 0 < error.details["retry_after"] <= 60
