"""What the guide shows, call by call, with nothing but the key and the URL in the environment."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid

import pytest

from flowmaestro import (
    AsyncFlowMaestroClient,
    AuthenticationError,
    FlowMaestroError,
    NotFoundError,
    ValidationError,
    verify_webhook,
)
from tests.support.receiver import Receiver
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("flowmaestro")]


async def test_workflow_is_executed_and_waited_for(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient() as client:
        response = await client.workflows.execute("wf_123", inputs={"name": "John"})
        assert response["data"]["status"] == "pending"

        result = await client.executions.wait_for_completion(response["data"]["execution_id"])

        assert result["status"] == "completed"
        assert result["outputs"] == {"greeting": "Hello John"}


async def test_key_url_timeout_retries_and_headers_are_taken(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient(
        api_key=server.key("flowmaestro"),
        base_url=server.url,
        timeout=30.0,
        max_retries=3,
        headers={"X-Custom-Header": "value"},
    ) as client:
        response = await client.workflows.list(page=1, per_page=20)

    assert {"Onboarding", "Greeting"} <= {workflow["name"] for workflow in response["data"]}
    assert response["pagination"]["total_count"] == len(response["data"])


async def test_workflow_shows_its_input_schema(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient() as client:
        workflow = (await client.workflows.get("wf_abc123"))["data"]

    assert workflow["name"] == "Onboarding"
    assert workflow["input_schema"]["required"] == ["customer_email"]
    assert workflow["input_schema"]["properties"]["customer_name"]["type"] == "string"


async def test_execution_is_looked_at_listed_and_cancelled(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient() as client:
        inputs = {"customer_email": "john@example.com", "customer_name": "John Doe"}
        started = await client.workflows.execute("wf_abc123", inputs=inputs)
        execution_id = started["data"]["execution_id"]
        execution = (await client.executions.get(execution_id))["data"]
        assert execution["status"] in {"pending", "running"}
        listed = await client.executions.list(workflow_id="wf_abc123", per_page=100)
        assert execution_id in {item["id"] for item in listed["data"]}

        cancelled = await client.executions.cancel(execution_id)

        assert cancelled["data"]["status"] == "cancelled"
        ended = await client.executions.wait_for_completion(execution_id)
        assert ended["status"] == "cancelled"
        assert ended["completed_at"] is not None
        with pytest.raises(ValidationError) as caught:
            await client.executions.cancel(execution_id)
        assert "cancelled" in caught.value.message


async def test_wait_ends_when_the_servers_clock_has_passed_it(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient() as client:
        started = await client.workflows.execute(
            "wf_abc123", inputs={"customer_email": "john@example.com"}
        )
        execution_id = started["data"]["execution_id"]
        seen = []
        async for event in client.executions.stream(execution_id):
            seen.append(event["type"])
            if event["type"] == "node:started" and event["node_id"] == "pause":
                server.advance(3600)
            if event["type"] == "execution:completed":
                assert event["outputs"] == {"mail": "Welcome you <john@example.com>"}

    assert seen[0] == "connected"
    assert seen[-1] == "execution:completed"


async def test_failed_execution_says_why(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient() as client:
        started = await client.workflows.execute("wf_broken")
        result = await client.executions.wait_for_completion(
            started["data"]["execution_id"], poll_interval=0.05, timeout=60.0
        )

    assert result["status"] == "failed"
    assert result["error"]
    assert result["error_details"]["node_id"] == "each"


async def test_paused_execution_goes_on_with_an_answer(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient() as client:
        started = await client.workflows.execute("wf_review", inputs={"text": "2 + 2 = 4"})
        execution_id = started["data"]["execution_id"]
        async for event in client.executions.stream(execution_id):
            if event["type"] == "execution:paused":
                paused = (await client.executions.get(execution_id))["data"]
                assert paused["status"] == "paused"
                assert "2 + 2 = 4" in paused["pause_context"]["prompt"]
                await client.executions.resume(execution_id, "yes")
        result = await client.executions.wait_for_completion(execution_id)

    assert result["outputs"] == {"verdict": "yes"}


async def test_thread_answers_streams_lists_and_is_deleted(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient() as client:
        assert "scripted" in [agent["model"] for agent in (await client.agents.list())["data"]]
        thread = await client.agents.create_thread("agent_abc123", metadata={"user_id": "u"})
        thread_id = thread["data"]["id"]
        assert thread["data"]["metadata"] == {"user_id": "u"}

        response = await client.threads.send_message(thread_id, "What is my order status?")
        assert response["data"]["content"] == "You said: What is my order status?"
        assert response["data"]["usage"]["total_tokens"] > 0

        text = ""
        async for event in client.threads.send_message_stream(thread_id, "Tell me a story"):
            if event["type"] == "message:token":
                text += event["token"]
            elif event["type"] == "message:completed":
                assert event["content"] == text
        assert text == "You said: Tell me a story"

        messages = (await client.threads.list_messages(thread_id))["data"]
        assert [message["role"] for message in messages] == ["user", "assistant"] * 2
        await client.threads.delete(thread_id)
        with pytest.raises(NotFoundError):
            await client.threads.get(thread_id)


async def test_knowledge_base_answers_from_the_right_document(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient() as client:
        bases = (await client.knowledge_bases.list())["data"]
        assert [base["document_count"] for base in bases] == [2]
        response = await client.knowledge_bases.query(
            "kb_abc123", "How do I reset my password?", top_k=5
        )

    results = response["data"]["results"]
    assert results[0]["document_name"] == "passwords.md"
    assert "Reset password" in results[0]["content"]
    assert 1 >= results[0]["similarity"] >= results[-1]["similarity"] >= 0


async def test_triggers_are_filtered_and_executed(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient() as client:
        listed = (await client.triggers.list(workflow_id="wf_123"))["data"]
        assert [(trigger["name"], trigger["type"]) for trigger in listed] == [("Signup", "manual")]
        before = listed[0]["trigger_count"]

        response = await client.triggers.execute("trigger_abc123", inputs={"user_id": "user_123"})

        result = await client.executions.wait_for_completion(response["data"]["execution_id"])
        assert result["outputs"] == {"greeting": "Hello somebody"}
        again = (await client.triggers.list(workflow_id="wf_123"))["data"][0]
        assert again["trigger_count"] == before + 1
        assert again["last_triggered_at"] is not None


async def test_webhook_is_created_called_tested_and_deleted(
    server: ServerProcess, receiver: Receiver
) -> None:
    async with AsyncFlowMaestroClient() as client:
        created = await client.webhooks.create(
            name="My Webhook",
            url=receiver.url,
            events=["execution.completed", "execution.failed"],
        )
        webhook_id, secret = created["data"]["id"], created["data"]["secret"]
        tested = (await client.webhooks.test(webhook_id))["data"]
        assert tested["success"], tested
        assert tested["response_time_ms"] >= 0
        started = await client.workflows.execute("wf_123", inputs={"name": "Ada"})
        execution_id = started["data"]["execution_id"]
        until(lambda: len(receiver.deliveries) == 2)
        await client.webhooks.delete(webhook_id)
        remaining = (await client.webhooks.list())["data"]
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


async def test_errors_are_the_documented_classes(server: ServerProcess) -> None:
    async with AsyncFlowMaestroClient() as client:
        with pytest.raises(NotFoundError) as missing:
            await client.workflows.execute("wf_invalid")
        assert missing.value.code == "resource_not_found"
        assert missing.value.request_id
        with pytest.raises(ValidationError) as invalid:
            await client.workflows.execute("wf_123")
        [problem] = invalid.value.details["errors"]
        assert problem["field"] == "inputs.name"
        assert "name" in problem["message"]
    async with AsyncFlowMaestroClient(api_key=f"fm_live_{uuid.uuid4().hex}") as stranger:
        with pytest.raises(AuthenticationError) as refused:
            await stranger.workflows.list()
        assert refused.value.code == "invalid_api_key"
        assert isinstance(refused.value, FlowMaestroError)
