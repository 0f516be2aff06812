"""The orchestrator: a task in parts, each worked on in its turn, later ones with the earlier ones.

The parts are the other three works, at benches of their own within one session: a cancel ends all
of them at once, and a replay finds each of them where it stood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from quintet_server.services.amdahl.agent_work.asking.ask import topic_of
from quintet_server.services.amdahl.agent_work.bench import Bench
from quintet_server.services.amdahl.agent_work.content_writer import content_writer
from quintet_server.services.amdahl.agent_work.copilot import copilot
from quintet_server.services.amdahl.agent_work.researcher import researcher
from quintet_server.services.amdahl.agent_work.writing.prose import say
from quintet_server.services.amdahl.agents.model import FinishNow, Result

__all__ = ["Part", "orchestrator", "parts_of"]

Work = Literal["researcher", "content_writer", "copilot"]

_PARTS_MAX_COUNT = 6
_SPLIT = re.compile(
    r"\s*[;\n]+\s*(?:[-*•]|\d+[.)])?\s*|(?<=[.!?])\s+(?=[A-Z])|"
    r",?\s+(?:and\s+)?(?:then|afterwards|after that|finally)\s*,?\s+|,?\s+and\s+"
    r"(?=(?:also\s+)?(?:write|draft|compose|publish|research|"
    r"analy[sz]e|investigate|answer|tell|prepare|summari[sz]e|create)\b)",
    re.IGNORECASE,
)
_LISTED = re.compile(r"^\s*(?:[-*•]|\d+[.)]|then|finally|first,?|also|and)\s+", re.IGNORECASE)
_WRITING = re.compile(
    r"\b(?:write|draft|compose|publish|prepare|create|turn\b.*\binto)\b.*"
    r"\b(?:post|article|newsletter|blog|e-?mail|piece|story|copy)\b",
    re.IGNORECASE,
)
_RESEARCH = re.compile(
    r"\b(?:research|analy[sz]e|analysis|investigate|study|examine|look into|report|review|"
    r"deep dive)\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:about|on|from|of|with|into|using)\s+(?:it|this|that|them|these|those|"
    r"(?:the|these|those|your)\s+(?:findings?|results?|report|research|analysis|insights?|above))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a task, and the work that does it."""

    work: Work
    task: str


async def orchestrator(bench: Bench) -> Result:
    """Do the parts one after another; the result has the artifacts of all of them."""
    parts = parts_of(bench.task)
    async with bench.turn("split"):
        names = [
            f"{number}. {_NAMES[part.work]}: {part.task}" for number, part in enumerate(parts, 1)
        ]
        word = "part" if len(parts) == 1 else "parts"
        lead = f"The task has {len(parts)} {word}."
        await say(bench, "plan", "", [], after=[lead, *names])
    texts: list[str] = []
    artifacts: list[str] = []
    data: list[dict[str, Any]] = []
    main = None
    for place, part in enumerate(parts):
        try:
            result = await _WORKS[part.work](bench.part(f"part[{place}]", part.task, bench.params))
        except FinishNow:
            texts.append(f"The part “{part.task}” was not begun: the turns were used up.")
            continue
        texts.append(result.text)
        artifacts += result.artifacts
        main = result.artifact or main
        data.append(_told(part, result))
    return Result("\n\n".join(texts), main, artifacts, {"parts": data})


def parts_of(task: str) -> list[Part]:
    """The parts of a task, in its order; a part that points back is about the one before."""
    pieces = [_LISTED.sub("", piece).strip(" ,.") for piece in _SPLIT.split(task)]
    pieces = [piece for piece in pieces if len(piece) > 2][:_PARTS_MAX_COUNT] or [task]
    parts: list[Part] = []
    subject = ""
    for piece in pieces:
        told = piece
        if subject and (_POINTS_BACK.search(piece) or not topic_of(piece)):
            told = f"{_POINTS_BACK.sub('', piece).strip(' ,')} about {subject}"
        else:
            subject = topic_of(piece) or piece
        parts.append(Part(_work_of(told), told))
    return parts


def _work_of(piece: str) -> Work:
    if _WRITING.search(piece):
        return "content_writer"
    is_question = piece.rstrip().endswith("?") or re.match(
        r"(?:how many|how much|what|which|who|when|tell me|answer)\b", piece, re.IGNORECASE
    )
    return "copilot" if is_question and not _RESEARCH.search(piece) else "researcher"


def _told(part: Part, result: Result) -> dict[str, Any]:
    told: dict[str, Any] = {
        "work": part.work,
        "task": part.task,
        "text": result.text,
        "artifacts": list(result.artifacts),
    }
    return told | ({"data": dict(result.data)} if result.data else {})


_NAMES: dict[Work, str] = {
    "researcher": "Research",
    "content_writer": "Write",
    "copilot": "Answer",
}
_WORKS = {"researcher": researcher, "content_writer": content_writer, "copilot": copilot}
