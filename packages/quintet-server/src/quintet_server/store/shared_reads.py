"""One look at the database for all who ask for the same at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["SharedReads"]

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")


class SharedReads(Generic[Key, Found]):
    """Reads under way, each shared by everybody who asks for its key meanwhile.

    A failure is everybody's, too; whoever asks after it begins anew.

    Args:
        read: Looks a key up.
    """

    def __init__(self, read: Callable[[Key], Awaitable[Found]]) -> None:
        self._read = read
        self._under_way: dict[Key, asyncio.Task[Found]] = {}

    async def get(self, key: Key) -> Found:
        """What the key stands for; raises what reading it raises."""
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._look(key))
        # Whoever began to ask may go away; the others still want to know.
        return await asyncio.shield(task)

    async def _look(self, key: Key) -> Found:
        try:
            return await self._read(key)
        finally:
            if self._under_way.get(key) is asyncio.current_task():
                del self._under_way[key]

    def forget(self, key: Key | None = None) -> None:
        """Let whoever asks from now on begin anew, for one key or for any.

        Those who have asked before get what they wait for.
        """
        if key is None:
            self._under_way.clear()
        else:
            self._under_way.pop(key, None)
