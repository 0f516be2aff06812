"""``sdk.ai``: chats, embeddings and managed search."""

from __future__ import annotations

from aerostack._async.ai import _AsyncAi
from aerostack._sync.ai import _Ai

__all__ = ["Ai"]


class Ai(_Ai, _AsyncAi):
    """Chats, embeddings, and texts to search in.

    Each operation has a blocking form and one with ``_async`` that is awaited; both take the same.
    """
