"""What users write, as type checkers see it; never run."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from typing_extensions import assert_type

from aerostack import SDK, Aerostack, AsyncChatStream, ChatStream, Download, errors, models
from aerostack.types import Unset
from aerostack.utils import BackoffStrategy, RetryConfig


def blocking() -> None:
    retries = RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 100), False)
    with SDK(
        "key", 0, None, None, httpx.Client(), httpx.AsyncClient(), retries, 500, logging.getLogger()
    ) as sdk:
        answer = sdk.ai.ai_chat(request={"messages": [{}], "model": "m"}, retries=retries)
        assert_type(answer, models.AiChatResponseBody)
        assert_type(answer.response, str | None)
        stream = sdk.ai.ai_chat({"messages": [{"role": "user", "content": "x"}], "stream": True})
        assert_type(stream, ChatStream)
        for chunk in stream:
            assert_type(chunk, models.ChatChunk)
        history = [{"role": "user", "content": "x"}]
        assert_type(sdk.ai.ai_chat({"messages": history}), models.AiChatResponseBody)
        user = sdk.authentication.auth_signin({"email": "a@b.example", "password": "x"})
        assert_type(user.expires_at, datetime | None)
        assert user.user is not None
        assert_type(user.user.name, str | None | Unset)
        file = sdk.storage.storage_get({"key": "k"}, byte_range=(0, 99))
        assert_type(file, Download)
        assert_type(file.save("x"), Path)
        with Path("x").open("rb") as picture:
            sdk.storage.storage_upload(
                request={
                    "content_type": "image/jpeg",
                    "file": {"content": picture, "file_name": "x"},
                    "key": "k",
                },
                progress=lambda sent, total: print(sent, total),
            )
        sdk.storage.storage_upload(
            {"file": {"content": b"x", "file_name": "x"}, "key": "k", "metadata": {"by": "me"}}
        )
        sdk.storage.storage_get_url({"key": "k", "expires_in": 60})
        sdk.ai.ai_chat({"messages": [], "seed": 1, "stop": [".", "!"], "tool_choice": "none"})
        tried = sdk.database.db_batch({"queries": [{"sql": "SELECT 1"}]}).results or []
        assert_type(tried[0].meta, models.DbMeta | None)
        sdk.services.services_invoke(models.ServicesInvokeRequestBody(service_name="s", data={}))
        rows = sdk.database.db_query({"sql": "SELECT 1", "params": [1]}).results
        assert_type(rows, list[dict[str, Any]] | None)
        assert_type(sdk.cache.cache_keys().keys, list[str] | None)


async def asynchronous() -> None:
    async with Aerostack(api_key_auth=lambda: "key") as sdk:
        answer = await sdk.ai.ai_chat_async({"messages": []}, None, timeout_ms=5)
        assert_type(answer, models.AiChatResponseBody)
        stream = await sdk.gateway.gateway_chat_completions_async(
            "api", {"messages": [], "stream": True}, token="t"
        )
        assert_type(stream, AsyncChatStream)
        async for chunk in stream:
            assert_type(chunk.text, str)
        async with await sdk.storage.storage_get_async({"key": "k"}) as file:
            async for piece in file:
                assert_type(piece, bytes)
        job = (await sdk.queue.queue_get_job_async({"job_id": "j"})).job
        assert job is not None
        assert_type(job.status, models.JobStatus | None)


def failing(sdk: SDK) -> None:
    try:
        sdk.cache.cache_get({"key": "k"})
    except errors.ErrorResponse as e:
        assert_type(e.data.code, errors.Code)
        assert_type(e.data.message, str)
        assert_type(e.headers, httpx.Headers)
        assert_type(e.raw_response, httpx.Response)
        assert_type(e.status_code, int)
        assert_type(e.body, str)
    except errors.RequestTimeoutError as e:
        assert_type(e.phase, str)
