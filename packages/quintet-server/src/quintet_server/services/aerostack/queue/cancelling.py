"""`POST /queue/cancel`: advisory, as at the vendor.

A job that waits will not run. One that is being worked on runs to its end; it is only not tried
again should it fail. What has ended stays as it is.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from quintet_server.engines.work import statements
from quintet_server.engines.work.model import Job, State
from quintet_server.services.aerostack.context import Call, write
from quintet_server.services.aerostack.errors import not_found
from quintet_server.services.aerostack.queue.reading import storable
from quintet_server.services.aerostack.queue.records import find_job, lane_of, status_of
from quintet_server.services.aerostack.queue.shapes import JobNamed
from quintet_server.services.aerostack.wire import ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

_IN_HAND = (
    "The job is being processed already and runs to its end; it is not tried again if it fails."
)


async def queue_cancel(call: Call, body: JobNamed) -> Response:
    """Cancel a job if it has not begun. Raises 404 for a job the project does not have."""
    job_id = storable(body.job_id)

    async def cancel(conn: Connection) -> Reply:
        retention = call.parts.settings.queue_retention_seconds
        if await find_job(conn, call.project_id, job_id, retention) is None:
            raise not_found("There is no such job in this project.", "QUEUE_JOB_NOT_FOUND")
        lane = lane_of(call.project_id)
        row = await (await conn.execute(statements.CANCEL, (lane, job_id))).fetchone()
        assert row is not None  # the function answers one row
        verdict, *columns = row
        return ok_reply(_outcome(verdict, Job.from_row(tuple(columns)).state))

    return await write(call, cancel)


def _outcome(verdict: str, state: State) -> dict[str, Any]:
    if verdict == "cancelled":
        return {"success": True}
    if verdict == "requested":
        return {"success": False, "note": _IN_HAND}
    if state is State.CANCELLED:
        return {"success": True, "note": "The job was cancelled before."}
    return {"success": False, "note": f"The job has ended already: it is {status_of(state)}."}
