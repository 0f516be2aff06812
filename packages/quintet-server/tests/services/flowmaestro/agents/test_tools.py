"""Tools: called by the model itself, or chosen in a form when it cannot."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from quintet_server.services.flowmaestro.agents import toolbox
from quintet_server.services.flowmaestro.agents.tool_results import ToolFailed, ToolResult

from .conftest import kinds
from .scripted_model import call, listening

ORDER = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}


class Shop:
    """A service that tools call; remembers what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, str, bytes]] = []

    async def any(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode()
        self.asked.append((request.method, path, await request.body()))
        if "missing" in path:
            return JSONResponse({"error": "no such order"}, 404)
        return JSONResponse({"order": request.url.path.rsplit("/", 1)[-1], "state": "sent"})


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    app = Starlette(routes=[Route("/{rest:path}", shop.any, methods=["GET", "POST"])])
    async with listening(app) as shop.url:
        yield shop


def order_tool(shop: Shop, **changes: Any) -> dict[str, Any]:
    return {
        "name": "order",
        "description": "State of an order",
        "type": "http",
        "url": f"{shop.url}/orders/{{{{id}}}}",
        "parameters": ORDER,
        **changes,
    }


async def test_a_tool_call_is_carried_out_and_its_result_goes_to_the_model(talk, shop):
    agent = await talk.agent(tools=[order_tool(shop)])
    thread = await talk.thread(agent)
    talk.model.says("Let me see. ", call("order", "c1", id="A/1"))
    talk.model.says("It was sent.")
    events = await talk.stream(thread, "Where is A/1?")
    assert shop.asked == [("GET", "/orders/A%2F1", b"")]
    assert kinds(events) == [
        "message:started",
        "message:token",
        "message:tool_call",
        "message:tool_call",
        "message:token",
        "message:completed",
    ]
    started, completed = [one["data"] for one in events if one["event"] == "message:tool_call"]
    assert (started["status"], completed["status"]) == ("started", "completed")
    assert started["tool_call_id"] == completed["tool_call_id"] == "c1"
    assert started["arguments"] == {"id": "A/1"}
    assert json.loads(completed["result"])["status"] == 200
    last = events[-1]["data"]
    assert last["content"] == "Let me see. It was sent."
    assert last["tool_calls"] == [{"id": "c1", "name": "order", "arguments": {"id": "A/1"}}]
    assert last["usage"] == {"prompt_tokens": 14, "completion_tokens": 6, "total_tokens": 20}
    first, second = talk.model.requests
    assert first["tools"][0]["function"] == {
        "name": "order",
        "description": "State of an order",
        "parameters": ORDER,
    }
    assert [one["role"] for one in second["messages"]] == ["system", "user", "assistant", "tool"]
    result = second["messages"][-1]
    assert result["tool_call_id"] == "c1"
    assert "sent" in result["content"]
    listed = (await talk.data(f"/threads/{thread}/messages"))[-1]
    assert listed["tool_calls"] == last["tool_calls"]


async def test_errors_of_tools_go_back_to_the_model(talk, shop):
    agent = await talk.agent(tools=[order_tool(shop)])
    thread = await talk.thread(agent)
    talk.model.says(call("order", "c1"), call("nothing", "c2") | {"index": 1})
    talk.model.says(call("order", "c3", id=5))
    talk.model.says("Sorry.")
    events = await talk.stream(thread)
    failed = [one["data"]["error"] for one in events if one["data"].get("status") == "failed"]
    assert failed == [
        "missing arguments: id",
        "there is no tool 'nothing' (known: order)",
        "argument 'id' must be of type string",
    ]
    assert shop.asked == []
    assert events[-1]["data"]["content"] == "Sorry."
    told = [text for role, text in talk.model.shown() if role == "tool"]
    assert told == [f"Error: {error}" for error in failed]


async def test_any_status_is_a_result(talk, shop):
    agent = await talk.agent(tools=[order_tool(shop)])
    thread = await talk.thread(agent)
    talk.model.says(call("order", id="missing"))
    talk.model.says("There is none.")
    assert (await talk.answer(thread))["content"] == "There is none."
    assert json.loads(talk.model.shown()[-1][1]) == {
        "status": 404,
        "data": {"error": "no such order"},
    }


async def test_arguments_that_cannot_be_stored_are_mended(talk, shop):
    thread = await talk.thread(await talk.agent(tools=[order_tool(shop)]))
    talk.model.says(call("order", id="a\x00b\ud800c"))
    talk.model.says("Strange.")
    data = await talk.answer(thread)
    assert data["content"] == "Strange."
    assert data["tool_calls"][0]["arguments"] == {"id": "a\ufffdb\ufffdc"}
    assert shop.asked == [("GET", "/orders/a%EF%BF%BDb%EF%BF%BDc", b"")]


async def test_tool_rounds_are_bounded(talk, shop):
    agent = await talk.agent(tools=[order_tool(shop)])
    thread = await talk.thread(agent)
    for number in range(5):
        talk.model.says(call("order", f"c{number}", id=str(number)))
    talk.model.says("Enough.")
    data = await talk.answer(thread)
    assert data["content"] == "Enough."
    assert data["tool_calls_count"] == 5
    assert data["iterations"] == 6
    assert [("tools" in request) for request in talk.model.requests] == [True] * 5 + [False]


async def test_a_private_address_is_refused_unless_allowed(talking, shop):
    async with talking(allow_private_targets=False) as talk:
        agent = await talk.agent(tools=[order_tool(shop)])
        thread = await talk.thread(agent)
        talk.model.says(call("order", id="1"))
        talk.model.says("No.")
        events = await talk.stream(thread)
        [failed] = [one["data"] for one in events if one["data"].get("status") == "failed"]
        assert "not a public address" in failed["error"]
        assert shop.asked == []


async def test_a_workflow_is_a_tool_with_the_parameters_of_its_inputs(talk):
    workflow = {
        "kind": "workflow",
        "name": "shout",
        "spec": {
            "nodes": {
                "in": {"type": "input", "config": {"inputName": "text", "required": True}},
                "out": {
                    "type": "output",
                    "config": {"outputName": "loud", "value": "{{text}}!"},
                },
            },
            "edges": [{"id": "e", "source": "in", "target": "out"}],
        },
    }
    await talk.apply(talk.folder, workflow)
    tool = {"name": "shout", "description": "Shouts", "type": "workflow", "workflow": "shout"}
    thread = await talk.thread(await talk.agent(tools=[tool]))
    talk.model.says(call("shout", text="hey"))
    talk.model.says("Done.")
    await talk.answer(thread)
    parameters = talk.model.requests[0]["tools"][0]["function"]["parameters"]
    assert parameters["required"] == ["text"]
    result = json.loads(talk.model.shown()[-1][1])
    assert result["outputs"] == {"loud": "hey!"}
    execution = await talk.data(f"/executions/{result['execution_id']}")
    assert execution["status"] == "completed"


async def test_a_workflow_that_is_gone_is_an_error_for_the_model(talk):
    spec = {"nodes": {"in": {"type": "input", "config": {"inputName": "a"}}}, "edges": []}
    await talk.apply(talk.folder, {"kind": "workflow", "name": "nowhere", "spec": spec})
    tool = {"name": "go", "type": "workflow", "workflow": "nowhere"}
    thread = await talk.thread(await talk.agent(tools=[tool]))
    await talk.sql("DELETE FROM flowmaestro_workflows WHERE project_id = %s", talk.project_id)
    talk.model.says(call("go"))
    talk.model.says("I cannot.")
    await talk.answer(thread)
    assert talk.model.shown()[-1] == ("tool", "Error: Workflow with id 'nowhere' not found")


@contextlib.contextmanager
def knowing(monkeypatch: pytest.MonkeyPatch, *passages: str) -> Any:
    """A knowledge base that finds these; yields what it was asked."""
    asked: list[dict[str, Any]] = []

    async def look_up(_parts: Any, _project: str, tool: Any, arguments: Any) -> ToolResult:
        asked.append({"base": tool.knowledge_base, **arguments})
        if not passages:
            raise ToolFailed("there is no knowledge base 'm'")
        found = [{"source": "guide.md", "score": 0.9, "content": text} for text in passages]
        sources = [{"document_name": "guide.md", "chunk_id": f"chunk_{text}"} for text in passages]
        return ToolResult({"passages": found}, sources)

    monkeypatch.setattr(toolbox, "look_up", look_up)
    yield asked


KNOWLEDGE = {"name": "docs", "type": "knowledge_base", "knowledge_base": "m"}


async def test_a_knowledge_base_is_asked_by_the_model_and_named_as_source(talk, monkeypatch):
    with knowing(monkeypatch, "Press reset.") as asked:
        thread = await talk.thread(await talk.agent(tools=[KNOWLEDGE]))
        talk.model.says(call("docs", query="reset password"))
        talk.model.says("Press it.")
        data = await talk.answer(thread)
    assert asked == [{"base": "m", "query": "reset password"}]
    assert data["metadata"]["sources"] == [
        {"document_name": "guide.md", "chunk_id": "chunk_Press reset."}
    ]
    listed = (await talk.data(f"/threads/{thread}/messages"))[-1]
    assert listed["metadata"]["sources"] == data["metadata"]["sources"]


async def test_without_tool_calls_everything_is_looked_up_before_the_answer(talking, monkeypatch):
    with knowing(monkeypatch, "Press reset.", "Then wait.") as asked:
        async with talking(ai={"UPSTREAM_TOOLS": "false"}) as talk:
            thread = await talk.thread(await talk.agent(tools=[KNOWLEDGE]))
            talk.model.says("Press, wait.")
            events = await talk.stream(thread, "How to reset?")
    assert asked == [{"base": "m", "query": "How to reset?"}]
    [request] = talk.model.requests
    assert "tools" not in request
    question = request["messages"][-1]["content"]
    assert question.endswith("Question: How to reset?")
    assert "Press reset." in question
    assert "Then wait." in question
    last = events[-1]["data"]
    assert last["content"] == "Press, wait."
    assert len(last["metadata"]["sources"]) == 2
    assert kinds(events)[:3] == ["message:started", "message:tool_call", "message:tool_call"]


async def test_a_knowledge_base_that_cannot_be_asked_does_not_stop_the_answer(talking, monkeypatch):
    with knowing(monkeypatch):
        async with talking(ai={"UPSTREAM_TOOLS": "false"}) as talk:
            thread = await talk.thread(await talk.agent(tools=[KNOWLEDGE]))
            data = await talk.answer(thread)
    assert data["content"] == "ok"
    assert "sources" not in data["metadata"]


async def test_without_tool_calls_the_model_chooses_in_a_form(talking, shop):
    async with talking(ai={"UPSTREAM_TOOLS": "false"}) as talk:
        thread = await talk.thread(await talk.agent(tools=[order_tool(shop)]))
        talk.model.says('{"tool": "order"}')
        talk.model.says('{"id": "7"}')
        talk.model.says('{"tool": "none"}')
        talk.model.says("Sent.")
        events = await talk.stream(thread, "Where is 7?")
        assert shop.asked == [("GET", "/orders/7", b"")]
        last = events[-1]["data"]
        assert last["content"] == "Sent."
        assert last["tool_calls"] == [{"id": "call_0", "name": "order", "arguments": {"id": "7"}}]
        assert last["usage"]["total_tokens"] == 40
        choice, arguments, again, answer = talk.model.requests
        schema = choice["response_format"]["json_schema"]["schema"]
        assert schema["properties"]["tool"]["enum"] == ["order", "none"]
        assert arguments["response_format"]["json_schema"]["schema"]["required"] == ["id"]
        assert "sent" in again["messages"][-1]["content"]
        assert "response_format" not in answer


async def test_a_choice_made_before_ends_the_choosing(talking, shop):
    async with talking(ai={"UPSTREAM_TOOLS": "false"}) as talk:
        thread = await talk.thread(await talk.agent(tools=[order_tool(shop)]))
        for _ in range(2):
            talk.model.says('{"tool": "order"}')
            talk.model.says('{"id": "7"}')
        talk.model.says("Sent.")
        assert (await talk.answer(thread))["content"] == "Sent."
        assert len(shop.asked) == 1


async def test_a_form_filled_with_nonsense_means_no_tool(talking, shop):
    async with talking(ai={"UPSTREAM_TOOLS": "false"}) as talk:
        thread = await talk.thread(await talk.agent(tools=[order_tool(shop)]))
        talk.model.says('{"tool": "or')
        talk.model.says("I do not know.")
        assert (await talk.answer(thread))["content"] == "I do not know."
        assert shop.asked == []
