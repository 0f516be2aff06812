"""What the guide shows, call by call, with the URL and the key in the environment only.

First its blocking functions, then those of `amdahl.aio`.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from flask import Flask, jsonify, request
from sseclient import SSEClient
from werkzeug.serving import make_server

from amdahl import (
    TERMINAL,
    AmdahlClient,
    AmdahlError,
    InvalidArgumentError,
    NotFoundError,
    aio,
    archive_page,
    create_page,
    delete_webhook,
    get_agent_status,
    get_page,
    iter_pages,
    list_pages,
    list_webhooks,
    query_data,
    register_webhook,
    resume_agent,
    start_agent,
    stream_agent,
    update_page,
    update_webhook,
    verify_webhook_signature,
    wait_for_agent,
    with_retry,
)
from tests.support.amdahl import AmdahlServer
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

SQL = (
    "SELECT channel, COUNT(*) AS events FROM interactions "
    "GROUP BY channel ORDER BY events DESC LIMIT 5"
)
COUNTED = [("call", 3), ("email", 2), ("chat", 1)]
PAGE: dict[str, Any] = {
    "name": "Weekly sentiment",
    "tags": ["weekly", "sentiment"],
    "declared_queries": [
        {
            "name": "by_channel",
            "sql": "SELECT channel, COUNT(*) AS events FROM interactions GROUP BY channel",
        }
    ],
    "spec": {
        "type": "Section",
        "children": [{"type": "Table", "data": {"$query": "by_channel"}}],
    },
}
TASK = "Write a blog post about what customers say on pricing"


@pytest.fixture
def client(server: AmdahlServer) -> Iterator[AmdahlClient]:
    with AmdahlClient() as made:
        yield made


def test_query_rows_are_looped_over(client: AmdahlClient) -> None:
    result = query_data(client, SQL)
    assert [(row["channel"], row["events"]) for row in result["rows"]] == COUNTED


def test_page_is_created_from_the_shorthand_read_changed_and_archived(
    client: AmdahlClient,
) -> None:
    page = create_page(client, PAGE)
    assert page["spec"]["version"] == 1
    [table] = page["spec"]["root"]["children"]
    assert table["props"]["data"] == {"$query": "by_channel"}

    assert get_page(client, page["id"])["name"] == "Weekly sentiment"
    assert [one["id"] for one in list_pages(client)["items"]] == [page["id"]]
    changed = update_page(client, page["id"], {"name": "Sentiment"})
    assert (changed["name"], changed["version"]) == ("Sentiment", 2)
    rows = client.pages.render(page["id"])["results"]["by_channel"]["rows"]
    assert sorted((row["channel"], row["events"]) for row in rows) == sorted(COUNTED)

    with pytest.raises(AmdahlError) as raised:
        update_page(client, page["id"], {"name": "Other", "expected_version": 1})
    assert (raised.value.status, raised.value.code) == (409, "version_conflict")
    archive_page(client, page["id"])
    assert list_pages(client)["items"] == []
    assert get_page(client, page["id"])["status"] == "archived"
    with pytest.raises(NotFoundError):
        archive_page(client, page["id"])
    assert update_page(client, page["id"], {"status": "draft"})["status"] == "draft"


def test_run_is_started_polled_answered_and_streamed(client: AmdahlClient) -> None:
    started = start_agent(client, profile_id="content_writer", task=TASK)
    session_id = started["session_id"]
    asks = wait_for_agent(client, session_id, interval_s=0.05, timeout_s=60)
    assert asks["status"] == "awaiting_input"
    assert resume_agent(client, session_id, {"approved": True})["status"] == "queued"
    seen = []
    for event in stream_agent(client, session_id):
        seen.append((event["type"], event.get("data")))
        if event["type"] in {"session.completed", "session.failed"}:
            break
    assert seen[-1][0] == "session.completed"
    assert "session.awaiting_input" in [kind for kind, _ in seen]
    status = get_agent_status(client, session_id)
    assert status["status"] in TERMINAL
    assert status["result"]["artifact"]["id"] == seen[-1][1]["result"]["artifact"]["id"]


def test_run_is_streamed_by_the_guides_other_readers(
    client: AmdahlClient, server: AmdahlServer, key: str
) -> None:
    session_id = start_agent(client, profile_id="copilot", task="How many calls?")["session_id"]
    ours = [event["type"] for event in stream_agent(client, session_id)]

    response = client.session.get(
        f"{client.base_url}/agents/{session_id}/stream", stream=True, timeout=None
    )
    response.raise_for_status()
    by_sseclient = [
        json.loads(one.data)["type"] for one in SSEClient(response).events() if one.data
    ]

    by_httpx = []
    url = f"{server.api}/agents/{session_id}/stream"
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.stream("GET", url, headers=headers, timeout=None, trust_env=False) as r:
        buffer = ""
        for chunk in r.iter_text():
            buffer += chunk
            while "\n\n" in buffer:
                frame, buffer = buffer.split("\n\n", 1)
                for line in frame.splitlines():
                    if line.startswith("data: "):
                        by_httpx.append(json.loads(line[6:])["type"])

    assert ours[-1] == "session.completed"
    assert ours == by_sseclient == by_httpx


@pytest.fixture
def flask_receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[Any]]]:
    """The guide's receiver, on a port of its own: its URL, and each (status, event) of it."""
    answered: list[Any] = []
    app = Flask("receiver")

    @app.post("/hooks/amdahl")
    def hook() -> Any:
        raw = request.get_data()
        sig = request.headers.get("X-Webhook-Signature")
        if not verify_webhook_signature(raw, sig, os.environ["WEBHOOK_SECRET"]):
            answered.append((401, None))
            return jsonify({"error": "invalid_signature"}), 401
        answered.append((202, json.loads(raw)))
        return jsonify({"received": True}), 202

    listening = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}/hooks/amdahl", answered
    listening.shutdown()
    listening.server_close()
    thread.join(5)


def test_webhook_is_managed_and_its_delivery_verified_in_flask(
    client: AmdahlClient,
    flask_receiver: tuple[str, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, answered = flask_receiver
    hook = register_webhook(client, url=url, events=["page.created"], description="Mine")
    monkeypatch.setenv("WEBHOOK_SECRET", hook["secret"])
    [listed] = list_webhooks(client)["items"]
    assert (listed["id"], listed["description"]) == (hook["id"], "Mine")
    assert "secret" not in listed

    page = create_page(client, PAGE)
    [(status, event)] = until(lambda: list(answered))
    assert (status, event["event"]) == (202, "page.created")
    assert page["id"] in json.dumps(event)

    monkeypatch.setenv("WEBHOOK_SECRET", "whsec_of_somebody_else")
    assert httpx.post(url, content=b"{}", trust_env=False, timeout=60).status_code == 401
    assert update_webhook(client, hook["id"], {"active": False})["active"] is False
    delete_webhook(client, hook["id"])
    assert list_webhooks(client)["items"] == []


def test_empty_task_is_an_invalid_argument_in_the_guides_pattern(client: AmdahlClient) -> None:
    printed: list[Any] = []
    try:
        start_agent(client, profile_id="content_writer", task="")
    except AmdahlError as err:
        if err.code == "invalid_argument":
            printed.append(("bad input", type(err), err.status, err.body["error"]["code"]))
        elif err.status == 429:
            printed.append(("rate limited", (err.body or {}).get("retry_after", 5)))
        else:
            printed.append(("amdahl error", err.status, err.code, err.body))
    assert printed == [("bad input", InvalidArgumentError, 400, "invalid_argument")]


def test_retry_helper_returns_what_succeeds_and_does_not_repeat_a_mistake(
    client: AmdahlClient,
) -> None:
    calls: list[None] = []

    def call() -> Any:
        calls.append(None)
        return start_agent(client, profile_id="nobody", task="x")

    assert len(with_retry(lambda: query_data(client, SQL))["rows"]) == 3
    with pytest.raises(AmdahlError, match="invalid_argument"):
        with_retry(call, max_attempts=3, base_s=0.01)
    assert len(calls) == 1


def test_pager_walks_a_real_list_to_its_end(client: AmdahlClient) -> None:
    made = {create_page(client, {**PAGE, "name": f"Page {number}"})["id"] for number in range(5)}
    found = [row["id"] for row in iter_pages(client, "/pages", limit=2)]
    assert len(found) == 5
    assert set(found) == made


async def test_functions_of_asyncio_do_the_same(server: AmdahlServer) -> None:
    async with aio.AsyncAmdahlClient() as client:
        result = await aio.query_data(client, SQL)
        assert [(row["channel"], row["events"]) for row in result["rows"]] == COUNTED

        page = await aio.create_page(client, PAGE)
        assert (await aio.get_page(client, page["id"]))["spec"]["version"] == 1
        assert (await aio.update_page(client, page["id"], {"name": "S"}))["name"] == "S"
        assert len((await aio.list_pages(client))["items"]) == 1
        assert [row["id"] async for row in aio.iter_pages(client, "/pages")] == [page["id"]]
        await aio.archive_page(client, page["id"])

        started = await aio.start_agent(client, profile_id="content_writer", task=TASK)
        session_id = started["session_id"]
        asks = await aio.wait_for_agent(client, session_id, interval_s=0.05, timeout_s=60)
        assert asks["status"] == "awaiting_input"
        await aio.resume_agent(client, session_id, {"approved": True})
        kinds = [event["type"] async for event in aio.stream_agent(client, session_id)]
        assert kinds[-1] == "session.completed"
        assert (await aio.get_agent_status(client, session_id))["status"] == "complete"

        url = "http://127.0.0.1:9/hook"
        hook = await aio.register_webhook(client, url=url, events=["session.failed"])
        assert len((await aio.list_webhooks(client))["items"]) == 1
        changed = await aio.update_webhook(client, hook["id"], {"events": ["*"]})
        assert changed["events"] == ["*"]
        await aio.delete_webhook(client, hook["id"])

        with pytest.raises(InvalidArgumentError):
            await aio.with_retry(
                lambda: aio.start_agent(client, profile_id="content_writer", task="")
            )
