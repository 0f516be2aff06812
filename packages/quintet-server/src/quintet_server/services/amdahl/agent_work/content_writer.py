"""The content writer: research, an outline that has to be approved, then the piece."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from quintet_server.services.amdahl.agent_work.answers.figures import count as counted
from quintet_server.services.amdahl.agent_work.asking.ask import topic_of, understand
from quintet_server.services.amdahl.agent_work.bench import Bench
from quintet_server.services.amdahl.agent_work.finishing import closing_turn
from quintet_server.services.amdahl.agent_work.model_research import model_research
from quintet_server.services.amdahl.agent_work.research import (
    Research,
    answer_all,
    depth_of,
    questions_about,
    questions_of,
)
from quintet_server.services.amdahl.agent_work.researcher import title_of
from quintet_server.services.amdahl.agent_work.writing.outlines import (
    Change,
    Outline,
    changes_of,
    first_outline,
    revised,
    sections_of,
)
from quintet_server.services.amdahl.agent_work.writing.pieces import Form, body_of, form_of
from quintet_server.services.amdahl.agent_work.writing.prose import say, written
from quintet_server.services.amdahl.agents.model import FinishNow, Result

__all__ = ["content_writer"]

_ADDED_QUESTIONS_COUNT = 2
_LONGER_QUESTIONS_COUNT = 3
_APPROVAL = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "feedback": {"type": "string"}},
    "required": ["approved"],
}


async def content_writer(bench: Bench) -> Result:
    """Write a piece for the channel asked for; asks for the approval of its outline."""
    form = form_of(bench.text_param("channel"), bench.text_param("content_type"), bench.task)
    found = await model_research(bench, depth=depth_of(bench, "standard"))
    outline = first_outline(
        title_of(topic_of(bench.task)), found.answered, found.all_gaps(), form.sections_count
    )
    outline = await _approved(bench, found, outline, form)
    piece = await _piece(bench, found, outline, form)
    async with closing_turn(bench, "publish"):
        told = [f"“{outline.title}” is written: {counted(len(piece['sections']), 'section')}."]
        text = await say(bench, "done", "", [], after=[*told, *outline.sections[0].points[:1]])
        kind = _artifact_type(bench, form)
        artifact = await bench.artifact("piece", kind, outline.title, piece)
    data = {"outline": outline.wire(), "channel": form.channel, "gaps": found.all_gaps()}
    return Result(text, artifact, [artifact["id"]], data)


def _artifact_type(bench: Bench, form: Form) -> str:
    """That of the channel; a project's own profile may say another."""
    own = bench.desk.profile.artifact_type
    return own if own and own != "content_piece" else form.artifact_type


async def _approved(bench: Bench, found: Research, outline: Outline, form: Form) -> Outline:
    """The outline once it is approved; feedback with a refusal makes another and asks again."""
    for number in count():
        context: dict[str, Any] = {
            "question": f"Shall “{outline.title}” be written by this outline?",
            "title": outline.title,
            "outline": outline.wire(),
            "channel": form.channel,
        }
        if outline.notes:
            context["notes"] = list(outline.notes)
        if gaps := found.all_gaps():
            context["gaps"] = gaps
        answer = await bench.ask(f"outline[{number}]", "approval", context, _APPROVAL)
        feedback = str(answer.get("feedback") or "").strip()
        if feedback:
            try:
                async with bench.turn(f"revise[{number}]"):
                    changes = changes_of(feedback)
                outline = await _changed(bench, found, outline, changes, form, number)
            except FinishNow:
                return outline
        if answer["approved"]:
            return outline
    raise AssertionError("an outline is approved or the turns end")


async def _changed(
    bench: Bench,
    found: Research,
    outline: Outline,
    changes: list[Change],
    form: Form,
    number: int,
) -> Outline:
    for place, change in enumerate(changes):
        if change.kind in ("add", "longer", "only"):
            outline = await _grown(bench, found, outline, change, f"added[{number}.{place}]")
        else:
            outline = revised(outline, change, form.sections_count)
    return outline


async def _grown(
    bench: Bench, found: Research, outline: Outline, change: Change, key: str
) -> Outline:
    """The outline with what else the data say: on a subject, or simply more."""
    start = len(found.answered)
    if change.kind == "longer":
        known = {one.question for one in found.answered}
        more = [one for one in questions_of(found, "high") if one.text not in known]
        questions = more[:_LONGER_QUESTIONS_COUNT]
    else:
        subject = _subject_of(found, change)
        questions = await questions_about(bench, found, f"{key}/mentions", subject)
        questions = questions[:_ADDED_QUESTIONS_COUNT]
    await answer_all(bench, found, questions, key)
    sections = sections_of(found.answered[start:], start)
    if not sections:
        gap = f"The data hold nothing on “{change.target}”, so no section was added."
        if change.kind != "longer":
            found.gaps.append(gap)
        return outline
    if change.kind == "add" and len(sections) == 1:
        sections = [replace(sections[0], heading=title_of(change.target))]
    kept = () if change.kind == "only" else outline.sections
    return replace(outline, sections=(*kept, *sections))


def _subject_of(found: Research, change: Change) -> str:
    """What feedback asks about: "only Globex" keeps to the topic, with Globex."""
    ask = understand(change.target, found.held)
    if change.kind == "only" and ask.filters and not (ask.terms or ask.subjects):
        return f"{topic_of(found.topic)} with {change.target}"
    return change.target


async def _piece(bench: Bench, found: Research, outline: Outline, form: Form) -> dict[str, Any]:
    sections: list[dict[str, Any]] = []
    for place, section in enumerate(outline.sections):
        sources = [found.answered[one] for one in section.sources]
        # Quotes stand beside the text, so the text does not repeat them.
        facts = [one.headline if one.quotes else one.answer for one in sources]
        facts = facts or list(section.points)
        async with closing_turn(bench, f"section[{place}]"):
            body = await written(
                bench, f"section[{place}]", _instruction(bench, outline, section.heading), facts
            )
        sections.append(
            {
                "heading": section.heading,
                "body": body,
                "quotes": [dict(quote) for one in sources for quote in one.quotes[:2]],
                "citations": [dict(cited) for one in sources for cited in one.citations],
            }
        )
    topic = topic_of(bench.task)
    piece: dict[str, Any] = {
        "title": outline.title,
        "channel": form.channel,
        "sections": [
            {name: one[name] for name in ("heading", "body", "citations")} for one in sections
        ],
        "body": body_of(form, outline.title, sections, topic),
        "citations": [cited for one in sections for cited in one["citations"]],
    }
    names = ("content_type", "audience", "voice_profile_id", "project_id")
    return piece | {name: bench.text_param(name) for name in names if bench.text_param(name)}


def _instruction(bench: Bench, outline: Outline, heading: str) -> str:
    audience = bench.text_param("audience")
    whom = f" for {audience}" if audience else ""
    notes = f" Mind this: {'; '.join(outline.notes)}." if outline.notes else ""
    return f"Write a short paragraph{whom} for the section “{heading}”.{notes}"
