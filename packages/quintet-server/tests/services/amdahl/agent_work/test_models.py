"""With a language model: what it writes and what it plans, and what becomes of it when it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from quintet_server.engines.chat.engine import Chat
from quintet_server.engines.chat.model import (
    ChatDelta,
    ChatEnd,
    ChatFailed,
    ChatRequest,
    ToolCall,
    Usage,
)
from quintet_server.engines.chat.settings import AiSettings
from tests.support.model_server import model_server

from .conftest import Office
from .desks import PaperDesk

TASK = "How many interactions by channel?"
LEAD = "By channel, call leads with 2 of 3 interactions (67%)."
USAGE = Usage(10, 5, 15)


class Scripted:
    """A model that says what a test has written down; an exception is raised in its place."""

    is_available = True

    def __init__(self, *script: Any, tools: bool = False) -> None:
        self.supports_tools = tools
        self.script = list(script)
        self.requests: list[ChatRequest] = []

    async def stream(self, request: ChatRequest) -> AsyncIterator[ChatDelta | ChatEnd]:
        end = await self.complete(request)
        for letter in end.text:
            yield ChatDelta(letter)
        yield end

    async def complete(self, request: ChatRequest) -> ChatEnd:
        self.requests.append(request)
        said = self.script.pop(0) if self.script else ""
        if isinstance(said, Exception):
            raise said
        calls = tuple(said) if isinstance(said, list) else ()
        return ChatEnd("" if calls else said, "stop", USAGE, "m", "test", calls)


def call(name: str, **arguments: Any) -> ToolCall:
    return ToolCall(f"c_{name}", name, arguments)


def report(*sub_questions: Any, gaps: Any = ()) -> ToolCall:
    return call("report", sub_questions=list(sub_questions), gaps=list(gaps))


def item(question: str, answer: str, *evidence: str) -> dict[str, Any]:
    return {"question": question, "answer": answer, "evidence": list(evidence)}


QUERY = call(
    "query_data",
    sql="SELECT channel, COUNT(*) AS n FROM interactions GROUP BY channel ORDER BY n DESC",
    purpose="Count channels",
)


async def desk_of(office: Office, chat: Any, kind: str = "researcher", **params: Any) -> PaperDesk:
    await office.plant(
        "interactions",
        office.said(1, channel="call", content="pricing"),
        office.said(2, channel="call"),
        office.said(3, channel="email"),
    )
    params.setdefault("depth", "quick")
    return office.desk(kind, TASK, chat=chat, **params)


# Prose ---------------------------------------------------------------------------------------


async def test_words_of_the_model_are_told_where_they_keep_to_the_facts(office: Office) -> None:
    told = "Calls come first, with 2 of 3 interactions or 67%. Nine more are mails. "
    desk = await desk_of(office, Scripted(told))
    result = await office.at(desk)
    assert "Calls come first, with 2 of 3 interactions or 67%." in result.text
    assert "Nine" not in result.text
    assert LEAD not in result.text
    assert desk.tokens == [10, 5]
    assert desk.pieces["summary"][0].endswith(".")


@pytest.mark.parametrize("said", ["", "Everything is great!", ChatFailed("broken")])
async def test_model_that_says_nothing_true_leaves_the_computed_text(
    office: Office, said: Any
) -> None:
    with_model = await office.at(await desk_of(office, Scripted(said)))
    without = await office.at(office.desk("researcher", TASK, depth="quick"))
    assert with_model.text == without.text
    assert LEAD in without.text


async def test_upstream_that_repeats_its_prompt_states_no_figure_of_its_own(
    office: Office, tmp_path: Any
) -> None:
    with model_server() as model:
        chat = Chat(AiSettings(base_url=model.url), tmp_path)
        result = await office.at(await desk_of(office, chat))
        await chat.stop()
    # It was asked to plan, called no tool, and the plan was made without it.
    assert any("tools" in request for request in model.requests)
    assert LEAD in result.text
    assert "You said" not in result.text


async def test_small_model_of_this_machine_writes_within_the_facts(
    office: Office, smollm2: Any, tmp_path: Any
) -> None:
    chat = Chat(AiSettings(model_path=smollm2), tmp_path)
    try:
        desk = await desk_of(office, chat)
        desk.set(prose_max_tokens=20)
        result = await office.at(desk)
    finally:
        await chat.stop()
    assert desk.tokens[1] > 0
    assert "2 of 3 interactions (67%)" in result.text or "67%" in result.text
    assert desk.contents["report"]["sub_questions"][0]["answer"].startswith(LEAD)


# Plans ---------------------------------------------------------------------------------------


async def test_model_that_calls_tools_plans_and_its_answers_are_kept(office: Office) -> None:
    answer = "Calls lead with 2, which is 67% of all 3; mails are 1."
    done = report(item("Which channel leads?", answer, "e1"), gaps=["Nothing on prices."])
    desk = await desk_of(office, Scripted([QUERY], [done], tools=True))
    await office.at(desk)
    content = desk.contents["report"]
    [question] = content["sub_questions"]
    assert (question["question"], question["answer"]) == ("Which channel leads?", answer)
    assert question["citations"][0]["sql"] == QUERY.arguments["sql"]
    assert content["gaps"] == ["Nothing on prices."]
    assert ("query_data", "Count channels") in [told[:2] for told in desk.told]


async def test_model_is_told_the_tables_the_values_and_what_its_tools_found(
    office: Office,
) -> None:
    chat = Scripted([QUERY, call("no_tool")], [report(item("q", "2", "e1"))], tools=True)
    await office.at(await desk_of(office, chat, must_cover=["pricing"]))
    first, second = chat.requests[:2]
    assert "interactions(id STRING" in first.messages[0].content
    assert "channel: call, email" in first.messages[0].content
    assert "must be covered: pricing" in first.messages[0].content
    results = [one.content for one in second.messages if one.role == "tool"]
    assert '{"channel":"call","n":2}' in results[0]
    assert "There is no tool 'no_tool'." in results[1]


async def test_answer_with_a_figure_its_evidence_does_not_show_is_replaced_by_it(
    office: Office,
) -> None:
    done = report(item("Which channel leads?", "Calls lead with 250 of 300.", "e1"))
    desk = await desk_of(office, Scripted([QUERY], [done], tools=True))
    await office.at(desk)
    [question] = desk.contents["report"]["sub_questions"]
    assert question["answer"] == "The data show: channel call, n 2; channel email, n 1."


@pytest.mark.parametrize(
    "script",
    [
        ["I think calls lead."],
        [[report()]],
        [[report("nonsense", {"question": 1}, item("q", "2", "e9"))]],
        [[call("report", sub_questions="none")]],
        [ChatFailed("away")],
        [[call("query_data", sql="DROP TABLE interactions")], "Sorry."],
        [[call("query_data")]] * 9,
    ],
)
async def test_model_that_comes_to_no_report_has_its_plan_made_without_it(
    office: Office, script: list[Any]
) -> None:
    desk = await desk_of(office, Scripted(*script, tools=True))
    await office.at(desk)
    assert desk.contents["report"]["sub_questions"][0]["answer"].startswith(LEAD)


async def test_what_must_be_covered_is_covered_where_the_model_left_it_out(
    office: Office,
) -> None:
    done = report(item("Which channel leads?", "Calls with 2.", "e1"))
    chat = Scripted([QUERY], [done], tools=True)
    desk = await desk_of(office, chat, must_cover=["quotes about pricing", "leading channel"])
    await office.at(desk)
    asked = [one["question"] for one in desk.contents["report"]["sub_questions"]]
    assert asked == ["Which channel leads?", "quotes about pricing"]


async def test_copilot_answers_from_a_models_plan(office: Office) -> None:
    done = report(item("Which channel leads?", "Calls with 2 of 3.", "e1"))
    desk = await desk_of(office, Scripted([QUERY], [done], tools=True), "copilot")
    result = await office.at(desk)
    assert result.text == "Calls with 2 of 3."


async def test_setting_keeps_the_plan_from_a_model_that_could_make_it(office: Office) -> None:
    chat = Scripted([QUERY], tools=True)
    desk = await desk_of(office, chat)
    desk.set(planner="deterministic", prose_by_model=False)
    await office.at(desk)
    assert chat.requests == []
