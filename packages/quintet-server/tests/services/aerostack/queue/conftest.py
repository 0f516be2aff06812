"""Jobs, consumers that work on them, and a target behind some of these."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ..conftest import Api
from ..scripted_target import target

__all__ = ["target"]


class Jobs:
    """The queue of one project, as its API shows it."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def add(self, type: str = "task", data: Any = None, **fields: Any) -> str:
        body = {"type": type, "data": {} if data is None else data, **fields}
        answer = await self.api.ask("/queue/enqueue", body, 201)
        assert answer["success"] is True
        return str(answer["jobId"])

    async def get(self, job_id: str) -> dict[str, Any]:
        answer = await self.api.ask("/queue/job", {"jobId": job_id})
        assert answer["exists"] is True
        return dict(answer["job"])

    async def until(self, job_id: str, *statuses: str, attempts: int = 0) -> dict[str, Any]:
        """The job once it has one of these statuses, and at least so many attempts."""
        async with asyncio.timeout(60):
            while True:
                job = await self.get(job_id)
                if job["status"] in statuses and job["attempts"] >= attempts:
                    return job
                await asyncio.sleep(0.01)


@pytest.fixture
def jobs(api: Api) -> Jobs:
    return Jobs(api)
