"""`POST /queue/enqueue`."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from quintet_server.engines.work.model import Job, JobSpec
from quintet_server.http.idempotency import fingerprint
from quintet_server.http.responses import reply_response
from quintet_server.services.aerostack.context import RULES, Call, write
from quintet_server.services.aerostack.errors import invalid_field, too_large
from quintet_server.services.aerostack.functions.targets import TIMEOUT_MAX_SECONDS
from quintet_server.services.aerostack.queue.definitions import RETRIES_MAX_COUNT
from quintet_server.services.aerostack.queue.records import lane_of
from quintet_server.services.aerostack.queue.shapes import QueueEnqueue
from quintet_server.services.aerostack.queue.together import AloneNeeded, KeyedJob, Together
from quintet_server.services.aerostack.wire import ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

# How often a job is tried, and how long each time, is for its consumer to say, which nobody may
# know yet. These only end what no consumer has ended: waiting for a process and starting it come
# on top of the longest timeout there is.
_ATTEMPTS_MAX = RETRIES_MAX_COUNT + 2
_ATTEMPT_MAX_SECONDS = 3 * int(TIMEOUT_MAX_SECONDS)
# Waits after attempts that died with their process.
_AFTER_INTERRUPTION = {"base_ms": 1_000, "cap_ms": 60_000, "jitter_ms": 500}


async def queue_enqueue(call: Call, body: QueueEnqueue) -> Response:
    """Put a job on disk, then say so. Jobs that arrive together share a commit."""
    queue = call.parts.queue
    spec = _spec(call, body)
    key = call.request.headers.get("idempotency-key")
    if key is None:
        return reply_response(_enqueued(await queue.enqueue_one(spec)))
    if RULES.max_chars >= len(key) > 0 and key.isascii() and key.isprintable():
        job = KeyedJob(spec, key, fingerprint(call.request, call.raw))
        with contextlib.suppress(AloneNeeded):
            return reply_response(await _together(call).enqueue(job))

    async def enqueue(conn: Connection) -> Reply:
        [job] = await queue.enqueue(conn, [spec])
        return _enqueued(job)

    return await write(call, enqueue)


def _together(call: Call) -> Together:
    """The one of this server: it lives as long as the application does."""
    state = call.request.app.state
    if not hasattr(state, "aerostack_together"):
        idempotency = state.runtime.idempotency
        state.aerostack_together = Together(call.parts.queue, idempotency, _enqueued)
    together: Together = state.aerostack_together
    return together


def _enqueued(job: Job) -> Reply:
    return ok_reply({"jobId": job.id, "success": True}, 201)


def _spec(call: Call, body: QueueEnqueue) -> JobSpec:
    return JobSpec(
        lane=lane_of(call.project_id),
        project_id=call.project_id,
        job_type=body.type,
        queue=body.type,
        payload=_payload(call, body),
        run_at=_run_at(call, body.delay or 0),
        max_attempts=_ATTEMPTS_MAX,
        timeout_seconds=_ATTEMPT_MAX_SECONDS,
        retry_policy=_AFTER_INTERRUPTION,
        logged=False,
    )


def _payload(call: Call, body: QueueEnqueue) -> str:
    most = call.parts.settings.queue_data_max_bytes
    try:
        # In ASCII: PostgreSQL keeps no text with a NUL in it, an escaped one is fine.
        text = json.dumps(body.data, allow_nan=False, separators=(",", ":"))
    except ValueError:  # 1e999 is JSON, but no number that could be kept
        raise invalid_field("data", "must not hold numbers out of range") from None
    except RecursionError:
        raise invalid_field("data", "must not be nested so deeply") from None
    if len(text) > most:
        message = f"The data of a job must not be larger than {most} bytes of JSON"
        raise too_large(f"{message}; this has {len(text)}.", "QUEUE_ENQUEUE_FAILED")
    return text


def _run_at(call: Call, delay: int) -> datetime | None:
    most = call.parts.settings.queue_delay_max_seconds
    if delay > most:
        raise invalid_field("delay", f"must be at most {most} seconds", "QUEUE_ENQUEUE_FAILED")
    if delay == 0:
        return None
    return datetime.fromtimestamp(call.parts.clock.now(), UTC) + timedelta(seconds=delay)
