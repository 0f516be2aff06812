"""One request to a URL of a project: bounded in time and size, to allowed addresses only.

Redirects are not followed: where a target may lead is the definition's to say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx

from quintet_server.engines.hooks.target import TargetRefused

_EXCERPT_MAX_CHARS = 500


class ExchangeError(Exception):
    """No usable answer; the sentence shows neither headers nor the query."""


class NoAnswer(ExchangeError):
    """Nothing came, or it broke off."""


class TimedOut(ExchangeError):
    """It did not come in time; whether the target has acted is unknown."""


class NotAllowed(ExchangeError):
    """The URL leads to where calls must not go, or cannot be called at all."""


class TooLarge(ExchangeError):
    """More than is taken here."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to send; `content` is JSON, None for no body."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    params: Mapping[str, str] | None = None
    """Added to the query of the URL."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    content_type: str
    retry_after: str | None
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the target says that it did what was asked."""
        return 200 <= self.status < 300

    @property
    def value(self) -> Any:
        """The body: parsed if it is JSON and not declared as something else, None if empty."""
        if not self.body:
            return None
        kind = self.content_type.partition(";")[0].strip().lower()
        if kind in ("", "application/json", "text/json") or kind.endswith("+json"):
            try:
                return json.loads(self.body, parse_constant=_refuse)
            except (ValueError, RecursionError):
                pass
        return self.body.decode("utf-8", "replace")

    @property
    def excerpt(self) -> str:
        """The beginning of the body, on one line."""
        text = self.body[: 4 * _EXCERPT_MAX_CHARS].decode("utf-8", "replace")
        return " ".join(text.split())[:_EXCERPT_MAX_CHARS]


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


async def exchange(
    client: httpx.AsyncClient, request: Request, *, timeout: float, max_bytes: int
) -> Answer:
    """Send it and read the whole answer; `timeout` covers everything.

    Raises:
        ExchangeError: one of its kinds above. Any status is an answer.
    """
    host = _host(request.url)
    try:
        async with asyncio.timeout(timeout):
            sent = client.build_request(
                request.method,
                # What the URL has of its own stays.
                httpx.URL(request.url).copy_merge_params(request.params or {}),
                # Nothing is compressed: what is counted is what is kept in memory.
                headers={**request.headers, "Accept-Encoding": "identity"},
                content=request.content,
                timeout=timeout,
            )
            reply = await client.send(sent, stream=True)
            try:
                body = await _read(reply, max_bytes)
            finally:
                await reply.aclose()
    except (TimeoutError, httpx.TimeoutException):
        raise TimedOut(f"{host} gave no complete answer within {timeout:g} s") from None
    except (TargetRefused, httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as refusal:
        raise NotAllowed(str(refusal)) from None
    except httpx.TransportError as error:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise NoAnswer(f"{host} could not be asked: {what}"[:_EXCERPT_MAX_CHARS]) from None
    headers = reply.headers
    return Answer(
        status=reply.status_code,
        content_type=headers.get("content-type", ""),
        retry_after=headers.get("retry-after"),
        body=body,
    )


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host or "the target"
    except (httpx.InvalidURL, ValueError):
        return "the target"


async def _read(reply: httpx.Response, max_bytes: int) -> bytes:
    encoding = reply.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise NoAnswer(f"the answer is encoded as {encoding[:40]}, although that was not asked for")
    body = bytearray()
    async for chunk in reply.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            bound = "QUINTET_AEROSTACK_TARGET_ANSWER_MAX_BYTES"
            raise TooLarge(f"the answer has more than {max_bytes} bytes ({bound})")
    return bytes(body)
