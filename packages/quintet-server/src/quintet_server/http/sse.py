"""Server-sent events from the event log (WHATWG HTML, section 9.2).

A response lives as long as the iterator behind it: until its terminal event, until the client goes,
or until the server shuts down (the follower ends then, and the client reconnects with
``Last-Event-ID``). Silence is filled with comments. A reader that does not take a frame within
the bound is cut off; it has lost nothing, the log still has its place.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quintet_server.store.event_log import Event

__all__ = ["EventStream", "last_event_id", "sse_frame", "sse_response"]

_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold frames back
)
_COMMENT = b":\n\n"

Render = Callable[[Event], bytes | None]


def sse_frame(data: Any, *, event: str | None = None, id: str | int | None = None) -> bytes:
    """Return one frame with ``data`` as compact JSON, which has no line breaks."""
    lines = []
    if id is not None:
        lines.append(b"id: " + str(id).encode())
    if event is not None:
        lines.append(b"event: " + event.encode())
    lines.append(b"data: " + orjson.dumps(data))
    return b"\n".join(lines) + b"\n\n"


def last_event_id(request: Request) -> int:
    """Return the event number a reconnecting client has seen last; 0 for none or for junk."""
    given = request.headers.get("last-event-id", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


class EventStream(Response):
    """A streaming response over an iterator of events and heartbeats."""

    def __init__(
        self,
        events: AsyncIterator[Event | None],
        render: Render,
        *,
        headers: Mapping[str, str] | None = None,
        opening: bytes = _COMMENT,
        heartbeat: bytes = _COMMENT,
        write_seconds: float = 30.0,
        opened: Callable[[int], None] = lambda _: None,
    ):
        self.status_code = 200
        self.background: BackgroundTask | None = None
        own = {k.lower().encode(): v.encode("latin-1") for k, v in (headers or {}).items()}
        self.raw_headers = list({**dict(_HEADERS), **own}.items())
        self._opening = opening
        self._heartbeat = heartbeat
        self._events = events
        self._render = render
        self._write_seconds = write_seconds
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send frames until the events end or the client is gone."""
        streaming = asyncio.current_task()
        assert streaming is not None  # ASGI applications run in a task

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            streaming.cancel("client gone")

        watcher = asyncio.create_task(watch(), name="sse-disconnect")
        self._opened(1)
        try:
            await self._stream(send)
        except asyncio.CancelledError as cancelled:
            if cancelled.args != ("client gone",):
                raise
            streaming.uncancel()
        except TimeoutError:
            pass  # a reader too slow: leaving the response unfinished closes the connection
        finally:
            self._opened(-1)
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher
            await self._events.aclose()  # type: ignore[attr-defined]

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        # Proxies and clients learn at once that the stream is open.
        await self._write(send, self._opening)
        async for event in self._events:
            frame = self._heartbeat if event is None else self._render(event)
            if frame is not None:
                await self._write(send, frame)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, send: Send, frame: bytes) -> None:
        async with asyncio.timeout(self._write_seconds):
            await send({"type": "http.response.body", "body": frame, "more_body": True})


def sse_response(
    request: Request,
    events: AsyncIterator[Event | None],
    render: Render,
    *,
    headers: Mapping[str, str] | None = None,
    opening: bytes = _COMMENT,
    heartbeat: bytes = _COMMENT,
) -> Response:
    """Return a response that streams ``events``.

    ``render`` returns the bytes of a whole frame (see :func:`sse_frame`), or None to leave an event
    out. ``events`` is usually ``request.app.state.runtime.follower.follow(stream, after)``.
    ``opening`` is sent first and ``heartbeat`` into silences: whole frames too.
    """
    kernel = request.app.state.runtime
    return EventStream(
        events,
        render,
        headers=headers,
        opening=opening,
        heartbeat=heartbeat,
        write_seconds=kernel.http_settings.sse_write_seconds,
        opened=kernel.http_metrics.stream_opened,
    )
