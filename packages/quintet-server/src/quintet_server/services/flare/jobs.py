"""`/jobs`: enqueue, look up, list, cancel, retry."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.work import statements
from quintet_server.engines.work.model import Job, JobFilter, JobSpec, State
from quintet_server.http.errors import ApiError
from quintet_server.http.idempotency import fingerprint, idempotent
from quintet_server.http.responses import json_response, reply_response
from quintet_server.services.flare import query
from quintet_server.services.flare.context import Call, call_of, write
from quintet_server.services.flare.creation import AloneNeeded, Creation, created_reply
from quintet_server.services.flare.cursors import decode_position, encode_position
from quintet_server.services.flare.errors import invalid_state, job_not_found, refusing
from quintet_server.services.flare.models import CreateJob, validate
from quintet_server.services.flare.payloads import payload_text
from quintet_server.services.flare.quotas import Usage
from quintet_server.services.flare.trace_context import traceparent_of
from quintet_server.services.flare.wire import job_object, reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply
from quintet_server.store.ids import new_id

STATES = tuple(str(state) for state in State)
_PARENT = "a parent must still be able to succeed"


async def create_job(request: Request) -> Response:
    """`POST /jobs`: 201 with the job, `Location`, and the quota headers on every answer."""
    call = call_of(request)
    try:
        return await _create(call)
    except ApiError as error:
        if "X-Quota-Limit" not in error.headers:
            usage = await call.flare.quotas.current(call.project_id, call.plan)
            error.headers.update(call.flare.quotas.headers(usage))
        raise


async def _create(call: Call) -> Response:
    await call.read_body()
    body = validate(CreateJob, call.body, call.flare.settings)
    spec, key = _spec(call, body), call.key(body.idempotency_key)
    canonical = call.canonical(without="idempotency_key") if key is not None else b""
    if spec.parent_id is None and call.accepts(key):
        print_ = fingerprint(call.request, canonical)
        try:
            made = await call.flare.creations.create(
                Creation(call.project_id, call.plan, spec, key, print_)
            )
        except AloneNeeded:
            pass
        else:
            return await _answer(call, reply_response(made.reply), made.usage)
    return await _create_alone(call, spec, key, canonical)


async def _create_alone(call: Call, spec: JobSpec, key: str | None, canonical: bytes) -> Response:
    """Create in a transaction of its own: with a parent, or with a key that may be known."""
    plan, quotas = call.plan, call.flare.quotas
    taken: list[Usage] = []

    async def action(conn: Connection) -> Reply:
        with refusing(_PARENT):
            job = (await call.flare.queue.enqueue(conn, [spec]))[0]
        # Last, because it locks the project's counter until the commit.
        if not plan.is_unlimited:
            taken.append(await quotas.consume(conn, call.project_id, plan, 1))
        return created_reply(job)

    answer = await idempotent(call.request, action, rules=call.rules, body=canonical, key=key)
    return await _answer(call, answer, taken[-1] if taken else None)


async def _answer(call: Call, answer: Response, usage: Usage | None) -> Response:
    """Add the quota headers; a job that was created in an unlimited project is counted here."""
    plan, quotas = call.plan, call.flare.quotas
    if usage is None and plan.is_unlimited and "idempotent-replay" not in answer.headers:
        usage = await quotas.count(call.project_id, plan, 1)
    elif usage is None:
        usage = await quotas.current(call.project_id, plan)
    answer.headers.update(dict(quotas.headers(usage)))
    return answer


def _spec(call: Call, body: CreateJob) -> JobSpec:
    settings = call.flare.settings
    return JobSpec(
        id=new_id("job"),
        lane=call.lane,
        project_id=call.project_id,
        job_type=body.job_type,
        payload=payload_text(call.raw_body, call.body, max_bytes=settings.payload_max_bytes),
        queue=body.queue or "default",
        run_at=body.run_at,
        max_attempts=body.max_attempts or settings.attempts_default_count,
        timeout_seconds=body.timeout_seconds or settings.timeout_default_seconds,
        tags=body.tags,
        parent_id=body.parent_job_id,
        traceparent=traceparent_of(call.request),
    )


async def get_job(request: Request) -> Response:
    """`GET /jobs/{id}`."""
    call = call_of(request)
    return json_response(job_object(await find_job(call)))


async def find_job(call: Call) -> Job:
    """The job the path names; 404 when this project has none of that name."""
    with refusing(""):
        return await call.flare.queue.get(call.lane, call.path_id())


async def list_jobs(request: Request) -> Response:
    """`GET /jobs`: newest first, filtered, a page at a time."""
    call = call_of(request)
    settings = call.flare.settings
    limit = query.clamped_limit(request, settings)
    state = query.one_of(request, "state", STATES)
    chosen = JobFilter(
        state=State(state) if state else None,
        queue=query.text(request, "queue"),
        job_type=query.text(request, "job_type"),
        created_from=query.instant(request, "created_after"),
        created_until=query.instant(request, "created_before"),
        tags=query.tags(request, settings),
    )
    cursor = query.text(request, "cursor")
    position = decode_position(cursor) if cursor else None
    page = await call.flare.queue.list(call.lane, chosen, limit, position, payloads=False)
    following = page.next_cursor
    next_cursor = None if following is None else encode_position(*following)
    return json_response(
        {
            "jobs": [job_object(job, payload=False) for job in page.jobs],
            "has_more": next_cursor is not None,
            "next_cursor": next_cursor,
            # The documentation of the published client calls it this.
            "cursor": next_cursor,
        }
    )


async def cancel_job(request: Request) -> Response:
    """`POST /jobs/{id}/cancel`: 200 when cancelled, 202 when a running job was asked to stop."""

    async def action(conn: Connection, call: Call) -> Reply:
        verdict, job = await _steer(conn, statements.CANCEL, call)
        accepts_running = call.flare.settings.cancel_processing
        if verdict == "invalid_state" or (verdict == "requested" and not accepts_running):
            wanted = "pending, scheduled or processing" if accepts_running else "pending, scheduled"
            raise invalid_state(job.id, job.state, f"only {wanted} jobs can be cancelled")
        return reply(job_object(job), 202 if verdict == "requested" else 200)

    return await write(request, action, has_body=False)


async def retry_job(request: Request) -> Response:
    """`POST /jobs/{id}/retry`: a failed or dead-lettered job is pending again, attempts at 0."""

    async def action(conn: Connection, call: Call) -> Reply:
        verdict, job = await _steer(conn, statements.RETRY, call)
        if verdict == "invalid_state":
            raise invalid_state(job.id, job.state, "only failed or dead_letter jobs can be retried")
        return reply(job_object(job))

    return await write(request, action, has_body=False)


async def _steer(conn: Connection, statement: str, call: Call) -> tuple[str, Job]:
    """Cancel or retry in the caller's transaction, beside the record of its idempotency key."""
    job_id = call.path_id()
    row = await (await conn.execute(statement, (call.lane, job_id))).fetchone()
    assert row is not None  # the function always answers
    if row[0] == "not_found":
        raise job_not_found(job_id)
    return row[0], Job.from_row(row[1:])
