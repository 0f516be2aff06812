"""A desk as one piece of work uses it: its tools, its task, keys of its own.

A session can hold several pieces of work (an orchestrator's parts). Each has a bench: the same desk
under a prefix, with the part's task and parameters.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from quintet_server.engines.sql import SqlError
from quintet_server.services.amdahl.agent_work.asking.holdings import look
from quintet_server.services.amdahl.agent_work.asking.statements import Statement
from quintet_server.services.amdahl.agents.model import ToolFailed
from quintet_server.services.amdahl.data.searching import (
    Hit,
    SemanticUnavailable,
    search_documents,
    search_interactions,
)

if TYPE_CHECKING:
    from quintet_server.services.amdahl.agents.desk import Desk

__all__ = ["Bench"]

_ROWS_MAX_COUNT = 60
_NEAR_MAX_COUNT = 5
# With the local embeddings, unrelated texts stay below 0.2 and related ones come above 0.3.
_NEAR_SCORE = 0.3


class Bench:
    """One piece of work at a desk.

    Attributes:
        task: what is to be done here.
        params: the session's `input_params`, or a part's.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        task: str | None = None,
        params: Mapping[str, Any] | None = None,
        prefix: str = "",
    ) -> None:
        self.desk = desk
        self.parts = desk.parts
        self.task = desk.task if task is None else task
        self.params: Mapping[str, Any] = desk.params if params is None else params
        self.prefix = prefix

    def part(self, name: str, task: str, params: Mapping[str, Any]) -> Bench:
        """A bench for a part of this work."""
        return Bench(self.desk, task=task, params=params, prefix=f"{self.prefix}{name}/")

    def text_param(self, name: str, default: str = "") -> str:
        """A parameter that is a text; anything else counts as not given."""
        value = self.params.get(name)
        return value.strip() if isinstance(value, str) and value.strip() else default

    def turn(self, key: str) -> AbstractAsyncContextManager[int]:
        """A turn of the session."""
        return self.desk.turn(f"{self.prefix}{key}")

    async def step(self, key: str, action: Callable[[], Awaitable[Any]]) -> Any:
        """Something done once."""
        return await self.desk.step(f"{self.prefix}{key}", action)

    async def message(self, key: str, produce: Callable[[], AsyncIterator[str]]) -> str:
        """Something said, piece by piece."""
        return await self.desk.message(f"{self.prefix}{key}", produce)

    async def ask(
        self, key: str, type: str, context: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The user's answer."""
        return await self.desk.ask(f"{self.prefix}{key}", type, context, schema)

    async def artifact(
        self, key: str, artifact_type: str, title: str, content: dict[str, Any]
    ) -> dict[str, Any]:
        """A deliverable; returns its summary."""
        return await self.desk.artifact(f"{self.prefix}{key}", artifact_type, title, content)

    async def explore(self, key: str, texts: Sequence[str]) -> dict[str, Any]:
        """What the data hold, as :func:`~.asking.holdings.look` returns it."""

        async def action() -> dict[str, Any]:
            try:
                return await look(self.parts, self.desk.project_id, texts)
            except SqlError as error:
                raise ToolFailed(str(error), "query_failed") from error

        label = "Look at what the data hold"
        return dict(await self._tool(key, "explore_data", label, {}, action))

    async def query(self, key: str, label: str, statement: Statement) -> dict[str, Any]:
        """The rows of a statement, and the statement: `sql`, `params`, `rows`, `truncated`."""

        async def action() -> dict[str, Any]:
            try:
                result = await self.parts.sql.query(
                    self.desk.project_id, statement.sql, statement.params, limit=_ROWS_MAX_COUNT
                )
            except SqlError as error:
                raise ToolFailed(str(error), getattr(error, "reason", "query_failed")) from error
            return {
                "sql": statement.sql,
                "params": statement.params,
                "rows": result.rows,
                "truncated": result.truncated,
            }

        arguments: dict[str, Any] = {"sql": " ".join(statement.sql.split())}
        if statement.params:
            arguments["params"] = statement.params
        return dict(await self._tool(key, "query_data", label, arguments, action))

    async def documents(self, key: str, query: str, limit: int = 5) -> list[dict[str, Any]]:
        """Passages of the knowledge base."""

        async def action() -> list[dict[str, Any]]:
            hits = await search_documents(self.parts, self.desk.project_id, query, "hybrid", limit)
            return [
                {"id": hit.id, "title": hit.title, "snippet": hit.snippet, "score": hit.score}
                for hit in hits
            ]

        label = f"Search the knowledge base for “{query[:80]}”"
        return list(await self._tool(key, "search_documents", label, {"query": query}, action))

    async def near(self, key: str, query: str) -> list[dict[str, Any]]:
        """Interactions whose meaning is near; none where nothing can be found by meaning."""

        async def action() -> list[dict[str, Any]]:
            try:
                hits = await search_interactions(
                    self.parts, self.desk.project_id, query, "semantic", _NEAR_MAX_COUNT
                )
            except SemanticUnavailable:
                return []
            return [_shown(hit) for hit in hits if hit.score >= _NEAR_SCORE]

        label = f"Look for what comes near to “{query[:80]}”"
        return list(await self._tool(key, "search_interactions", label, {"query": query}, action))

    async def interactions(self, key: str, query: str, limit: int = 8) -> list[dict[str, Any]]:
        """Interactions whose words or meaning are near."""

        async def action() -> list[dict[str, Any]]:
            hits = await search_interactions(
                self.parts, self.desk.project_id, query, "hybrid", limit
            )
            return [_shown(hit) for hit in hits]

        label = f"Search interactions for “{query[:80]}”"
        return list(await self._tool(key, "search_interactions", label, {"query": query}, action))

    async def _tool(
        self,
        key: str,
        tool: str,
        label: str,
        arguments: Mapping[str, Any],
        action: Callable[[], Awaitable[Any]],
    ) -> Any:
        return await self.desk.tool(f"{self.prefix}{key}", tool, label, arguments, action)


def _shown(hit: Hit) -> dict[str, Any]:
    """An interaction that was found."""
    return {
        "id": hit.id,
        "title": hit.title,
        "snippet": hit.snippet,
        "company_name": hit.details.get("company_name"),
        "timestamp": hit.details.get("occurred_at"),
        "score": hit.score,
    }
