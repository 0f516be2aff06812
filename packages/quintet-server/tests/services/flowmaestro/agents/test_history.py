"""What of a conversation fits into a model's context. Pure."""

from __future__ import annotations

import asyncio

from hypothesis import given, strategies as st

from quintet_server.engines.chat.model import ChatMessage
from quintet_server.services.flowmaestro.agents.definitions import AgentSpec
from quintet_server.services.flowmaestro.agents.history import (
    MESSAGE_OVERHEAD,
    fitting,
    fitting_texts,
)
from quintet_server.services.flowmaestro.agents.prompting import Prompting
from quintet_server.services.flowmaestro.agents.records import Agent
from quintet_server.services.flowmaestro.agents.scene import Scene


async def count(text: str) -> int:
    """One token a letter."""
    return len(text)


def conversation(lengths):
    roles = ["user", "assistant"]
    offset = 1 - len(lengths) % 2  # the last one is the user's
    return [
        ChatMessage(roles[(place + offset) % 2], "x" * length)
        for place, length in enumerate(lengths)
    ]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(-10, 400))
def test_what_is_kept_is_the_longest_end_that_fits(lengths, budget):
    messages = conversation(lengths)
    whole = sum(MESSAGE_OVERHEAD + length for length in lengths)
    kept = asyncio.run(fitting(messages, budget, count))
    assert kept
    assert kept == messages[-len(kept) :]
    cost = sum(MESSAGE_OVERHEAD + len(one.content) for one in kept)
    assert cost <= budget or len(kept) == 1
    assert kept[0].role == "user" or len(kept) == 1 or whole <= budget
    if len(kept) < len(messages):  # the two before would not have fitted, or one that is no start
        before = messages[-len(kept) - 2 : len(messages) - len(kept)]
        more = sum(MESSAGE_OVERHEAD + len(one.content) for one in before)
        assert cost + more > budget or len(before) < 2


@given(st.lists(st.text("x", max_size=30), max_size=8), st.integers(0, 100))
def test_texts_are_kept_from_the_first_as_long_as_they_fit(texts, budget):
    kept = asyncio.run(fitting_texts(texts, budget, count))
    assert kept == texts[: len(kept)]
    assert sum(map(len, kept)) <= budget or len(kept) == 1
    assert len(kept) == len(texts) or sum(map(len, texts[: len(kept) + 1])) > budget


def prompting(said, *, context=1_000, memory=None, **spec):
    agent = Agent("agent_a", "a", AgentSpec(**spec), None, None)  # type: ignore[arg-type]
    return Prompting(Scene(agent, memory, said, []), context, count)


def test_an_answer_keeps_half_of_the_context_at_most():
    said = conversation([100, 100, 100, 100, 100])
    short = asyncio.run(prompting(said, context=1_000, max_tokens=400).conversation())
    assert len(short) == 5
    greedy = asyncio.run(prompting(said, context=600, max_tokens=10_000).conversation())
    assert len(greedy) == 1


def test_findings_stand_before_the_question_and_take_half_of_the_room():
    said = [ChatMessage("user", "Why?")]
    told = asyncio.run(
        prompting(said, context=1_000, max_tokens=500).conversation(
            findings=["a" * 200, "b" * 100, "c" * 10]
        )
    )
    assert len(told) == 1
    assert told[0].content.endswith("Question: Why?")
    assert "a" * 200 in told[0].content
    assert "b" not in told[0].content.replace("before", "").replace("Question", "")[90:]


def test_prompt_and_memory_are_one_system_message_and_nothing_is_none():
    said = [ChatMessage("user", "Why?")]
    both = asyncio.run(prompting(said, system_prompt=" Be kind. ", memory="Tea").conversation())
    assert both[0] == ChatMessage("system", "Be kind.\n\nWhat you know about the user:\nTea")
    assert asyncio.run(prompting(said).conversation()) == said
