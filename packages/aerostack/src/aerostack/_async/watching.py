"""A transport between the runtime and the real one, for hooks and debug logs.

Only requests that are marked pass under its eyes (see :meth:`aerostack._setup.Setup.mark`), so
calls of an SDK without hooks and logs cost nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aerostack._acompat import aabandon, aside
from aerostack._debug_log import MOST_SHOWN
from aerostack._hooks import AfterErrorContext, BeforeRequestContext
from aerostack._setup import MarkedRequest, Setup
from aerostack.errors import adopt
from quintet.core.decoding import BodyDecoder
from quintet.core.headers import Headers
from quintet.core.response import Response
from quintet.errors import QuintetError

if TYPE_CHECKING:
    from quintet.core.request import Request
    from quintet.transport.interface import AsyncExchange, AsyncTransport

__all__ = ["AsyncWatchedTransport"]


class AsyncWatchedTransport:
    """Shows each attempt to the hooks and to the log; sends through another transport."""

    def __init__(self, inner: AsyncTransport, setup: Setup) -> None:
        self._inner = inner
        self._setup = setup

    async def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> AsyncExchange:
        """Send the request that the hooks make of this one; return the answer they make of it."""
        if not isinstance(request, MarkedRequest):
            return await self._inner.send(request, until, seconds)
        hooks, log = self._setup.hooks, self._setup.log
        sent: Request = request
        if hooks.before_request_hooks:
            sent = await self._prepared(request)
        if log is not None:
            log.request(sent)
        try:
            exchange = await self._inner.send(sent, until, seconds)
        except QuintetError as error:
            if log is not None:
                log.failure(sent, error)
            if not hooks.after_error_hooks:
                raise
            return await self._after_failure(request, error)
        if log is not None:
            exchange = _AsyncLogged(exchange, sent, self._setup)
        if exchange.status >= 400 and hooks.after_error_hooks:
            return await self._after_status(request, exchange, until, seconds)
        return exchange

    async def _prepared(self, request: MarkedRequest) -> Request:
        from quintet.transport.httpx_objects import from_httpx_request, to_httpx_request

        context = BeforeRequestContext(**self._context(request))
        native = to_httpx_request(request)
        return from_httpx_request(await aside(self._setup.hooks.before_request, context, native))

    async def _after_failure(self, request: MarkedRequest, error: QuintetError) -> AsyncExchange:
        error.method, error.url = request.method, request.url
        shown = adopt(error)
        response, changed = await self._asked(request, None, shown)
        if response is not None:
            return _replayed(response)
        raise error if changed is shown or changed is None else changed

    async def _after_status(
        self,
        request: MarkedRequest,
        exchange: AsyncExchange,
        until: float | None,
        seconds: float | None,
    ) -> AsyncExchange:
        from quintet.transport.httpx_objects import to_httpx_response

        decoder = BodyDecoder(
            exchange.headers.get("content-encoding"), self._setup.max_response_bytes
        )
        body = b""
        # All of it may have come with the head; then there is only the end left to read.
        whole: bytes | None = getattr(exchange, "whole", None)
        try:
            while raw := whole or await exchange.read(until, seconds):
                whole = None
                body += decoder.feed(raw)
            body += decoder.finish()
        finally:
            await exchange.close()
        answer = Response(exchange.status, exchange.headers, body, request.url, request.method)
        response, changed = await self._asked(request, to_httpx_response(answer), None)
        if changed is not None:
            raise changed
        return _replayed(to_httpx_response(answer) if response is None else response)

    async def _asked(self, request: MarkedRequest, response: Any, error: Any) -> tuple[Any, Any]:
        context = AfterErrorContext(**self._context(request))
        return await aside(self._setup.hooks.after_error, context, response, error)

    def _context(self, request: MarkedRequest) -> dict[str, Any]:
        return {
            "config": self._setup.configuration,
            "base_url": request.base_url,
            "operation_id": request.operation_id,
            "security_source": self._setup.key.reveal,
        }

    async def close(self) -> None:
        """Close the transport beneath."""
        await self._inner.close()

    def abandon(self) -> None:
        """Close the transport beneath without awaiting."""
        aabandon(self._inner)


class _AsyncLogged:
    """An answer that is told to the log when it has been read, or given up."""

    def __init__(self, inner: AsyncExchange, sent: Request, setup: Setup) -> None:
        self.status, self.headers = inner.status, inner.headers
        self.http_version = inner.http_version
        self._inner = inner
        # What came with the head is handed out by this one, or it would not be noticed.
        self._whole: bytes | None = getattr(inner, "whole", None)
        self._sent = sent
        self._setup: Setup | None = setup
        self._kept = b""
        self._size = 0

    async def read(self, until: float | None, seconds: float | None) -> bytes:
        piece = self._whole or await self._inner.read(until, seconds)
        self._whole = None
        self._size += len(piece)
        if len(self._kept) < MOST_SHOWN:
            self._kept += piece[: MOST_SHOWN - len(self._kept)]
        return piece

    async def close(self) -> None:
        setup, self._setup = self._setup, None
        log = None if setup is None else setup.log
        try:
            if log is not None:
                log.answer(self._sent, self.status, self.headers.pairs(), self._kept, self._size)
        finally:
            await self._inner.close()


class _AsyncReplayed:
    """An answer that has been read already."""

    http_version = "HTTP/1.1"

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status, self.headers = status, headers
        self._body = body

    async def read(self, until: float | None, seconds: float | None) -> bytes:
        body, self._body = self._body, b""
        return body

    async def close(self) -> None:
        self._body = b""


def _replayed(response: Any) -> _AsyncReplayed:
    from quintet.transport.httpx_objects import from_httpx_response

    return _AsyncReplayed(*from_httpx_response(response))
