"""A running Flare, called over HTTP.

`api` is a project of its own on a server that the tests share, called in process: sockets matter to
no rule tested with it. `wire` is the same over a real socket, for streams and hang-ups. `alone` and
`started(...)` have a server and a database to themselves, to move the clock or to change settings.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from quintet_server.runtime import Runtime
from quintet_server.services.flare.service import service
from quintet_server.services.flare.settings import FlareSettings

from .. import serving
from ..serving import ServiceClient

Started = Callable[..., AbstractAsyncContextManager["Api"]]


class Api(ServiceClient):
    """A client of one project, with the calls of a worker."""

    service = "flare"
    mount = "/flare/v1"

    async def create(self, job_type: str = "t", **fields: Any) -> dict[str, Any]:
        answer = await self.post("/jobs", {"job_type": job_type, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def job(self, job_id: str) -> dict[str, Any]:
        answer = await self.get(f"/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def poll(self, worker: str = "w1", **fields: Any) -> list[dict[str, Any]]:
        body = {"worker_id": worker, "queues": ["default"], "wait_seconds": 0, **fields}
        answer = await self.post("/workers/poll", body)
        assert answer.status_code == 200, answer.text
        return answer.json()["jobs"]

    async def ack(
        self, job_id: str, status: str = "succeeded", worker: str = "w1", **fields: Any
    ) -> httpx.Response:
        body = {"job_id": job_id, "worker_id": worker, "status": status, **fields}
        return await self.post("/workers/ack", body)

    async def beat(self, job_id: str, worker: str = "w1", **fields: Any) -> httpx.Response:
        return await self.post(
            "/workers/heartbeat", {"job_id": job_id, "worker_id": worker, **fields}
        )

    async def running(self, job_type: str = "t", worker: str = "w1", **fields: Any) -> str:
        """A job that `worker` is processing."""
        job = await self.create(job_type, **fields)
        assert [item["id"] for item in await self.poll(worker)] == [job["id"]]
        return str(job["id"])

    async def in_state(self, state: str) -> str:
        """A new job in this state."""
        if state == "pending":
            return str((await self.create())["id"])
        if state == "scheduled":
            return str((await self.create(run_at="2999-01-01T00:00:00Z"))["id"])
        if state == "cancelled":
            job = await self.create()
            await self.post(f"/jobs/{job['id']}/cancel")
            return str(job["id"])
        job_id = await self.running(max_attempts=1)
        error = {"type": "Boom", "message": "it broke", "retryable": state != "failed"}
        if state == "succeeded":
            await self.ack(job_id)
        elif state in {"failed", "dead_letter"}:
            await self.ack(job_id, "failed", error=error)
        assert (await self.job(job_id))["state"] == state
        return job_id


def _running(
    database_url: str, folder: Path, **settings: Any
) -> AbstractAsyncContextManager[Runtime]:
    return serving.running(service(FlareSettings(**settings)), database_url, folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    serving.share_one_loop(Path(__file__).parent, items)


shared_database_url, shared_runtime, shared_url, api, wire, started, alone = serving.fixtures(
    Api, _running
)
