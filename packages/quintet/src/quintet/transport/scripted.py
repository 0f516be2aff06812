"""The public fake: a transport that answers from a script and remembers what it was sent.

Use it to test code that calls an SDK, without a network::

    transport = ScriptedTransport([reply(200, json={"id": "job_1"}), ConnectionFailure("down")])
    client = FlareClient(api_key="k", transport=transport)

Each item answers one request: a :class:`Reply`, an exception to raise, or a function that is
given the request and returns either.  When the script runs out the request fails loudly.
"""

from __future__ import annotations

import json as jsonlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from quintet.core.body import Body
from quintet.core.headers import Headers
from quintet.core.request import Request
from quintet.errors import ClientClosedError

__all__ = ["AsyncScriptedTransport", "Reply", "ScriptedTransport", "reply"]


Chunk = Union[bytes, Exception, Callable[[], bytes]]


@dataclass(frozen=True)
class Reply:
    """One scripted answer.

    Attributes:
        status: HTTP status.
        headers: Header pairs in order.
        chunks: The body in the pieces in which it is to arrive.  An exception among them breaks
            the body there; a function is called when its turn comes, for instance to let a fake
            clock run, and returns the piece.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    chunks: tuple[Chunk, ...] = ()


def reply(
    status: int = 200,
    *,
    json: Any = None,
    body: bytes | None = None,
    chunks: Iterable[Chunk] | None = None,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
) -> Reply:
    """Build a :class:`Reply` from JSON, bytes, or a sequence of body pieces."""
    pairs = list(Headers(headers).pairs())
    if chunks is not None:
        return Reply(status, tuple(pairs), tuple(chunks))
    if body is None:
        body = b"" if json is None else jsonlib.dumps(json).encode()
        if json is not None and not any(name.lower() == "content-type" for name, _ in pairs):
            pairs.append(("Content-Type", "application/json"))
    return Reply(status, tuple(pairs), (body,) if body else ())


Step = Union[Reply, Exception, Callable[[Request], Union[Reply, Exception]]]


@dataclass
class _Script:
    steps: deque[Step]
    sent: list[Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def answer(self, request: Request, body: bytes) -> Reply:
        self.sent.append(request)
        self.bodies.append(body)
        if not self.steps:
            raise AssertionError(f"no scripted answer left for {request.method} {request.url}")
        step = self.steps.popleft()
        if callable(step) and not isinstance(step, Reply):
            step = step(request)
        if isinstance(step, Exception):
            raise step
        return step


class _Scripted:
    def __init__(self, script: Iterable[Step]) -> None:
        self._script = _Script(deque(script))
        self.closed = False
        self.open_exchanges = 0

    @property
    def requests(self) -> list[Request]:
        """Every request that was sent, in order."""
        return self._script.sent

    @property
    def bodies(self) -> list[bytes]:
        """The bytes of their bodies, in the same order."""
        return self._script.bodies

    def add(self, *steps: Step) -> None:
        """Append answers to the script."""
        self._script.steps.extend(steps)

    def _check_open(self) -> None:
        if self.closed:
            raise ClientClosedError("the client is closed")


class ScriptedTransport(_Scripted):
    """A blocking transport that answers from a script.

    Attributes:
        closed: Whether ``close`` was called; requests are refused then.
        open_exchanges: How many exchanges nobody has closed; 0 when nothing leaks.
    """

    def send(self, request: Request, until: float | None, seconds: float | None) -> _Exchange:
        """Answer with the next step of the script."""
        self._check_open()
        body = request.body
        sent = b"".join(body.chunks()) if isinstance(body, Body) else body or b""
        return _Exchange(self, self._script.answer(request, sent))

    def close(self) -> None:
        """Note that the client closed its transport."""
        self.closed = True


class AsyncScriptedTransport(_Scripted):
    """The same for async clients; see :class:`ScriptedTransport`."""

    async def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> _AsyncExchange:
        """Answer with the next step of the script."""
        self._check_open()
        body = request.body
        if isinstance(body, Body):
            sent = b"".join([chunk async for chunk in body.async_chunks()])
        else:
            sent = body or b""
        return _AsyncExchange(self, self._script.answer(request, sent))

    async def close(self) -> None:
        """Note that the client closed its transport."""
        self.closed = True

    def abandon(self) -> None:
        """Note that the client closed its transport, from blocking code."""
        self.closed = True


class _Exchange:
    http_version = "HTTP/1.1"

    def __init__(self, transport: _Scripted, answer: Reply) -> None:
        self.status = answer.status
        self.headers = Headers(answer.headers)
        self._chunks = deque(answer.chunks)
        self._transport = transport
        self._open = True
        transport.open_exchanges += 1

    def _next(self) -> bytes:
        while self._chunks:
            chunk = self._chunks.popleft()
            if isinstance(chunk, Exception):
                raise chunk
            if callable(chunk):
                chunk = chunk()
            if chunk:
                return chunk
        return b""

    def _finish(self) -> None:
        if self._open:
            self._open = False
            self._transport.open_exchanges -= 1

    def read(self, until: float | None, seconds: float | None) -> bytes:
        return self._next()

    def close(self) -> None:
        self._finish()


class _AsyncExchange(_Exchange):
    async def read(self, until: float | None, seconds: float | None) -> bytes:  # type: ignore[override]
        return self._next()

    async def close(self) -> None:  # type: ignore[override]
        self._finish()
