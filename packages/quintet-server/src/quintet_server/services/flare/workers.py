"""`/workers`: register, poll, heartbeat, ack. The hot half of the service.

None of these needs a registration first: a poll of an unknown worker is served, and it is then
known. Delivery is at least once: a lease that ends gives the job to another worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.work.model import AckReply, InvalidState, Job, State, WorkerMismatch
from quintet_server.http.disconnect import watch_disconnect
from quintet_server.http.responses import json_response, reply_response
from quintet_server.services.flare.context import Call, call_of, storable, write
from quintet_server.services.flare.errors import refusing
from quintet_server.services.flare.keyed import keyed
from quintet_server.services.flare.models import (
    Ack,
    AckError,
    Heartbeat,
    Poll,
    RegisterWorker,
    validate,
)
from quintet_server.services.flare.recurring import apply_registered
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.services.flare.timestamps import render_timestamp
from quintet_server.services.flare.wire import poll_item, reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

_WANTED = "only a job that is being processed by this worker can be reported on"


async def register_worker(request: Request) -> Response:
    """`POST /workers/register`: the worker and its schedules, all of them or nothing."""

    async def action(conn: Connection, call: Call) -> Reply:
        body = validate(RegisterWorker, call.body, call.flare.settings)
        await apply_registered(conn, call, body.recurring_schedules or [])
        await call.flare.presence.register(conn, call.project_id, body)
        return reply({"status": "registered"})

    return await write(request, action)


async def poll_jobs(request: Request) -> Response:
    """`POST /workers/poll`: up to `capacity` jobs, held open while there are none.

    A poll with an idempotency key is not held: its answer is stored, so it is given at once.
    """
    call = call_of(request)
    await call.read_body()
    body = validate(Poll, call.body, call.flare.settings)
    call.flare.presence.seen(call.project_id, body.worker_id)
    if call.has_key:
        return await _poll_once(call, body)
    async with watch_disconnect(request) as gone:
        jobs = await _claim(call, body, _hold(call.flare.settings, body), gone)
    if jobs and gone.is_set():  # it left while the claim was on its way
        await call.flare.queue.unclaim(jobs)
        jobs = []
    return json_response(_items(jobs))


async def _poll_once(call: Call, body: Poll) -> Response:
    claimed: list[Job] = []

    async def act() -> Reply:
        claimed.extend(await _claim(call, body, 0.0, None))
        return reply(_items(claimed))

    async def undo() -> None:
        await call.flare.queue.unclaim(claimed)

    return await keyed(call, act, undo)


async def _claim(call: Call, body: Poll, hold: float, gone: asyncio.Event | None) -> list[Job]:
    return await call.flare.queue.claim_wait(
        call.lane,
        body.queues,
        worker_id=body.worker_id,
        capacity=body.capacity or 1,
        job_types=body.job_types or None,
        wait_seconds=hold,
        gone=gone,
    )


def _hold(settings: FlareSettings, body: Poll) -> float:
    """`wait_seconds` can shorten the hold, never lengthen it."""
    wanted = body.wait_seconds
    return settings.poll_hold_seconds if wanted is None else min(wanted, settings.poll_hold_seconds)


def _items(jobs: list[Job]) -> dict[str, Any]:
    return {"jobs": [poll_item(job) for job in jobs]}


async def heartbeat(request: Request) -> Response:
    """`POST /workers/heartbeat`: `ok`, or `cancel` when the worker should stop the job."""
    call = call_of(request)
    await call.read_body()
    body = validate(Heartbeat, call.body, call.flare.settings)
    call.flare.presence.seen(call.project_id, body.worker_id)
    return await _report(call, lambda: _beat(call, body))


async def _beat(call: Call, body: Heartbeat) -> Reply:
    with refusing(_WANTED):
        status = await call.flare.queue.heartbeat(
            call.lane,
            storable(body.job_id),
            body.worker_id,
            progress=body.progress,
            attempt=body.attempt,
        )
    return reply({"status": status})


async def ack(request: Request) -> Response:
    """`POST /workers/ack`: how an attempt ended, and what happens with the job now."""
    call = call_of(request)
    await call.read_body()
    body = validate(Ack, call.body, call.flare.settings)
    call.flare.presence.seen(call.project_id, body.worker_id)
    return await _report(call, lambda: _settle(call, body))


async def _report(call: Call, act: Callable[[], Awaitable[Reply]]) -> Response:
    if call.has_key:
        return await keyed(call, act)
    return reply_response(await act())


async def _settle(call: Call, body: Ack) -> Reply:
    if body.status == "released":
        return await _release(call, body)
    with refusing(_WANTED):
        outcome = await call.flare.queue.ack(
            call.lane,
            storable(body.job_id),
            body.worker_id,
            body.status,
            attempt=body.attempt,
            duration_ms=body.duration_ms,
            error=stored_error(body, call.flare.settings),
            retryable=body.error is None or body.error.retryable is not False,
        )
    return reply(_ack_object(outcome, body.status))


async def _release(call: Call, body: Ack) -> Reply:
    """Hand a job back: pending again at once, its attempt not used up."""
    queue, job_id = call.flare.queue, storable(body.job_id)
    with refusing(_WANTED):
        job = await queue.get(call.lane, job_id)
        if job.state is not State.PROCESSING or body.attempt not in {None, job.attempt}:
            raise InvalidState(job_id, job.state)
        if job.worker_id != body.worker_id:
            raise WorkerMismatch(job_id)
        if not await queue.release(call.lane, job_id, body.worker_id, job.attempt):
            raise InvalidState(job_id, (await queue.get(call.lane, job_id)).state)
    return reply({"action": "done" if job.cancel_requested_at else "retry"})


def _ack_object(outcome: AckReply, status: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"action": outcome.action}
    if outcome.retry_at is not None:
        shown["retry_at"] = render_timestamp(outcome.retry_at)
    if status == "succeeded":
        shown["children_activated"] = outcome.children_activated
    return shown


def stored_error(body: Ack, settings: FlareSettings) -> dict[str, str | None] | None:
    """The error of a failed attempt, cut to what is stored; long texts are no reason to refuse."""
    if body.status != "failed":
        return None
    error = body.error or AckError()
    stack = error.stack_trace
    if stack is not None:
        # The end of a stack trace names the culprit, but readers start at the top: keep the top.
        stack = stack.encode()[: settings.error_stack_max_bytes].decode(errors="ignore")
    return {
        "type": _storable(error.type, settings.error_type_max_chars),
        "message": _storable(error.message, settings.error_message_max_chars),
        "stack_trace": _storable(stack, settings.error_stack_max_bytes),
    }


def _storable(text: str | None, most: int) -> str | None:
    return None if text is None else text.replace("\x00", "\ufffd")[:most]
