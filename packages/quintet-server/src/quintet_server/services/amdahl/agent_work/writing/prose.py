"""Sentences for readers: a model's where it keeps to the facts, the computed ones otherwise.

With no model, or one that is busy or broken, the text is the computed sentences; an answer never
depends on a model being there. What a model writes is held back to the end of each sentence,
checked, and only then told, because what a reader has seen cannot be taken back. Computed sentences
whose figures the model left out are told after it. So with or without a model, the same facts
arrive.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

import structlog

from quintet_server.engines.chat.model import (
    ChatDelta,
    ChatEnd,
    ChatError,
    ChatMessage,
    ChatRequest,
)
from quintet_server.services.amdahl.agent_work.bench import Bench
from quintet_server.services.amdahl.agent_work.writing.grounding import (
    completed,
    is_grounded,
    is_told,
)

__all__ = ["say", "written"]

_log = structlog.get_logger(__name__)
_FACTS_MAX_COUNT = 12
_INSTRUCTIONS = (
    "You write short, plain sentences from facts. Use only the facts below, with their numbers and "
    "names exactly as they are. No headings, no lists, no advice, nothing that the facts do not "
    "say."
)


async def say(
    bench: Bench, key: str, instruction: str, facts: Sequence[str], *, after: Sequence[str] = ()
) -> str:
    """Say the facts in a message of the session; `after` is said as it stands, at the end."""

    async def produce() -> AsyncIterator[str]:
        is_first = True
        async with aclosing(_sentences(bench, instruction, facts)) as sentences:
            async for sentence in sentences:
                yield sentence if is_first else f" {sentence}"
                is_first = False
        for sentence in after:
            yield sentence if is_first else f" {sentence}"
            is_first = False

    return await bench.message(key, produce)


async def written(bench: Bench, key: str, instruction: str, facts: Sequence[str]) -> str:
    """The same as a paragraph of a document, told to nobody yet."""

    async def action() -> str:
        async with aclosing(_sentences(bench, instruction, facts)) as sentences:
            return " ".join([sentence async for sentence in sentences])

    return str(await bench.step(key, action))


async def _sentences(
    bench: Bench, instruction: str, facts: Sequence[str]
) -> AsyncGenerator[str, None]:
    said: list[str] = []
    if facts and bench.parts.settings.prose_by_model and bench.parts.chat.is_available:
        async with aclosing(_by_model(bench, instruction, facts)) as sentences:
            async for sentence in sentences:
                said.append(sentence)
                yield sentence
    for fact in facts:
        if not is_told(fact, said):
            yield fact


async def _by_model(
    bench: Bench, instruction: str, facts: Sequence[str]
) -> AsyncGenerator[str, None]:
    """The model's sentences that pass; ends quietly where the model fails."""
    request = _request(bench, instruction, facts)
    rest, said = "", set[str]()
    try:
        async with aclosing(bench.parts.chat.stream(request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, ChatEnd):
                    bench.desk.used(piece.usage.prompt_tokens, piece.usage.completion_tokens)
                    break
                assert isinstance(piece, ChatDelta)
                whole, rest = completed(rest + piece.text)
                for sentence in whole:
                    if sentence not in said and is_grounded(sentence, facts):
                        said.add(sentence)
                        yield sentence
    except ChatError as error:
        _log.warning("agent_prose_failed", session=bench.desk.session_id, error=error.message)
    last = rest.strip()
    if last and last not in said and is_grounded(last, facts):
        yield last


def _request(bench: Bench, instruction: str, facts: Sequence[str]) -> ChatRequest:
    chat, profile = bench.parts.chat, bench.desk.profile
    told = facts[:_FACTS_MAX_COUNT]
    if chat.supports_tools:
        system = f"{_INSTRUCTIONS} {profile.instructions}".strip()
        listed = "\n".join(f"- {fact}" for fact in told)
        user = f"Facts:\n{listed}\n\n{instruction}"
    else:
        # A small model makes something up of instructions, but can say a paragraph in other words.
        system = "You rewrite text in other words."
        user = f"Rewrite this paragraph in plain words, keep all numbers:\n\n{' '.join(told)}"
    return ChatRequest(
        (ChatMessage("system", system), ChatMessage("user", user)),
        temperature=profile.temperature,
        max_tokens=bench.parts.settings.prose_max_tokens,
    )
