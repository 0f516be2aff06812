"""The chat lane over HTTP: conversations, runs, answers, memory."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from quintet_server.store.clock import Clock


class Talk:
    """Conversations of a business with some data."""

    def __init__(self, api: Any) -> None:
        self.api = api
        clock: Clock = api.runtime.clock
        self.now = clock.now()

    async def ask(self, input: str, **body: Any) -> dict[str, Any]:
        """What a question is answered with at once."""
        return dict(await self.api.ask("POST", "/chat", {"input": input, **body}, 202))

    async def run(self, started: dict[str, Any], query: str = "wait_ms=20000") -> dict[str, Any]:
        path = f"/chats/{started['chat_id']}/runs/{started['run_id']}?{query}"
        return dict(await self.api.ask("GET", path))

    async def answered(self, input: str, **body: Any) -> dict[str, Any]:
        """The run once it has settled."""
        return await self.run(await self.ask(input, **body))

    async def text(self, input: str, **body: Any) -> str:
        run = await self.answered(input, **body)
        assert run["status"] == "complete", run
        return str(run["answer"]["answer_text"])


@pytest_asyncio.fixture(loop_scope="session")
async def talk(api: Any) -> Talk:
    rows = [
        {"id": f"i{n}", "timestamp": f"2026-0{1 + n % 3}-10T12:00:00Z", "channel": channel}
        | {"company_name": company}
        for n, (channel, company) in enumerate(
            [("call", "Acme Labs")] * 4 + [("email", "Acme Foods")] * 2 + [("email", "Initech")]
        )
    ]
    answer = await api.post("/data/ingest", {"table": "interactions", "rows": rows})
    assert answer.status_code in (200, 201), answer.text
    return Talk(api)


QUICK = {"depth": "quick"}


async def test_question_is_answered_with_text_blocks_and_follow_ups(talk: Talk) -> None:
    started = await talk.ask("How many interactions by channel?", config=QUICK)
    base = f"/api/platform/v1/chats/{started['chat_id']}/runs/{started['run_id']}"
    assert started == {
        "success": True,
        "chat_id": started["chat_id"],
        "run_id": started["run_id"],
        "status": "queued",
        "stream_url": f"{base}/stream",
        "read_url": base,
        "resume_url": f"{base}/resume",
    }
    run = await talk.run(started)
    assert run["status"] == "complete"
    assert run["input"] == "How many interactions by channel?"
    assert run["config"] == QUICK
    assert run["answer"]["answer_text"] == (
        "By channel, call leads with 4 of 7 interactions (57%). Then comes email (3, 43%)."
    )
    kinds = [block["type"] for block in run["answer"]["content_blocks"]]
    assert kinds == ["text", "table", "chart_spec", "citation"]
    assert 0 < len(run["answer"]["follow_ups"]) <= 4
    assert run["usage"] == {"tokens": 0, "turns_used": 3}
    assert run["completed_at"] is not None


async def test_deep_is_the_default_and_looks_around_the_question(talk: Talk) -> None:
    quick = await talk.answered("How many interactions by channel?", config=QUICK)
    deep = await talk.answered("How many interactions by channel?")
    assert deep["usage"]["turns_used"] > quick["usage"]["turns_used"]
    text = deep["answer"]["answer_text"]
    assert text.startswith(quick["answer"]["answer_text"])
    assert len(text) > len(quick["answer"]["answer_text"])


async def test_conversation_remembers_what_was_asked_before(talk: Talk) -> None:
    first = await talk.ask("How many interactions with Initech by channel?", config=QUICK)
    await talk.run(first)
    chat = {"chat_id": first["chat_id"], "config": QUICK}
    assert await talk.text("And with Acme Labs?", **chat) == (
        "All 4 interactions with Acme Labs have the channel call."
    )
    text = await talk.text("And by month?", **chat)
    assert "with Acme Labs" in text
    assert "from 2 in January 2026 to 1 in March 2026" in text
    alone = await talk.text("And by month?", config=QUICK)
    assert "Acme" not in alone


async def test_choice_of_one_run_holds_for_the_next(talk: Talk) -> None:
    started = await talk.ask("How many interactions with Acme?", config=QUICK)
    run = await talk.run(started)
    assert run["status"] == "awaiting_input"
    assert run["answer"] is None
    assert run["pending_input"]["type"] == "multiple_choice"
    path = f"/chats/{started['chat_id']}/runs/{started['run_id']}"
    answer = {"input": {"choice": "Acme Foods"}}
    resumed = await talk.api.ask("POST", f"{path}/resume", answer)
    assert resumed["success"] is True
    assert (resumed["run_id"], resumed["status"]) == (started["run_id"], "queued")
    run = await talk.run(started)
    assert run["answer"]["answer_text"].startswith("There are 2 interactions with Acme Foods.")
    text = await talk.text("And by channel?", chat_id=started["chat_id"], config=QUICK)
    assert text == "All 2 interactions with Acme Foods have the channel email."


async def test_run_that_is_not_to_be_remembered_is_not(talk: Talk) -> None:
    started = await talk.ask(
        "How many interactions with Initech?", config={**QUICK, "write_memory": False}
    )
    await talk.run(started)
    text = await talk.text("And by channel?", chat_id=started["chat_id"], config=QUICK)
    assert "Initech" not in text


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({"write_outputs": True}, 1),
        ({"write_outputs": True, "actions_allowed": ["write_outputs"]}, 1),
        ({"write_outputs": True, "actions_allowed": []}, 0),
        ({}, 0),
    ],
)
async def test_outputs_are_written_where_they_are_wanted_and_allowed(
    talk: Talk, config: dict[str, Any], count: int
) -> None:
    run = await talk.answered("interactions by channel", config={**QUICK, **config})
    assert len(run["artifacts"]) == count


async def test_external_search_is_said_not_to_have_happened(talk: Talk) -> None:
    config = {**QUICK, "external_search": True}
    run = await talk.answered("interactions by channel", config=config)
    assert "Nothing outside of the workspace was searched." in run["answer"]["answer_text"]


async def test_events_of_a_run_are_included_on_request_and_streamed(talk: Talk) -> None:
    started = await talk.ask("interactions by channel", config=QUICK)
    run = await talk.run(started, "wait_ms=20000&include=events")
    types = [event["type"] for event in run["events"]]
    assert types[0] == "session.started"
    assert types[-1] == "session.completed"
    assert [event["seq"] for event in run["events"]] == [*range(1, len(types) + 1)]
    stream = await talk.api.get(
        f"/chats/{started['chat_id']}/runs/{started['run_id']}/stream",
        headers={"Last-Event-ID": "1"},
    )
    assert stream.status_code == 200
    assert stream.text.count("event: ") == len(types) - 1
    await talk.api.refused(
        *("GET", f"/chats/{started['chat_id']}/runs/{started['run_id']}?include=all", None),
        *(400, "invalid_argument"),
    )


async def test_canceled_run_lets_the_conversation_go_on(talk: Talk) -> None:
    started = await talk.ask("How many interactions with Acme?", config=QUICK)
    await talk.run(started)
    chat = {"input": "and by channel?", "chat_id": started["chat_id"], "config": QUICK}
    error = await talk.api.refused("POST", "/chat", chat, 409, "invalid_state")
    assert error["details"] == {"run_id": started["run_id"], "status": "awaiting_input"}
    path = f"/chats/{started['chat_id']}/runs/{started['run_id']}"
    canceled = await talk.api.ask("POST", f"{path}/cancel")
    assert canceled["status"] == "canceled"
    await talk.ask(**chat)


async def test_chats_are_listed_read_renamed_and_archived(talk: Talk) -> None:
    started = await talk.ask("interactions by channel", config=QUICK, name="Channels")
    await talk.run(started)
    chat_id = started["chat_id"]
    other = await talk.ask("How many calls?", config=QUICK)
    await talk.run(other)
    listed = await talk.api.ask("GET", "/chats")
    assert [(one["id"], one["name"]) for one in listed["items"]] == [
        (other["chat_id"], "How many calls?"),
        (chat_id, "Channels"),
    ]
    shown = await talk.api.ask("GET", f"/chats/{chat_id}")
    assert shown["agent"] == "copilot"
    [run] = shown["runs"]
    assert (run["run_id"], run["status"]) == (started["run_id"], "complete")
    assert run["answer_text"].startswith("By channel, call leads")
    changed = await talk.api.ask("PATCH", f"/chats/{chat_id}", {"name": "Renamed"})
    assert (changed["name"], changed["status"]) == ("Renamed", "active")
    await talk.api.ask("PATCH", f"/chats/{chat_id}", {"status": "archived"})
    assert [one["id"] for one in (await talk.api.ask("GET", "/chats"))["items"]] == [
        other["chat_id"]
    ]
    archived = await talk.api.ask("GET", "/chats?status=archived&q=renam")
    assert [one["id"] for one in archived["items"]] == [chat_id]
    body = {"input": "And by month?", "chat_id": chat_id}
    await talk.api.refused("POST", "/chat", body, 409, "invalid_state")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "input"),
        ({"input": "  "}, "input"),
        ({"input": "x", "agent": "nobody"}, "agent"),
        ({"input": "x", "config": {"depth": "bottomless"}}, "config.depth"),
        ({"input": "x", "config": {"on_question": "ignore"}}, "config.on_question"),
        ({"input": 5}, "input"),
    ],
)
async def test_question_that_is_none_is_refused_with_its_field(
    api: Any, body: dict[str, Any], field: str
) -> None:
    error = await api.refused("POST", "/chat", body, 400, "invalid_argument")
    assert error["details"]["field"] == field
    assert (await api.ask("GET", "/chats"))["total"] == 0


async def test_chats_and_runs_of_others_are_not_found(talk: Talk) -> None:
    started = await talk.ask("interactions by channel", config=QUICK)
    second = await talk.ask("How many calls?", config=QUICK)
    other = await talk.api.other_project()
    chat, run = started["chat_id"], started["run_id"]
    for method, path, body in (
        ("GET", f"/chats/{chat}", None),
        ("PATCH", f"/chats/{chat}", {"name": "x"}),
        ("GET", f"/chats/{chat}/runs/{run}", None),
        ("GET", f"/chats/{chat}/runs/{run}/stream", None),
        ("POST", f"/chats/{chat}/runs/{run}/resume", {"input": {}}),
        ("POST", f"/chats/{chat}/runs/{run}/cancel", None),
        ("POST", "/chat", {"input": "x", "chat_id": chat}),
    ):
        await other.refused(method, path, body, 404, "not_found")
    # A run belongs to its own conversation only.
    path = f"/chats/{chat}/runs/{second['run_id']}"
    await talk.api.refused("GET", path, None, 404, "not_found")


async def test_scopes_of_the_lane_are_needed(api: Any) -> None:
    reader = await api.with_scopes("conversations:read")
    await reader.refused("POST", "/chat", {"input": "x"}, 403, "missing_scope")
    await reader.ask("GET", "/chats")
    writer = await api.with_scopes("conversations:write", "workflows:read")
    await writer.refused("GET", "/chats", None, 403, "missing_scope")
    viewer = await api.with_role("viewer")
    await viewer.refused("POST", "/chat", {"input": "x"}, 403, "role_too_low")


async def test_question_asked_twice_with_one_key_is_one_run(talk: Talk) -> None:
    options = {"headers": {"Idempotency-Key": "k1"}}
    body = {"input": "interactions by channel", "config": QUICK}
    first = await talk.api.ask("POST", "/chat", body, 202, **options)
    assert await talk.api.ask("POST", "/chat", body, 202, **options) == first
    assert (await talk.api.ask("GET", "/chats"))["total"] == 1


async def test_other_agents_answers_are_one_block_of_text(talk: Talk) -> None:
    run = await talk.answered("interactions by channel", agent="researcher", config=QUICK)
    [block] = run["answer"]["content_blocks"]
    assert block == {"type": "text", "text": run["answer"]["answer_text"]}
    assert len(run["artifacts"]) == 1


async def test_stream_of_a_run_leaves_a_row_in_the_audit_log(talk: Talk) -> None:
    started = await talk.ask("How many interactions by channel?", config=QUICK)
    await talk.run(started)
    assert (await talk.api.get(started["stream_url"].split("/v1", 1)[1])).status_code == 200
    assert (await talk.api.ask("GET", "/audit_log?q=chats.stream"))["total"] == 1
