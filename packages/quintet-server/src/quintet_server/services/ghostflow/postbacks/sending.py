"""Sending the postbacks that are queued, and writing down what came of each attempt."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from psycopg.types.json import Jsonb

from quintet_server.engines.hooks.sender import Answer, Sender
from quintet_server.engines.work.lane_worker import HandBack, PermanentFailure, Running
from quintet_server.services.ghostflow.context import GhostFlow
from quintet_server.services.ghostflow.wire import instant

__all__ = ["Postman", "SendFailed"]

_USER_AGENT = "GhostFlow-Postback/1"
_PER_HOST_COUNT = 8
# How long a postback steps aside for others when its host has enough of them under way.
_CROWDED_SECONDS = 1.0

_LOAD = "SELECT target FROM ghostflow_postbacks WHERE id = %s AND outcome = 'pending'"
# The full URL is kept only as long as it is needed: it may hold what proves who we are.
_NOTE = """
UPDATE ghostflow_postbacks SET attempts = attempts || %(attempt)s::jsonb, outcome = %(outcome)s,
    reason = %(reason)s, http_status = %(status)s,
    target = CASE %(outcome)s WHEN 'pending' THEN target END,
    completed_at = CASE %(outcome)s WHEN 'pending' THEN NULL ELSE quintet_now() END
WHERE id = %(id)s AND outcome = 'pending'
"""


class SendFailed(Exception):
    """This attempt was not answered well; there may be another."""


class Postman:
    """The handler of the lane."""

    def __init__(self, parts: GhostFlow, sender: Sender) -> None:
        self._parts = parts
        self._sender = sender
        self._per_host: Counter[str] = Counter()

    async def handle(self, running: Running) -> None:
        """Make one attempt; how the job ends says whether there will be another."""
        id, job = UUID(running.job.payload), running.job
        async with self._parts.db.connection() as conn:
            row = await (await conn.execute(_LOAD, (id,))).fetchone()
        if row is None:
            return  # another process has finished it, or its team is gone
        answer = await self._send(row[0])
        is_done = answer.status is not None and 200 <= answer.status < 300
        is_over = is_done or answer.is_refused or job.attempt >= job.max_attempts
        failure = None if is_done else answer.error or f"answered {answer.status}"
        outcome = "delivered" if is_done else "failed" if is_over else "pending"
        async with self._parts.db.connection() as conn:
            await conn.execute(_NOTE, self._note(id, job.attempt, answer, outcome, failure))
        if failure is not None:
            raise PermanentFailure(failure) if answer.is_refused else SendFailed(failure)

    async def _send(self, url: str) -> Answer:
        host = urlsplit(url).netloc
        if self._per_host[host] >= _PER_HOST_COUNT:
            raise HandBack(_CROWDED_SECONDS)
        self._per_host[host] += 1
        try:
            return await self._sender.get(url, {"user-agent": _USER_AGENT})
        finally:
            self._per_host[host] -= 1
            if not self._per_host[host]:
                del self._per_host[host]

    def _note(
        self, id: UUID, number: int, answer: Answer, outcome: str, failure: str | None
    ) -> dict[str, Any]:
        attempt = {
            "number": number,
            "at": instant(datetime.fromtimestamp(self._parts.clock.now(), UTC)),
            "status": answer.status,
            "error": answer.error,
            "durationMs": answer.duration_ms,
        }
        return {
            "id": id,
            "attempt": Jsonb([attempt]),
            "outcome": outcome,
            "reason": failure,
            "status": answer.status,
        }
