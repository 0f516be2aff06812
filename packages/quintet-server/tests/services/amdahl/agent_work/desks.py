"""A desk for tests: it records in memory, and its process can be made to die."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson

from quintet_server.services.amdahl.agents.model import FinishNow, Profile, ToolFailed
from quintet_server.services.amdahl.context import Amdahl


class Died(BaseException):
    """The process of the session has died."""


class Asked(BaseException):
    """The session waits for an answer."""


class PaperDesk:
    """Records as the real one does; keeps the rules of keys.

    Attributes:
        answers: what the user says to each question, by its key.
        lives: how many things may be recorded before the process dies; None for ever.
        done: how often each action was carried out.
        turns_left: turns before the user is done with it.
    """

    session_id = "as_paper"

    def __init__(
        self, parts: Amdahl, project_id: str, profile: Profile, task: str, params: dict[str, Any]
    ) -> None:
        self.parts = parts
        self.project_id = project_id
        self.profile = profile
        self.task = task
        self.params = params
        self.answers: dict[str, dict[str, Any]] = {}
        self.questions: dict[str, dict[str, Any]] = {}
        self.records: dict[str, Any] = {}
        self.done: Counter[str] = Counter()
        self.told: list[tuple[str, str, Mapping[str, Any]]] = []
        self.pieces: dict[str, list[str]] = {}
        self.contents: dict[str, Mapping[str, Any]] = {}
        self.tokens = [0, 0]
        self.lives: int | None = None
        self.turns_left = 1_000
        self._claimed: set[str] = set()

    def set(self, **settings: Any) -> None:
        """Work under other settings of the service."""
        changed = self.parts.settings.model_copy(update=settings)
        self.parts = replace(self.parts, settings=changed)

    def again(self) -> None:
        """Begin a new segment."""
        self._claimed.clear()

    async def _once(self, key: str, action: Callable[[], Awaitable[Any]]) -> Any:
        if key in self._claimed:
            raise ValueError(f"two steps have the key {key!r}")
        self._claimed.add(key)
        if key in self.records:
            return self.records[key]
        if self.lives is not None:
            if not self.lives:
                raise Died
            self.lives -= 1
        self.done[key] += 1
        self.records[key] = orjson.loads(orjson.dumps(await action()))
        return self.records[key]

    async def step(self, key: str, action: Callable[[], Awaitable[Any]]) -> Any:
        return await self._once(f"step:{key}", action)

    async def tool(
        self,
        key: str,
        tool: str,
        label: str,
        arguments: Mapping[str, Any],
        action: Callable[[], Awaitable[Any]],
    ) -> Any:
        assert label
        assert label[0].isupper() or tool == "query_data", label
        self.told.append((tool, label, arguments))

        async def guarded() -> Any:
            try:
                return {"value": await action()}
            except ToolFailed as failure:
                return {"failure": failure.message}

        found = await self._once(f"tool:{key}", guarded)
        if "failure" in found:
            raise ToolFailed(found["failure"])
        return found["value"]

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[int]:
        if len([one for one in self._claimed if one.startswith("turn:")]) >= self.turns_left:
            raise FinishNow
        self._claimed.add(f"turn:{key}")
        yield len(self._claimed)

    async def message(self, key: str, produce: Callable[[], AsyncIterator[str]]) -> str:
        async def say() -> str:
            self.pieces[key] = [piece async for piece in produce()]
            return "".join(self.pieces[key])

        return str(await self._once(f"message:{key}", say))

    async def ask(
        self, key: str, type: str, context: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> dict[str, Any]:
        self.questions[key] = {"type": type, "context": dict(context), "schema": dict(schema)}
        if key not in self.answers:
            raise Asked
        return self.answers[key]

    async def artifact(
        self, key: str, artifact_type: str, title: str, content: Mapping[str, Any]
    ) -> dict[str, Any]:
        async def create() -> dict[str, Any]:
            self.contents[key] = content
            return {"id": f"art_{key}", "artifact_type": artifact_type, "title": title}

        return dict(await self._once(f"artifact:{key}", create))

    def used(self, input_tokens: int, output_tokens: int) -> None:
        self.tokens[0] += input_tokens
        self.tokens[1] += output_tokens
