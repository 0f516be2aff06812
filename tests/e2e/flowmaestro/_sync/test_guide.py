# Generated from tests/e2e/flowmaestro/_async/test_guide.py by tools/async_to_sync; edit the source and run scripts/fix.
"""What the guide shows, call by call, with nothing but the key and the URL in the environment."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid

import pytest

from flowmaestro import (
    AuthenticationError,
    FlowMaestroClient,
    FlowMaestroError,
    NotFoundError,
    ValidationError,
    verify_webhook,
)
from tests.support.receiver import Receiver
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("flowmaestro")]


def test_workflow_is_executed_and_waited_for(server: ServerProcess) -> None:
    with FlowMaestroClient() as client:
        response = client.workflows.execute("wf_123", inputs={"name": "John"})
        assert response["data"]["status"] == "pending"

        result = client.executions.wait_for_completion(response["data"]["execution_id"])

        assert result["status"] == "completed"
        assert result["outputs"] == {"greeting": "Hello John"}


def test_key_url_timeout_retries_and_headers_are_taken(server: ServerProcess) -> None:
    with FlowMaestroClient(
        api_key=server.key("flowmaestro"),
        base_url=server.url,
        timeout=30.0,
        max_retries=3,
        headers={"X-Custom-Header": "value"},
    ) as client:
        response = client.workflows.list(page=1, per_page=20)

    assert {"Onboarding", "Greeting"} <= {workflow["name"] for workflow in response["data"]}
    assert response["pagination"]["total_count"] == len(response["data"])


def test_workflow_shows_its_input_schema(server: ServerProcess) -> None:
    with FlowMaestroClient() as client:
        workflow = client.workflows.get("wf_abc123")["data"]

    assert workflow["name"] == "Onboarding"
    assert workflow["input_schema"]["required"] == ["customer_email"]
    assert workflow["input_schema"]["properties"]["customer_name"]["type"] == "string"


def test_execution_is_looked_at_listed_and_cancelled(server: ServerProcess) -> None:
    with FlowMaestroClient() as client:
        inputs = {"customer_email": "john@example.com", "customer_name": "John Doe"}
        started = client.workflows.execute("wf_abc123", inputs=inputs)
        execution_id = started["data"]["execution_id"]
        execution = client.executions.get(execution_id)["data"]
        assert execution["status"] in {"pending", "running"}
        listed = client.executions.list(workflow_id="wf_abc123", per_page=100)
        assert execution_id in {item["id"] for item in listed["data"]}

        cancelled = client.executions.cancel(execution_id)

        assert cancelled["data"]["status"] == "cancelled"
        ended = client.executions.wait_for_completion(execution_id)
        assert ended["status"] == "cancelled"
        assert ended["completed_at"] is not None
        with pytest.raises(ValidationError) as caught:
            client.executions.cancel(execution_id)
        assert "cancelled" in caught.value.message


def test_wait_ends_when_the_servers_clock_has_passed_it(server: ServerProcess) -> None:
    with FlowMaestroClient() as client:
        started = client.workflows.execute(
            "wf_abc123", inputs={"customer_email": "john@example.com"}
        )
        execution_id = started["data"]["execution_id"]
        seen = []
        for event in client.executions.stream(execution_id):
            seen.append(event["type"])
            if event["type"] == "node:started" and event["node_id"] == "pause":
                server.advance(3600)
            if event["type"] == "execution:completed":
                assert event["outputs"] == {"mail": "Welcome you <john@example.com>"}

    assert seen[0] == "connected"
    assert seen[-1] == "execution:completed"


def test_failed_execution_says_why(server: ServerProcess) -> None:
    with FlowMaestroClient() as client:
        started = client.workflows.execute("wf_broken")
        result = client.executions.wait_for_completion(
            started["data"]["execution_id"], poll_interval=0.05, timeout=60.0
        )

    assert result["status"] == "failed"
    assert result["error"]
    assert result["error_details"]["node_id"] == "each"


def test_paused_execution_goes_on_with_an_answer(server: ServerProcess) -> None:
    with FlowMaestroClient() as client:
        started = client.workflows.execute("wf_review", inputs={"text": "2 + 2 = 4"})
        execution_id = started["data"]["execution_id"]
        for event in client.executions.stream(execution_id):
            if event["type"] == "execution:paused":
                paused = client.executions.get(execution_id)["data"]
                assert paused["status"] == "paused"
                assert "2 + 2 = 4" in paused["pause_context"]["prompt"]
                client.executions.resume(execution_id, "yes")
        result = client.executions.wait_for_completion(execution_id)

    assert result["outputs"] == {"verdict": "yes"}


def test_thread_answers_streams_lists_and_is_deleted(server: ServerProcess) -> None:
    with FlowMaestroClient() as client:
        assert "scripted" in [agent["model"] for agent in client.agents.list()["data"]]
        thread = client.agents.create_thread("agent_abc123", metadata={"user_id": "u"})
        thread_id = thread["data"]["id"]
        assert thread["data"]["metadata"] == {"user_id": "u"}

        response = client.threads.send_message(thread_id, "What is my order status?")
        assert response["data"]["content"] == "You said: What is my order status?"
        assert response["data"]["usage"]["total_tokens"] > 0

        text = ""
        for event in client.threads.send_message_stream(thread_id, "Tell me a story"):
            if event["type"] == "message:token":
                text += event["token"]
            elif event["type"] == "message:completed":
                assert event["content"] == text
        assert text == "You said: Tell me a story"

        messages = client.threads.list_messages(thread_id)["data"]
        assert [message["role"] for message in messages] == ["user", "assistant"] * 2
        client.threads.delete(thread_id)
        with pytest.raises(NotFoundError):
            client.threads.get(thread_id)


def test_knowledge_base_answers_from_the_right_document(server: ServerProcess) -> None:
    with FlowMaestroClient() as client:
        bases = client.knowledge_bases.list()["data"]
        assert [base["document_count"] for base in bases] == [2]
        response = client.knowledge_bases.query("kb_abc123", "How do I reset my password?", top_k=5)

    results = response["data"]["results"]
    assert results[0]["document_name"] == "passwords.md"
    assert "Reset password" in results[0]["content"]
    assert 1 >= results[0]["similarity"] >= results[-1]["similarity"] >= 0


def test_triggers_are_filtered_and_executed(server: ServerProcess) -> None:
    with FlowMaestroClient() as client:
        listed = client.triggers.list(workflow_id="wf_123")["data"]
        assert [(trigger["name"], trigger["type"]) for trigger in listed] == [("Signup", "manual")]
        before = listed[0]["trigger_count"]

        response = client.triggers.execute("trigger_abc123", inputs={"user_id": "user_123"})

        result = client.executions.wait_for_completion(response["data"]["execution_id"])
        assert result["outputs"] == {"greeting": "Hello somebody"}
        again = client.triggers.list(workflow_id="wf_123")["data"][0]
        assert again["trigger_count"] == before + 1
        assert again["last_triggered_at"] is not None


def test_webhook_is_created_called_tested_and_deleted(
    server: ServerProcess, receiver: Receiver
) -> None:
    with FlowMaestroClient() as client:
        created = client.webhooks.create(
            name="My Webhook",
            url=receiver.url,
            events=["execution.completed", "execution.failed"],
        )
        webhook_id, secret = created["data"]["id"], created["data"]["secret"]
        tested = client.webhooks.test(webhook_id)["data"]
        assert tested["success"], tested
        assert tested["response_time_ms"] >= 0
        started = client.workflows.execute("wf_123", inputs={"name": "Ada"})
        execution_id = started["data"]["execution_id"]
        until(lambda: len(receiver.deliveries) == 2)
        client.webhooks.delete(webhook_id)
        remaining = client.webhooks.list()["data"]
        assert webhook_id not in {webhook["id"] for webhook in remaining}

    headers, body = receiver.deliveries[1]
    headers = {name.lower(): value for name, value in headers.items()}
    signature = headers["x-flowmaestro-signature"]
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert signature == f"v1={digest}"
    assert verify_webhook(body, signature, secret)
    told = json.loads(body)
    assert told["event"] == headers["x-flowmaestro-event"] == "execution.completed"
    assert told["data"]["execution_id"] == execution_id
    assert told["data"]["outputs"] == {"greeting": "Hello Ada"}


def test_errors_are_the_documented_classes(server: ServerProcess) -> None:
    with FlowMaestroClient() as client:
        with pytest.raises(NotFoundError) as missing:
            client.workflows.execute("wf_invalid")
        assert missing.value.code == "resource_not_found"
        assert missing.value.request_id
        with pytest.raises(ValidationError) as invalid:
            client.workflows.execute("wf_123")
        [problem] = invalid.value.details["errors"]
        assert problem["field"] == "inputs.name"
        assert "name" in problem["message"]
    with FlowMaestroClient(api_key=f"fm_live_{uuid.uuid4().hex}") as stranger:
        with pytest.raises(AuthenticationError) as refused:
            stranger.workflows.list()
        assert refused.value.code == "invalid_api_key"
        assert isinstance(refused.value, FlowMaestroError)
