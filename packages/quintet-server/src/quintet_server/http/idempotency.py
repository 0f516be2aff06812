"""Idempotency keys of requests: which header, which answer, per service."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.errors import ApiError, ErrorEnvelope, Failure
from quintet_server.http.responses import reply_response
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import InProgress, KeyReuse, Reply

__all__ = ["IdempotencyRules", "canonical", "fingerprint", "idempotent"]


@dataclass(frozen=True, slots=True)
class IdempotencyRules:
    """How a service spells idempotency."""

    replay_header: tuple[str, str] = ("Idempotent-Replay", "true")
    """Sent with a stored answer, and only then."""
    max_chars: int = 200
    """Longest key; keys are printable ASCII."""
    per_path: bool = False
    """Whether the same key means something else on another path."""
    keeps_refusals: bool = False
    """Whether a refusal by the action (4xx) is stored and sent again like a success."""


def fingerprint(request: Request, body: bytes) -> bytes:
    """Return what makes two requests the same: method, path and body."""
    text = f"{request.method}\0{request.url.path}\0".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text + body).digest()


def canonical(body: Any) -> bytes:
    """Return one text for every spelling of the same JSON value."""
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


async def idempotent(
    request: Request,
    action: Callable[[Connection], Awaitable[Reply]],
    *,
    rules: IdempotencyRules,
    body: bytes,
    key: str | None = None,
) -> Response:
    """Run a write in one transaction and answer, at most once per idempotency key.

    The header ``Idempotency-Key`` wins over ``key`` (for services that also take it in the body);
    without either the write simply runs. ``body`` is what the fingerprint is made of, usually
    :func:`canonical` JSON. Raises the service's errors for a bad key, for a key used with another
    request, and for one whose first request is still running (with ``Retry-After: 1``).
    """
    runtime, envelope = request.app.state.runtime, request.app.state.service.envelope
    key = request.headers.get("idempotency-key", key)
    if key is None:
        async with runtime.db.transaction() as conn:
            reply = await action(conn)
        return reply_response(reply)
    if not 1 <= len(key) <= rules.max_chars or not (key.isascii() and key.isprintable()):
        message = f"Idempotency-Key: must have 1 to {rules.max_chars} printable ASCII characters"
        raise envelope.error(Failure.INVALID_REQUEST, message)
    project = request.state.principal.project_id
    if rules.per_path:
        key = f"{request.method} {request.url.path} {key}"
    if rules.keeps_refusals:
        action = _telling_refusals(request, action)
    try:
        reply, replayed = await runtime.idempotency.run(
            *(project, key, fingerprint(request, body), action),
            keeps_refusals=rules.keeps_refusals,
        )
    except KeyReuse:
        message = "This idempotency key was used before with another request."
        raise envelope.error(Failure.IDEMPOTENCY_KEY_REUSE, message) from None
    except InProgress:
        message = "The first request with this idempotency key is still running."
        raise envelope.error(
            Failure.IDEMPOTENCY_IN_PROGRESS, message, headers={"Retry-After": "1"}
        ) from None
    return reply_response(reply, (rules.replay_header,) if replayed else ())


Action = Callable[[Connection], Awaitable[Reply]]


def _telling_refusals(request: Request, action: Action) -> Action:
    """The action with its refusals as replies, in the service's envelope."""

    async def act(conn: Connection) -> Reply:
        try:
            return await action(conn)
        except ApiError as error:
            envelope: ErrorEnvelope = request.app.state.service.envelope
            body = orjson.dumps(envelope.body(error, request.state.request_id), default=str)
            return Reply(error.status, body, tuple(error.headers.items()))

    return act
