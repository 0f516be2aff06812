"""Send the request of an http node: bounded in time, size and attempts, and to allowed targets.

Redirects are not followed: a 3xx is an answer like any other, its `location` among the headers.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from quintet_server.engines.hooks.target import TargetRefused, check_url
from quintet_server.services.flowmaestro.nodes.http_request import Outgoing
from quintet_server.services.flowmaestro.nodes.model import NodeError

URL_MAX_CHARS = 16_384
_DELAY_MAX_SECONDS = 10.0
_ERROR_MAX_CHARS = 300

Sleep = Callable[[float], Awaitable[None]]
Retrying = Callable[[int, float, str], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one exchange; `timeout_seconds` is for one attempt, connecting included."""

    timeout_seconds: float
    retry_count: int
    max_bytes: int
    allow_private: bool


async def exchange(
    client: httpx.AsyncClient,
    request: Outgoing,
    limits: Limits,
    *,
    retrying: Retrying = lambda _attempt, _delay, _error: None,
    sleep: Sleep = asyncio.sleep,
) -> dict[str, Any]:
    """`{status, statusText, headers, data, responseTime}`: any status is a success.

    Only a failed transport is tried again, after 1, 2, 4 … seconds, 10 at most; every attempt has
    the whole time. `retrying(attempt, delay, error)` is told before each wait.

    Raises:
        NodeError: no answer, one that is too large, or a target that must not be called. Its
            message shows neither credentials nor the query.
    """
    try:
        check_url(request.url, allow_private=limits.allow_private, max_chars=URL_MAX_CHARS)
    except TargetRefused as refusal:
        raise NodeError(_clean(f"url: {refusal}", request), "target_refused") from None
    attempt = 1
    while True:
        try:
            return await _attempt(client, request, limits)
        except NodeError as error:
            if not error.retryable or attempt > limits.retry_count:
                raise
            delay = min(2.0 ** (attempt - 1), _DELAY_MAX_SECONDS)
            attempt += 1
            retrying(attempt, delay, error.message)
            await sleep(delay)


async def _attempt(client: httpx.AsyncClient, request: Outgoing, limits: Limits) -> dict[str, Any]:
    started = time.monotonic()
    timeout = limits.timeout_seconds
    try:
        async with asyncio.timeout(timeout):
            sent = client.build_request(
                request.method,
                request.url,
                headers=[(name.encode(), value.encode()) for name, value in request.headers],
                content=request.content or None,
                timeout=timeout,
            )
            reply = await client.send(sent, stream=True)
            try:
                body = await _read(reply, limits.max_bytes)
            finally:
                await reply.aclose()
    except (TimeoutError, httpx.TimeoutException):
        raise _failed(request, f"no complete answer within {timeout:g} s", "timeout") from None
    except TargetRefused as refusal:
        raise NodeError(_clean(f"url: {refusal}", request), "target_refused") from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
        raise NodeError(_clean(f"url: {error}", request), "invalid_config") from None
    except httpx.TransportError as error:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise _failed(request, what, "connection_failed") from None
    return {
        "status": reply.status_code,
        "statusText": reply.reason_phrase,
        "headers": _headers(reply),
        "data": _data(body, reply),
        "responseTime": round((time.monotonic() - started) * 1000),
    }


def _failed(request: Outgoing, what: str, code: str) -> NodeError:
    host = httpx.URL(request.url).host
    text = f"{request.method} to {host} failed: {what}"
    return NodeError(_clean(text, request), code, retryable=True)


def _clean(text: str, request: Outgoing) -> str:
    for secret in request.secrets:
        text = text.replace(secret, "***")
    return text[:_ERROR_MAX_CHARS]


async def _read(reply: httpx.Response, max_bytes: int) -> bytes:
    """The body, decoded. The declared size is believed only where it is too large."""
    inflate = _inflater(reply.headers.get("content-encoding", "identity").strip().lower())
    body = bytearray()
    async for chunk in reply.aiter_raw():
        body += inflate(chunk, max_bytes + 1 - len(body)) if inflate else chunk
        if len(body) > max_bytes:
            raise NodeError(
                f"The answer has more than {max_bytes} bytes "
                "(QUINTET_FLOWMAESTRO_NODE_OUTPUT_MAX_BYTES)",
                "output_too_large",
            )
    return bytes(body)


def _inflater(encoding: str) -> Callable[[bytes, int], bytes] | None:
    """Decompress no more than there is room for; zlib's header detection knows gzip and deflate."""
    if encoding in ("", "identity"):
        return None
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise NodeError(f"The answer is encoded as {encoding[:40]}, which is not read here", "type")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def inflate(chunk: bytes, room: int) -> bytes:
        try:
            return decoder.decompress(chunk, room)
        except zlib.error as error:
            raise NodeError(f"The answer cannot be decompressed: {error}", "type") from None

    return inflate


def _headers(reply: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in reply.headers.items()}


def _data(body: bytes, reply: httpx.Response) -> Any:
    """Parsed if it is declared as JSON, or not declared at all, and is; else text."""
    content_type = reply.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("", "application/json", "text/json") or kind.endswith("+json"):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
    try:
        return body.decode(reply.charset_encoding or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
