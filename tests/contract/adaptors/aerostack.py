"""Aerostack, described to the contract checks.

One class has both kinds of calls, so each of its two adaptors looks at one of them.  Without a
configuration it repeats nothing, which is what its document says; here it has one.
"""

from __future__ import annotations

import json
from typing import Any

from aerostack import SDK
from aerostack.errors import AerostackError
from aerostack.utils import BackoffStrategy, RetryConfig
from quintet.testing import reply
from quintet.testing.contract import Adaptor, Call, StreamCall

KEY = "ac_secret_0123456789abcdefghij"
WORDS = ("Hel", "lo.")
MESSAGES = {"messages": [{"role": "user", "content": "Hi"}]}
HOUR_MS = 3_600_000


def chunk(word: str) -> bytes:
    data = {"id": "chat_1", "choices": [{"index": 0, "delta": {"content": word}}]}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


EVENTS = b": beat\n\n".join(map(chunk, WORDS)) + b"data: [DONE]\n\n"


def retries(most: int) -> RetryConfig:
    return RetryConfig("backoff", BackoffStrategy(500, 8000, 2, HOUR_MS), True, most)


def adaptor(blocking: bool) -> Adaptor:
    way, suffix = ("transport", "") if blocking else ("async_transport", "_async")

    def make(
        *,
        transport: Any,
        max_retries: int,
        timeout: float | None = None,
        deadline: float | None = None,
        **options: Any,
    ) -> SDK:
        return SDK(
            KEY,
            server_url="https://aerostack.example/v1",
            retry_config=retries(max_retries),
            timeout_ms=None if timeout is None else timeout * 1000,
            deadline_ms=None if deadline is None else deadline * 1000,
            **{way: transport},
            **options,
        )

    def named(resource: str, operation: str, request: dict[str, Any]) -> Any:
        def perform(sdk: SDK) -> Any:
            return getattr(getattr(sdk, resource), operation + suffix)(request)

        return perform

    return Adaptor(
        name="aerostack",
        blocking=blocking,
        make=make,
        error=AerostackError,
        key=KEY,
        read=Call(
            named("cache", "cache_get", {"key": "a"}),
            reply(200, json={"exists": True, "value": 1}),
        ),
        write=Call(
            named("queue", "queue_enqueue", {"type": "mail", "data": {"to": "a@b.example"}}),
            reply(201, json={"jobId": "job_1", "success": True}),
        ),
        stream=StreamCall(
            named("ai", "ai_chat_stream", MESSAGES),
            EVENTS,
            WORDS,
            identity=lambda each: each.text,
            resumes=False,
        ),
        retried=(429, 500, 502, 503, 504),
        given_up=(400, 401, 403, 404, 408, 409, 413, 422, 501),
    )


ADAPTORS = [adaptor(True), adaptor(False)]
