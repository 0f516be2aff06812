"""The copilot: one question about the data, answered; with a question back if it has to be."""

from __future__ import annotations

import re
from typing import Any

from quintet_server.services.amdahl.agent_work.asking.ask import Ask
from quintet_server.services.amdahl.agent_work.bench import Bench
from quintet_server.services.amdahl.agent_work.finishing import closing_turn
from quintet_server.services.amdahl.agent_work.model_research import asked_by_model
from quintet_server.services.amdahl.agent_work.research import (
    Research,
    answer_all,
    depth_of,
    prepare,
    questions_of,
)
from quintet_server.services.amdahl.agent_work.researcher import report_content, title_of
from quintet_server.services.amdahl.agent_work.writing.blocks import content_blocks, follow_ups
from quintet_server.services.amdahl.agent_work.writing.prose import say
from quintet_server.services.amdahl.agents.model import Result

__all__ = ["ALL", "copilot"]

ALL = "All of them"
"""The last option of every choice."""
_CHOICES_MAX_COUNT = 3
_MODEL_ANSWERS_COUNT = 6
_BESIDE_TOLD_COUNT = 3
_GAPS_TOLD_COUNT = 3
_REPORT = re.compile(
    r"\b(?:write|draft|create|prepare|produce)\b.*\b(?:report|memo|document)\b", re.IGNORECASE
)


async def copilot(bench: Bench) -> Result:
    """Answer the task; `data` has the answer's text, blocks and follow-ups."""
    async with bench.turn("plan"):
        found = await prepare(bench)
        found.ask = await _decided(bench, found)
        if bench.params.get("external_search") is True:
            found.gaps.append("Nothing outside of the workspace was searched.")
    asked_count = _MODEL_ANSWERS_COUNT
    if not await asked_by_model(bench, found, depth_of(bench, "quick")):
        asked_count = await _ask_the_data(bench, found)
    async with closing_turn(bench, "write"):
        facts = _facts(found, asked_count)
        instruction = f"Answer this: {bench.task}"
        text = await say(bench, "answer", instruction, facts, after=_gaps(found))
        artifact = None
        if bench.params.get("write_outputs") is True or _REPORT.search(bench.task):
            content = report_content(found, text)
            title = title_of(bench.task)
            artifact = await bench.artifact("report", "research_report", title, content)
    return Result(text, artifact, [artifact["id"]] if artifact else [], _data(found, text))


async def _ask_the_data(bench: Bench, found: Research) -> int:
    """Answer what is asked, and around it if the depth or the task is wide; how many were asked."""
    depth = depth_of(bench, "standard")
    if found.is_foreign:  # an overview of the data would be no answer
        near = [one for one in questions_of(found, depth) if one.shape == "near"]
        await answer_all(bench, found, near)
        return len(near)
    asked = questions_of(found, depth, widen=False)
    is_wide = not found.ask.subjects or bench.text_param("depth") in ("deep", "high")
    await answer_all(bench, found, questions_of(found, depth) if is_wide else asked)
    return len(asked)


def _data(found: Research, text: str) -> dict[str, Any]:
    return {
        "answer": {
            "answer_text": text,
            "content_blocks": content_blocks(found, text),
            "follow_ups": follow_ups(found),
        },
        "understood": found.ask.as_json(),
    }


def _facts(found: Research, asked_count: int) -> list[str]:
    """What was asked in full; of what is around it, the headlines."""
    asked = [one for one in found.answered[:asked_count] if one.support]
    beside = [one.headline for one in found.answered[asked_count:] if one.support]
    told = [one.answer for one in asked] + [one for one in beside if one][:_BESIDE_TOLD_COUNT]
    return told if told else [found.held.in_words()]


def _gaps(found: Research) -> list[str]:
    return found.all_gaps()[:_GAPS_TOLD_COUNT]


async def _decided(bench: Bench, found: Research) -> Ask:
    """The ask once words that fit several values are settled, by the user or by `on_question`."""
    ask = found.ask
    how = bench.text_param("on_question", "pause")
    for place, choice in enumerate(found.ask.choices):
        picked = ALL
        if how == "auto":
            picked = choice.options[0]
            found.gaps.append(f"“{choice.word}” was taken to mean {picked}.")
        elif how != "none" and place < _CHOICES_MAX_COUNT:
            options = [*choice.options, ALL]
            context = {"question": f"Which “{choice.word}” do you mean?", "options": options}
            schema = {
                "type": "object",
                "properties": {"choice": {"type": "string", "enum": options}},
                "required": ["choice"],
            }
            answer = await bench.ask(f"choice[{place}]", "multiple_choice", context, schema)
            picked = answer["choice"]
        values = choice.options if picked == ALL else (picked,)
        ask = ask.decided(choice, values)
    return ask
