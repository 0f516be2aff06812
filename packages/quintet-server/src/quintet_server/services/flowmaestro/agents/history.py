"""Which part of a conversation a model gets to see: as much of its end as its context holds.

Pure. A message costs its tokens and a few for the marks around it. Old messages are left out whole,
oldest first; what is left begins with a user's message, because an answer without its question
misleads and some chat templates refuse it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from quintet_server.engines.chat.model import ChatMessage

__all__ = ["MESSAGE_OVERHEAD", "fitting", "fitting_texts"]

CountTokens = Callable[[str], Awaitable[int]]

MESSAGE_OVERHEAD = 8
"""Tokens that a chat template puts around a message, rounded up."""


async def fitting(
    messages: Sequence[ChatMessage], budget: int, count: CountTokens
) -> list[ChatMessage]:
    """The longest end of `messages` within `budget` tokens; the last one stays in any case.

    A last message that is too long alone is the model's to refuse: cutting a question in two would
    answer another one.
    """
    if _plainly_fits([message.content for message in messages], budget):
        return list(messages)
    kept = 0
    for message in reversed(messages):
        budget -= MESSAGE_OVERHEAD + await count(message.content)
        if budget < 0 and kept:
            break
        kept += 1
    end = list(messages[len(messages) - kept :])
    while len(end) > 1 and end[0].role != "user":
        end.pop(0)
    return end


async def fitting_texts(texts: Sequence[str], budget: int, count: CountTokens) -> list[str]:
    """The first of `texts` that fit into `budget` tokens together, at least one of them."""
    if _plainly_fits(texts, budget):
        return list(texts)
    kept: list[str] = []
    for text in texts:
        budget -= await count(text)
        if budget < 0 and kept:
            break
        kept.append(text)
    return kept


def _plainly_fits(texts: Sequence[str], budget: int) -> bool:
    """Whether there is nothing to count: a text never has more tokens than bytes."""
    return sum(MESSAGE_OVERHEAD + len(text.encode()) for text in texts) <= budget
