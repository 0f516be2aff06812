"""Giving one job to its consumer: a function is called with it, a URL gets it in a request.

A request is signed with HMAC-SHA256 over `<t>.<body>`, `t` being the Unix second of this attempt;
the header is `t=<t>,v1=<hex>`. Its `Idempotency-Key` is the job's id: a job may come twice.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from quintet_server.engines.callables import (
    CallableError,
    CallableFailed,
    CallablesBusy,
)
from quintet_server.engines.work.lane_worker import HandBack
from quintet_server.engines.work.model import Job
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.functions.exchange import (
    Answer,
    ExchangeError,
    NotAllowed,
    Request,
    exchange,
)
from quintet_server.services.aerostack.queue.definitions import ConsumerSpec
from quintet_server.services.aerostack.queue.retrying import asked_seconds, is_worth_another_try
from quintet_server.services.aerostack.wire import instant

SIGNATURE_HEADER = "X-Aerostack-Signature"
_BUSY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer as it is stored."""

    project_id: str
    name: str
    spec: ConsumerSpec


class Undelivered(Exception):
    """The consumer did not do the job; the sentence is for whoever asks about the job."""

    def __init__(
        self, message: str, *, is_retryable: bool = True, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.is_retryable = is_retryable
        self.retry_after = retry_after


async def deliver(parts: Aerostack, consumer: Consumer, job: Job) -> Any:
    """What the consumer answers.

    Raises:
        Undelivered: it failed, or could not be reached.
        HandBack: no process was free to run it; the attempt does not count.
    """
    target = consumer.spec.target
    if target.callable is not None:
        return await _call(parts, target.callable, consumer, job)
    request = _request(consumer, job, int(parts.clock.now()))
    max_bytes = parts.settings.target_answer_max_bytes
    try:
        answer = await exchange(
            parts.http, request, timeout=consumer.spec.timeout, max_bytes=max_bytes
        )
    except ExchangeError as failure:
        raise Undelivered(str(failure), is_retryable=not isinstance(failure, NotAllowed)) from None
    if not answer.is_success:
        raise _refused(answer, parts.clock.now())
    return answer.value


async def _call(parts: Aerostack, target: str, consumer: Consumer, job: Job) -> Any:
    argument = {**_head(job), "data": json.loads(job.payload)}
    try:
        return await parts.callables.call(target, argument, timeout=consumer.spec.timeout)
    except CallablesBusy:
        raise HandBack(_BUSY_SECONDS) from None
    except CallableFailed as failure:
        raise Undelivered(
            str(failure), is_retryable=failure.is_retryable, retry_after=failure.retry_after
        ) from None
    except CallableError as failure:
        raise Undelivered(str(failure)) from None


def _head(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "type": job.job_type,
        "attempt": job.attempt,
        "projectId": job.project_id,
        "createdAt": instant(job.created_at),
    }


def _request(consumer: Consumer, job: Job, now: int) -> Request:
    target = consumer.spec.target
    # Put together as text: the data goes out as it came in.
    body = f'{json.dumps(_head(job))[:-1]}, "data": {job.payload}}}'.encode()
    headers = {
        "Accept": "application/json, */*",
        "Content-Type": "application/json",
        "User-Agent": "quintet-server",
        "Idempotency-Key": job.id,
        "X-Aerostack-Job-Id": job.id,
        "X-Aerostack-Attempt": str(job.attempt),
        **target.headers,
    }
    if target.secret is not None:
        headers[SIGNATURE_HEADER] = sign(body, target.secret, now)
    return Request(target.method, target.url or "", headers, body)


def sign(body: bytes, secret: str, timestamp: int) -> str:
    """`t=<timestamp>,v1=<hex>`."""
    signed = f"{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def _refused(answer: Answer, now: float) -> Undelivered:
    message = f"the consumer answered {answer.status}"
    if 300 <= answer.status < 400:
        message += ", a redirect, which is not followed"
    if answer.excerpt:
        message += f": {answer.excerpt}"
    return Undelivered(
        message,
        is_retryable=is_worth_another_try(answer.status),
        retry_after=asked_seconds(answer.retry_after, now),
    )
