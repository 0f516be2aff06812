"""The adapter for clients that a user brings along: httpx, httpx2, or anything of their shape.

A client is driven through its own ``build_request`` and ``send``, so its headers, cookies,
proxies, mounts, event hooks, authentication and mock transports all apply.  It is recognised by
these two attributes, never by its class, and it is never closed: whoever made it closes it.
Redirects are the exception: whether to follow is decided by this library alone, because the
client would take a credential in a header it does not know to another origin.

What a foreign client cannot promise: the time limit of a blocking attempt is enforced between
reads and at each of the client's own phases, so a server that drips bytes within one read may
overrun it by one such phase.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

from quintet.core.headers import Headers
from quintet.core.request import Request
from quintet.errors import ClientClosedError, ConfigurationError, TimeoutFailure
from quintet.transport.failures import translate
from quintet.transport.uploads import async_outgoing, outgoing

__all__ = ["AsyncHttpxTransport", "HttpxTransport", "is_async_client", "is_client"]

_T = TypeVar("_T")
# They describe bytes of the wire, which are gone once a client has read a body by itself.
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def is_client(candidate: object) -> bool:
    """Tell whether an object has the two methods that the adapter needs."""
    return callable(getattr(candidate, "build_request", None)) and callable(
        getattr(candidate, "send", None)
    )


def is_async_client(candidate: object) -> bool:
    """Tell whether a client's ``send`` must be awaited, as far as that shows without calling it."""
    if not is_client(candidate):
        return False
    if inspect.iscoroutinefunction(candidate.send):  # type: ignore[attr-defined]
        return True
    return hasattr(candidate, "aclose") and not hasattr(candidate, "close")


class _Trace:
    """Learns from the pool's trace events how far the exchange got, if there are any."""

    __slots__ = ("_own", "_place", "fresh", "progress", "source_failure")

    def __init__(self, own: bool) -> None:
        self._own = own
        self._place: tuple[str, int] | None = None
        self.progress: int | None = None
        self.fresh = False
        self.source_failure: Exception | None = None

    def __call__(self, event: str, info: Any) -> None:
        if event.endswith("connect_tcp.started"):
            self.fresh = True
            self.progress = 0
            if isinstance(info, dict):  # a foreign client's may be anything
                self._place = str(info.get("host", "")), info.get("port", 0)
        elif event.endswith("send_request_headers.started"):
            self.progress = 1
        elif event.endswith("receive_response_headers.complete"):
            self.progress = 2

    async def note(self, event: str, info: Any) -> None:
        self(event, info)

    def explain(
        self, failure: Exception, client: Any, seconds: float | None, url: Any = None
    ) -> Exception:
        """Return the error to raise for the client's failure, its cause set.

        Args:
            url: Of the request, as the client has it.
        """
        if failure is self.source_failure:
            return failure
        if getattr(client, "is_closed", False) is True:
            return ClientClosedError(
                "the client was closed while the request was under way"
                if self._own
                else "the http_client that was passed in is closed"
            )
        # Without trace events nothing is known; that the request went out is the safe guess.
        progress = 1 if self.progress is None else self.progress
        reused = self.progress is not None and not self.fresh
        return translate(
            failure,
            progress=progress,
            reused=reused,
            seconds=seconds,
            where=_where(self._place, url),
        )


def _where(place: tuple[str, int] | None, url: Any) -> str:
    """Return what was to be connected to, as our engine names it; ``""`` if that is not known."""
    if place is None:
        return ""
    host, port = place
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    asked = getattr(url, "raw_host", None)
    if asked is None:
        return name
    wanted = getattr(url, "port", None) or (443 if url.scheme == "https" else 80)
    # Nobody but a proxy is asked in the place of the host itself.
    return name if (asked.decode("ascii"), wanted) == place else f"the proxy {name}"


def _build(client: Any, request: Request, content: Any, left: float | None, trace: Any) -> Any:
    headers = list(request.headers)
    if not isinstance(content, bytes) and request.body is not None:
        length = getattr(request.body, "length", None)
        if length is not None:
            headers.append(("Content-Length", str(length)))
    # Without a limit of ours the client's own stays: whoever built it meant it.
    bound = {} if left is None else {"timeout": left}
    return client.build_request(
        request.method,
        request.url,
        headers=headers,
        content=content,
        extensions={"trace": trace},
        **bound,
    )


def _limit_of_body(native: Any, left: float | None) -> None:
    """Let the limit of the head not count for the pauses of the body, which has its own.

    The libraries read it once, when the first piece of the body is asked for.
    """
    limits = getattr(native, "extensions", {}).get("timeout")
    if isinstance(limits, dict):
        limits["read"] = left


def _head(response: Any) -> tuple[int, Headers, str, bytes | None]:
    """Return status, headers, HTTP version, and the decoded body if it was read already."""
    pairs = list(response.headers.multi_items())
    body: bytes | None = None
    if getattr(response, "is_stream_consumed", False):
        # Mock transports answer so, and event hooks that look into the body.
        body = response.content
        pairs = [(name, value) for name, value in pairs if name.lower() not in _OF_THE_WIRE]
    version = str(getattr(response, "http_version", "HTTP/1.1"))
    return response.status_code, Headers(pairs), version, body


class HttpxTransport:
    """Drives a blocking httpx-shaped client.

    Args:
        client: Any object with ``build_request`` and ``send``.
        now: The monotonic clock in which time limits are given.
        own: Whether it was made, and is closed, by the runtime; for messages.

    Raises:
        ConfigurationError: The client lacks one of the two methods, or must be awaited.
    """

    def __init__(self, client: Any, now: Callable[[], float], *, own: bool = False) -> None:
        if not is_client(client) or is_async_client(client):
            raise ConfigurationError(
                "http_client must have build_request() and a blocking send(), like httpx.Client"
            )
        self._client = client
        self._now = now
        self._own = own
        self._closed = False

    def send(self, request: Request, until: float | None, seconds: float | None) -> _Exchange:
        """Send the request through the client's own ``build_request`` and ``send``."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        trace = _Trace(self._own)
        content = outgoing(request.body, trace)
        left = None if until is None else max(until - self._now(), 0.001)
        native = None
        try:
            native = _build(self._client, request, content, left, trace)
            response = self._client.send(native, stream=True, follow_redirects=False)
            if inspect.isawaitable(response):
                raise _must_block(response)
            bounded = native if left is not None else None
            return _Exchange(self._client, response, trace, self._now, bounded)
        except Exception as failure:
            url = getattr(native, "url", None)
            raise trace.explain(failure, self._client, seconds, url)  # noqa: B904 - it sets the cause

    def close(self) -> None:
        """Refuse further requests; the client stays open, for it belongs to whoever made it."""
        self._closed = True


def _must_block(response: Any) -> ConfigurationError:
    if inspect.iscoroutine(response):
        response.close()
    return ConfigurationError("the send() of http_client must block, like that of httpx.Client")


class _Exchange:
    __slots__ = (
        "_bounded",
        "_chunks",
        "_client",
        "_now",
        "_response",
        "_trace",
        "headers",
        "http_version",
        "status",
    )

    def __init__(
        self,
        client: Any,
        response: Any,
        trace: _Trace,
        now: Callable[[], float],
        bounded: Any,
    ) -> None:
        self._bounded = bounded
        self.status, self.headers, self.http_version, body = _head(response)
        self._client = client
        self._response = response
        self._trace = trace
        self._now = now
        self._chunks: Iterator[bytes] = response.iter_raw() if body is None else iter([body])

    def read(self, until: float | None, seconds: float | None) -> bytes:
        left = None if until is None else until - self._now()
        if left is not None and left <= 0:
            raise _too_late(seconds)
        if self._bounded is not None:
            _limit_of_body(self._bounded, left)
            self._bounded = None
        try:
            return next(self._chunks, b"")
        except Exception as failure:
            self._trace.progress = 2
            raise self._trace.explain(failure, self._client, seconds)  # noqa: B904 - it sets the cause

    def close(self) -> None:
        self._response.close()


class AsyncHttpxTransport:
    """Drives an httpx-shaped client whose ``send`` is awaited.

    Args:
        client: Any object with ``build_request`` and an async ``send``.
        now: The monotonic clock in which time limits are given.
        own: Whether it was made, and is closed, by the runtime; for messages.

    Raises:
        ConfigurationError: The client lacks one of the two methods, or blocks.
    """

    def __init__(self, client: Any, now: Callable[[], float], *, own: bool = False) -> None:
        blocks = hasattr(client, "close") and not hasattr(client, "aclose")
        if not is_client(client) or (blocks and not is_async_client(client)):
            raise ConfigurationError(
                "http_client must have build_request() and an async send(), like httpx.AsyncClient"
            )
        self._client = client
        self._now = now
        self._own = own
        self._closed = False

    async def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> _AsyncExchange:
        """Send the request through the client's own ``build_request`` and ``send``."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        trace = _Trace(self._own)
        content = async_outgoing(request.body, trace)
        left = None if until is None else max(until - self._now(), 0.001)
        native = None
        try:
            native = _build(self._client, request, content, left, trace.note)
            answer = self._client.send(native, stream=True, follow_redirects=False)
            if not inspect.isawaitable(answer):
                raise ConfigurationError(
                    "the send() of http_client must be async, like that of httpx.AsyncClient"
                )
            response = await _within(answer, left)
            bounded = native if left is not None else None
            return _AsyncExchange(self._client, response, trace, self._now, bounded)
        except asyncio.TimeoutError as late:
            raise _too_late(seconds, 1 if trace.progress is None else trace.progress) from late
        except Exception as failure:
            url = getattr(native, "url", None)
            raise trace.explain(failure, self._client, seconds, url)  # noqa: B904 - it sets the cause

    async def close(self) -> None:
        """Refuse further requests; the client stays open, for it belongs to whoever made it."""
        self._closed = True

    def abandon(self) -> None:
        """Refuse further requests, from blocking code."""
        self._closed = True


class _AsyncExchange:
    __slots__ = (
        "_bounded",
        "_chunks",
        "_client",
        "_now",
        "_response",
        "_trace",
        "headers",
        "http_version",
        "status",
    )

    def __init__(
        self,
        client: Any,
        response: Any,
        trace: _Trace,
        now: Callable[[], float],
        bounded: Any,
    ) -> None:
        self._bounded = bounded
        self.status, self.headers, self.http_version, body = _head(response)
        self._client = client
        self._response = response
        self._trace = trace
        self._now = now
        self._chunks: AsyncIterator[bytes] = (
            response.aiter_raw().__aiter__() if body is None else _one(body)
        )

    async def read(self, until: float | None, seconds: float | None) -> bytes:
        left = None if until is None else until - self._now()
        if left is not None and left <= 0:
            raise _too_late(seconds)
        if self._bounded is not None:
            _limit_of_body(self._bounded, left)
            self._bounded = None
        try:
            return await _within(self._chunks.__anext__(), left)
        except StopAsyncIteration:
            return b""
        except asyncio.TimeoutError as late:
            raise _too_late(seconds) from late
        except Exception as failure:
            self._trace.progress = 2
            raise self._trace.explain(failure, self._client, seconds)  # noqa: B904 - it sets the cause

    async def close(self) -> None:
        await self._response.aclose()


async def _within(work: Awaitable[_T], seconds: float | None) -> _T:
    """Return what ``work`` comes to in time; call it off otherwise.

    ``asyncio.wait_for`` would do, if it did not lose a cancellation that comes together with the
    result (Python 3.10 and 3.11), and with it the promise that a cancelled call ends.

    Raises:
        asyncio.TimeoutError: It did not come.
    """
    if seconds is None:
        return await work
    if sys.version_info >= (3, 11):
        async with asyncio.timeout(seconds):
            return await work
    return await _aside(work, seconds)


async def _aside(work: Awaitable[_T], seconds: float) -> _T:
    """The same in a task of its own, for Python 3.10."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,), timeout=seconds)
        if task.done():
            return task.result()
        await _call_off(task)
        raise asyncio.TimeoutError
    except asyncio.CancelledError:
        await _call_off(task)
        raise
    finally:
        # Else a failure and this frame hold each other.
        del task


async def _call_off(task: asyncio.Future[Any]) -> None:
    """Cancel it, wait until it has cleaned up, and close the answer that came all the same."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled() and task.exception() is None:
        close = getattr(task.result(), "aclose", None)
        if close is not None:
            await close()


async def _one(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _too_late(seconds: float | None, progress: int = 2) -> TimeoutFailure:
    limit = "in time" if seconds is None else f"within {seconds:g} s"
    return TimeoutFailure(
        f"timed out: the answer did not come {limit}",
        phase="read",
        seconds=seconds,
        progress=progress,
    )
