"""Real agents over planted data: every figure that is asserted was counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio

from quintet_server.services.amdahl.agent_work.work import work
from quintet_server.services.amdahl.agents.desk import Desk, Result
from quintet_server.services.amdahl.agents.profiles import BUILT_IN
from quintet_server.services.amdahl.agents.program import KIND
from quintet_server.services.amdahl.context import Amdahl

from .desks import PaperDesk


class Office:
    """A business with data, and its agents."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.parts: Amdahl = api.runtime.runs._programs[KIND]._parts
        self.now = datetime.fromtimestamp(api.runtime.clock.now(), UTC)
        self._count = 0

    def ago(self, days: float) -> str:
        """An instant so many days back, as rows have it."""
        return (self.now - timedelta(days=days)).isoformat()

    def said(self, days: float, **columns: Any) -> dict[str, Any]:
        """An interaction of that many days ago."""
        self._count += 1
        return {"id": f"i{self._count}", "timestamp": self.ago(days), **columns}

    async def plant(self, table: str, *rows: dict[str, Any]) -> None:
        """Put rows into a table."""
        body = {"table": table, "rows": list(rows)}
        answer = await self.api.post("/data/ingest", body)
        assert answer.status_code in (200, 201), answer.text

    async def run(self, profile: str, task: str, **params: Any) -> dict[str, Any]:
        """The status of a new session once it has settled."""
        body = {"profile_id": profile, "task": task, "input_params": params, "async": True}
        started = await self.api.ask("POST", "/agents/run", body, 202)
        return await self.settled(started["session_id"])

    async def settled(self, session_id: str) -> dict[str, Any]:
        path = f"/agents/{session_id}/status?wait_ms=20000"
        return dict(await self.api.ask("GET", path))

    async def answer(self, status: dict[str, Any], **answer: Any) -> dict[str, Any]:
        """The status once the session has gone on with this answer."""
        session_id = status["session_id"]
        await self.api.ask("POST", f"/agents/{session_id}/resume", {"input": answer})
        return await self.settled(session_id)

    async def result(self, profile: str, task: str, **params: Any) -> dict[str, Any]:
        """The result of a session that completes."""
        status = await self.run(profile, task, **params)
        assert status["status"] == "complete", (status["error"], status["pending_input"])
        return dict(status["result"])

    async def content(self, result: dict[str, Any]) -> dict[str, Any]:
        """The body of the result's artifact."""
        shown = await self.api.ask("GET", f"/artifacts/{result['artifact']['id']}")
        return dict(shown["content_json"])

    async def report(self, task: str, **params: Any) -> dict[str, Any]:
        """The report of a researcher."""
        return await self.content(await self.result("researcher", task, **params))

    def desk(self, kind: Any, task: str, *, chat: Any = None, **params: Any) -> PaperDesk:
        """A desk that keeps its records in memory, over the real data; with another model."""
        parts = self.parts if chat is None else replace(self.parts, chat=chat)
        return PaperDesk(parts, self.api.project_id, BUILT_IN[kind], task, params)

    async def at(self, desk: PaperDesk) -> Result:
        """What the work at such a desk comes to."""
        real: Desk = desk  # type: ignore[assignment]
        return await work(real)


@pytest_asyncio.fixture(loop_scope="session")
async def office(api: Any) -> Office:
    return Office(api)


def answers(content: dict[str, Any]) -> dict[str, str]:
    """The answers of a report, by question."""
    return {one["question"]: one["answer"] for one in content["sub_questions"]}
