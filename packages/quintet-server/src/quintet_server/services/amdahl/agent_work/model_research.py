"""Research that a capable model plans itself, with the deterministic plan to fall back on.

Which of the two plans is a matter of the setting `planner` and of the model that is configured: one
that has tool calls may plan, the small local one only writes. A model is never taken at its word:
an answer whose figures its evidence does not show is replaced by the evidence itself, and a model
that does not come to a report has its session planned without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from quintet_server.engines.chat.model import ChatError, ChatMessage, ChatRequest, ToolCall
from quintet_server.services.amdahl.agent_work.answers.answered import Answered, confidence_of
from quintet_server.services.amdahl.agent_work.answers.figures import figures_in
from quintet_server.services.amdahl.agent_work.asking.questions import DEPTHS
from quintet_server.services.amdahl.agent_work.asking.vocabulary import STOP_WORDS, words_of
from quintet_server.services.amdahl.agent_work.bench import Bench
from quintet_server.services.amdahl.agent_work.model_tools import (
    REPORT,
    TOOLS,
    Evidence,
    instructions,
    use,
)
from quintet_server.services.amdahl.agent_work.research import (
    Research,
    answer_all,
    decide_all,
    prepare,
    questions_of,
)
from quintet_server.services.amdahl.agents.model import FinishNow

__all__ = ["asked_by_model", "model_research", "plans_by_model"]

_log = structlog.get_logger(__name__)
_CALLS_MAX_COUNT = 4
_QUESTIONS_MAX_COUNT = 20
_ROWS_TOLD_COUNT = 5


def plans_by_model(bench: Bench) -> bool:
    """Whether a model plans: the setting, and one that is able to."""
    if bench.parts.settings.planner == "deterministic":
        return False
    return bench.parts.chat.is_available and bench.parts.chat.supports_tools


async def model_research(bench: Bench, *, depth: str) -> Research:
    """Research by whoever plans here; what has to be covered is covered either way."""
    async with bench.turn("plan"):
        found = await prepare(bench)
        decide_all(found)
    if not await asked_by_model(bench, found, depth):
        await answer_all(bench, found, questions_of(found, depth))
    return found


async def asked_by_model(bench: Bench, found: Research, depth: str) -> bool:
    """Let the model ask the data. False, with nothing answered, if it does not plan or report."""
    if not plans_by_model(bench):
        return False
    covers = [text for text, _ in found.covers]
    messages = [
        ChatMessage("system", _system(bench, instructions(found.held, covers, depth))),
        ChatMessage("user", found.topic),
    ]
    evidence: dict[str, Evidence] = {}
    # A round for each question, one to find its feet, one to report.
    for number in range(DEPTHS.get(depth, DEPTHS["standard"]) + 2):
        try:
            async with bench.turn(f"round[{number}]"):
                report = await _round(bench, f"round[{number}]", messages, evidence)
        except FinishNow:
            return False
        if report is not None:
            found.answered += _answers(report, evidence)
            if not found.answered:
                return False
            found.gaps += [str(gap) for gap in _list(report.get("gaps")) if str(gap).strip()]
            await _cover(bench, found)
            return True
    return False


async def _round(
    bench: Bench, key: str, messages: list[ChatMessage], evidence: dict[str, Evidence]
) -> Mapping[str, Any] | None:
    """One answer of the model and what it asks for; its report, once it has one.

    An answer without tool calls, and a model that fails, count as an empty report.
    """
    answer = await bench.step(f"{key}/model", lambda: _asked(bench, messages))
    calls = [ToolCall(**call) for call in answer["tool_calls"]][:_CALLS_MAX_COUNT]
    if not calls:
        return {}
    messages.append(ChatMessage("assistant", answer["text"], tuple(calls)))
    for place, call in enumerate(calls):
        if call.name == REPORT:
            return call.arguments
        found, told = await use(bench, f"{key}/call[{place}]", call, f"e{len(evidence) + 1}")
        if found is not None:
            evidence[found.id] = found
        messages.append(ChatMessage("tool", told, tool_call_id=call.id))
    return None


async def _asked(bench: Bench, messages: Sequence[ChatMessage]) -> dict[str, Any]:
    request = ChatRequest(tuple(messages), temperature=bench.desk.profile.temperature, tools=TOOLS)
    try:
        end = await bench.parts.chat.complete(request)
    except ChatError as error:
        _log.warning("agent_plan_failed", session=bench.desk.session_id, error=error.message)
        return {"text": "", "tool_calls": []}
    bench.desk.used(end.usage.prompt_tokens, end.usage.completion_tokens)
    calls = [
        {"id": call.id, "name": call.name, "arguments": call.arguments} for call in end.tool_calls
    ]
    return {"text": end.text, "tool_calls": calls}


def _system(bench: Bench, text: str) -> str:
    own = bench.desk.profile.instructions
    return f"{text}\n\n{own}" if own else text


def _answers(report: Mapping[str, Any], evidence: Mapping[str, Evidence]) -> list[Answered]:
    """The answers of a report that name their evidence; others are left out."""
    answers = []
    for item in _list(report.get("sub_questions"))[:_QUESTIONS_MAX_COUNT]:
        if not isinstance(item, Mapping):
            continue
        question, answer = item.get("question"), item.get("answer")
        shown = [evidence[id] for id in map(str, _list(item.get("evidence"))) if id in evidence]
        if isinstance(question, str) and isinstance(answer, str) and answer.strip() and shown:
            answers.append(_answered(question, " ".join(answer.split()), shown))
    return answers


def _answered(question: str, answer: str, shown: Sequence[Evidence]) -> Answered:
    known = frozenset().union(figures_in(question), *(one.figures() for one in shown))
    if not figures_in(answer) <= known:
        answer = _described(shown)
    support = sum(one.support for one in shown)
    queried = next((one for one in shown if one.is_query and one.rows), None)
    table = None
    if queried is not None:
        columns = list(queried.rows[0])
        table = {"columns": columns, "rows": [dict(row) for row in queried.rows]}
    is_empty = not any(one.rows for one in shown)
    return Answered(
        question,
        answer,
        confidence_of(support),
        support,
        [citation for one in shown for citation in one.citations],
        headline="" if is_empty else answer,
        gap=answer if is_empty else None,
        table=table,
        heading=question.rstrip("?"),
    )


def _described(shown: Sequence[Evidence]) -> str:
    """Rows as a sentence: what is told where the model's words do not hold."""
    told = []
    for one in shown:
        for row in one.rows[:_ROWS_TOLD_COUNT]:
            cells = [row["snippet"]] if "snippet" in row else [f"{k} {v}" for k, v in row.items()]
            told.append(", ".join(map(str, cells)))
    return f"The data show: {'; '.join(told)}." if told else "The data show nothing on this."


async def _cover(bench: Bench, found: Research) -> None:
    """Ask what had to be covered and the model left out."""
    told = [_content_words(one.question) for one in found.answered]
    left = []
    for text, ask in found.covers:
        words = _content_words(text)
        if not any(2 * len(words & others) >= len(words) for others in told):
            left.append((text, ask))
    if not left:
        return
    found.covers = left
    texts = {text for text, _ in left}
    questions = [one for one in questions_of(found, "quick", widen=False) if one.text in texts]
    await answer_all(bench, found, questions, "cover")


def _content_words(text: str) -> set[str]:
    lower = {word.lower().removesuffix("s") for word in words_of(text)}
    return {word for word in lower if word not in STOP_WORDS}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
