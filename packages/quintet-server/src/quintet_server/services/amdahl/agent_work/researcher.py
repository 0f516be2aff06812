"""The researcher: a report whose findings name their sources."""

from __future__ import annotations

from typing import Any

from quintet_server.services.amdahl.agent_work.answers.figures import count
from quintet_server.services.amdahl.agent_work.bench import Bench
from quintet_server.services.amdahl.agent_work.finishing import closing_turn
from quintet_server.services.amdahl.agent_work.model_research import model_research
from quintet_server.services.amdahl.agent_work.research import Research, depth_of
from quintet_server.services.amdahl.agent_work.writing.prose import say
from quintet_server.services.amdahl.agents.model import Result

__all__ = ["report_content", "researcher", "title_of"]

_TITLE_MAX_CHARS = 120
_GAPS_TOLD_COUNT = 2


async def researcher(bench: Bench) -> Result:
    """Research the task to the depth asked for and leave a `research_report` behind."""
    depth = depth_of(bench, "standard")
    found = await model_research(bench, depth=depth)
    async with closing_turn(bench, "write"):
        summary = await _summary(bench, found)
        content = report_content(found, summary, bench.text_param("audience"))
        profile = bench.desk.profile
        own = profile.artifact_type if profile.kind == "researcher" else None
        kind = own or "research_report"
        artifact = await bench.artifact("report", kind, title_of(bench.task), content)
    data = {"depth": depth, "understood": found.ask.as_json()}
    return Result(summary, artifact, [artifact["id"]], data)


def report_content(found: Research, summary: str, audience: str = "") -> dict[str, Any]:
    """The body of a report."""
    content: dict[str, Any] = {
        "topic": found.topic,
        "summary": summary,
        "sub_questions": [one.as_sub_question() for one in found.answered],
        "key_findings": found.key_findings(),
        "gaps": found.all_gaps(),
    }
    if audience:
        content["audience"] = audience
    return content


def title_of(task: str) -> str:
    """A task as a title: its first line, not too long, without the point at its end."""
    line = " ".join(task.strip().splitlines()[0].split()) if task.strip() else "Report"
    if len(line) > _TITLE_MAX_CHARS:
        line = f"{line[:_TITLE_MAX_CHARS].rsplit(' ', 1)[0]} …"
    line = line.rstrip(".")
    return line[:1].upper() + line[1:]


async def _summary(bench: Bench, found: Research) -> str:
    facts = [found.held.in_words(), *found.headlines()]
    gaps = found.all_gaps()
    after = gaps[:_GAPS_TOLD_COUNT]
    if len(gaps) > len(after):
        more = len(gaps) - len(after)
        after.append(f"{count(more, 'more gap')} {'is' if more == 1 else 'are'} listed.")
    audience = bench.text_param("audience")
    whom = f" for {audience}" if audience else ""
    instruction = f"Summarise these facts in three or four sentences{whom}: {found.topic}"
    return await say(bench, "summary", instruction, facts, after=after)
