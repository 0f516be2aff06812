"""The `http` tool: arguments become a request, the answer becomes text for the model.

Goes through the guarded client: no private address unless the operator allows it, no redirects.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import orjson

from quintet_server.engines.hooks.target import TargetRefused
from quintet_server.services.flowmaestro.agents.definitions import HttpTool
from quintet_server.services.flowmaestro.agents.tool_results import ToolFailed, ToolResult

if TYPE_CHECKING:
    from quintet_server.services.flowmaestro.context import FlowMaestro

__all__ = ["call_http", "request_of"]

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}")
_WITH_BODY = ("POST", "PUT", "PATCH")
_RESPONSE_MAX_BYTES = 1024 * 1024


async def call_http(parts: FlowMaestro, tool: HttpTool, arguments: Mapping[str, Any]) -> ToolResult:
    """Send one request. Any status is a result; no answer is :class:`ToolFailed`. Never retries."""
    try:
        request = request_of(tool, arguments)
        async with asyncio.timeout(tool.timeout_seconds):
            async with parts.http.stream(**request, timeout=tool.timeout_seconds) as reply:
                body = await _bounded(reply)
    except (TimeoutError, httpx.TimeoutException):
        raise ToolFailed(f"no answer within {tool.timeout_seconds:g} s") from None
    except (TargetRefused, httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as refusal:
        raise ToolFailed(str(refusal)) from refusal
    except httpx.HTTPError as error:
        raise ToolFailed(f"the request failed: {type(error).__name__}") from error
    return ToolResult({"status": reply.status_code, "data": _data(body)})


def request_of(tool: HttpTool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The request that a call is, as keyword arguments of the client."""
    named: set[str] = set()

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in arguments:
            raise ToolFailed(f"missing arguments: {name}")
        named.add(name)
        return quote(_plain(arguments[name]), safe="")

    url = httpx.URL(_PLACEHOLDER.sub(value_of, tool.url))
    rest = {name: value for name, value in arguments.items() if name not in named}
    # No compression: what is counted is what is kept in memory.
    headers = {"accept": "application/json, text/*;q=0.9", "accept-encoding": "identity"}
    request: dict[str, Any] = {
        "method": tool.method,
        "url": url,
        "headers": {**headers, **tool.headers},
    }
    if tool.method in _WITH_BODY:
        request["content"] = orjson.dumps(rest)
        request["headers"] = {"content-type": "application/json", **request["headers"]}
    elif rest:
        request["url"] = url.copy_merge_params({key: _plain(value) for key, value in rest.items()})
    return request


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


async def _bounded(reply: httpx.Response) -> bytes:
    received = bytearray()
    async for chunk in reply.aiter_bytes():
        received.extend(chunk[: _RESPONSE_MAX_BYTES - len(received)])
        if len(received) >= _RESPONSE_MAX_BYTES:
            break
    return bytes(received)


def _data(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace").replace("\x00", "\ufffd")
