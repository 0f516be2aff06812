"""Code of a user: it must satisfy the type checkers as it stands."""

from __future__ import annotations

from flowmaestro import (
    AsyncFlowMaestroClient,
    FlowMaestroClient,
    FlowMaestroError,
    NotFoundError,
    RateLimitError,
    ServiceTimeoutError,
    ValidationError,
    WaitTimeoutError,
    WebhookVerifier,
    verify_webhook,
)
from flowmaestro.resources import AsyncAgents, Workflows
from flowmaestro.types import Execution, ExecutionStatus, Workflow


def show_workflow(workflow: Workflow) -> None:
    print(f"name: {workflow['name']}")


def names(workflows: Workflows) -> list[str]:
    return [workflow["name"] for workflow in workflows.iter()]


async def by_type(client: FlowMaestroClient, other: AsyncFlowMaestroClient) -> None:
    agents: AsyncAgents = other.agents
    print(names(client.workflows), await agents.get("a"))


def execute(client: FlowMaestroClient) -> Execution:
    response = client.workflows.execute("wf_123", inputs={"name": "World"})
    execution_id = response["data"]["execution_id"]
    try:
        result = client.executions.wait_for_completion(
            execution_id, poll_interval=1.0, timeout=300.0
        )
    except WaitTimeoutError as error:
        print(error.last, error.retry_after)
        raise
    status: str = result["status"]
    known: ExecutionStatus = "paused"
    print(status, known, result["outputs"], result["error"], result.get("pause_context"))
    return result


def look_around(client: FlowMaestroClient) -> None:
    for workflow in client.workflows.list(page=1, per_page=20)["data"]:
        show_workflow(workflow)
    print(client.workflows.list()["pagination"]["total_count"])
    print(client.workflows.get("wf_1")["data"]["input_schema"])
    for trigger in client.triggers.list(workflow_id="wf_1")["data"]:
        print(trigger["name"], trigger["type"])
    for knowledge_base in client.knowledge_bases.iter():
        print(knowledge_base["name"], knowledge_base["document_count"])
    for result in client.knowledge_bases.query("kb_1", "How?", top_k=5)["data"]["results"]:
        print(f"{result['similarity']:.3f}", result["content"], result["document_name"])


def talk(client: FlowMaestroClient) -> None:
    thread = client.agents.create_thread("agent_1", metadata={"user_id": "u"})["data"]["id"]
    answer = client.threads.send_message(thread, "Hi")["data"]
    print(answer["content"], answer["usage"]["total_tokens"])
    for event in client.threads.send_message_stream(thread, "Write a verse"):
        if event["type"] == "message:token":
            print(event.get("token", ""), end="", flush=True)
    messages = client.threads.list_messages(thread)["data"]
    for message in messages:
        print(message["role"], message["content"])
    print(messages["messages"][0]["content"])


def watch(client: FlowMaestroClient) -> None:
    with client.executions.stream("exec_1") as events:
        for event in events:
            print(event["type"], event.get("node_id"), event.get("outputs"))
    print(events.failed, events.final, events.last_event_id)


def subscribe(client: FlowMaestroClient) -> str:
    webhook = client.webhooks.create(
        name="W", url="https://api.example.com/webhook", events=["execution.completed"]
    )
    test = client.webhooks.test(webhook["data"]["id"])["data"]
    print(test["success"], test["response_time_ms"], test["error_message"])
    return webhook["data"]["secret"]


def fail_well(client: FlowMaestroClient) -> None:
    try:
        client.with_options(timeout=5, max_retries=0).workflows.execute("wf_invalid")
    except NotFoundError as error:
        print(error.request_id)
    except RateLimitError as error:
        print(error.retry_after, error.window)
    except ValidationError as error:
        print(error.details)
    except ServiceTimeoutError as error:
        print(error.thread_id)
    except FlowMaestroError as error:
        print(error.code, error.message, error.status_code)


async def asynchronously(client: AsyncFlowMaestroClient) -> None:
    async with client as same:
        started = await same.workflows.execute("wf_1", inputs={"name": "World"})
        async for event in same.executions.stream(started["data"]["execution_id"]):
            if event["type"] == "node:started":
                print(event["node_id"])
        async for execution in same.executions.iter(status="failed"):
            print(execution["id"])
        final = await same.threads.send_message_stream("thread_1", "Hi").until_end()
        print(None if final is None else final.get("content"))


def receive(body: bytes, headers: dict[str, str], secret: str) -> str:
    genuine: bool = verify_webhook(body, headers["x-flowmaestro-signature"], secret)
    event = WebhookVerifier([secret]).verify(body, headers)
    return event["id"] if genuine else event["event"]
