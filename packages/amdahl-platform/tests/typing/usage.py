"""Code of a user: it must satisfy the type checkers as it stands."""

from __future__ import annotations

from typing import Any

from amdahl import (
    AgentFailedError,
    AmdahlClient,
    AmdahlError,
    AsyncAmdahlClient,
    ConflictError,
    InvalidSpecError,
    QueryResult,
    RateLimitError,
    WaitTimeoutError,
    create_page,
    iter_pages,
    page as p,
    query_data,
    start_agent,
    stream_agent,
    verify_webhook_signature,
    wait_for_agent,
    webhooks,
    with_retry,
)
from amdahl.aio import query_data as query_data_async
from amdahl.resources import AsyncData, Pages
from amdahl.types import AgentState, AgentStatus, PendingInput


def names(pages: Pages) -> list[str]:
    return [summary["name"] for summary in pages.iter()]


async def by_type(client: AmdahlClient, other: AsyncAmdahlClient) -> None:
    data: AsyncData = other.data
    print(names(client.pages), await data.query("SELECT 1"))


def query(client: AmdahlClient) -> None:
    result: QueryResult = query_data(client, "SELECT channel, COUNT(*) AS n FROM interactions")
    for row in result["rows"]:
        print(row["channel"], row["n"])
    print(result.columns, result.types, result.typed_rows()[0]["n"], result.to_pandas().shape)
    print(client.data.query("SELECT @a", {"a": 1}, limit=5).truncated)


def build(client: AmdahlClient) -> str:
    by_channel = p.sql("by_channel", "SELECT channel, COUNT(*) AS n FROM interactions")
    body = p.page(
        "Weekly",
        p.Grid(p.Table(by_channel), p.Stat("Mails", value=by_channel.cell("n"))),
        p.BarChart(by_channel, x="channel", y=["n"]),
    )
    try:
        page = create_page(client, body)
    except InvalidSpecError as error:
        print(error.verdict)
        raise
    client.pages.update(page["id"], description=None, tags=["a"], expected_version=page["version"])
    return client.pages.create(**body)["id"]


def work(client: AmdahlClient) -> AgentStatus:
    started = start_agent(client, profile_id="researcher", task="Look", input_params={"a": 1})
    for event in stream_agent(client, started["session_id"]):
        print(event["type"], event.get("data"), event.seq)

    def answer(asked: PendingInput) -> dict[str, Any]:
        print(asked["type"], asked["schema"])
        return {"approved": True}

    try:
        run = client.agents.wait(started["session_id"], timeout=60, on_input=answer)
    except WaitTimeoutError as error:
        print(error.session_id, error.last)
        raise
    except AgentFailedError as error:
        print(error.code, error.run)
        raise
    state: AgentState = "complete"
    print(state, run["status"], run.get("result"))
    return wait_for_agent(client, started["session_id"], interval_s=3.0)


def look_around(client: AmdahlClient) -> None:
    for page in client.pages.iter(status="published"):
        print(page["name"])
    for envelope in client.webhooks.iter().pages():
        print(envelope["items"])
    print([profile["id"] for profile in client.agents.profiles()])
    print(client.agents.iter_runs(status="failed").first(3))
    print([row["id"] for row in iter_pages(client, "/agent-runs")])
    print(client.me()["scopes"], client.account.context().get("role"))
    client.session.headers.update({"X-Mine": "1"})
    client.session.get(client.base_url + "/me", timeout=None).raise_for_status()


def fail_well(client: AmdahlClient) -> None:
    try:
        with_retry(lambda: client.agents.cancel("as_1"), max_attempts=3)
    except RateLimitError as error:
        print(error.retry_after, error.limit)
    except ConflictError as error:
        print(error.current_version)
    except AmdahlError as error:
        print(error.status, error.code, error.body, error.request_id, error.is_retryable)


def receive(raw: bytes, headers: dict[str, str], secret: str) -> str:
    genuine: bool = verify_webhook_signature(raw, headers.get("X-Webhook-Signature"), secret)
    event = webhooks.verify(raw, headers, [secret], tolerance=300)
    return event.dedupe_key if genuine else event["event"]


async def asynchronously(client: AsyncAmdahlClient) -> None:
    async with client as same:
        print((await query_data_async(same, "SELECT 1")).rows)

        async def answer(asked: PendingInput) -> dict[str, Any]:
            return {"approved": bool(asked)}

        run = await same.agents.run("researcher", "Look", on_input=answer)
        async with same.agents.stream(run["session_id"], stop_on_input=True) as events:
            async for event in events:
                print(event.type, event.is_final)
        async for page in same.pages.iter():
            print(page["id"])
        print(await same.artifacts.iter().first(2))
