"""What happens to every request of a service before and after its handler, in one place.

In this order: request id → key → rate limit → size → handler. The answer carries the request id and
the rate-limit headers whatever happened; every refusal and every accident is answered in the
service's envelope; then the request is counted and logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter

import orjson
import structlog
from starlette._utils import get_route_path
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quintet_server.http.access_log import AccessLog
from quintet_server.http.body import BoundedReceive, declared_length, too_large
from quintet_server.http.context import Kernel
from quintet_server.http.errors import ApiError, Failure, translate
from quintet_server.http.request_id import choose_request_id
from quintet_server.http.service import Service
from quintet_server.store.keys import Principal

__all__ = ["Gateway"]

_log = structlog.get_logger(__name__)
# The client closed the connection first; nginx's number for it, seen in logs and metrics only.
_CLIENT_LEFT = 499


class Gateway:
    """The ASGI application of one service, around its routes."""

    def __init__(self, app: ASGIApp, service: Service, kernel: Kernel):
        self._app = app
        self._service = service
        self._kernel = kernel
        self._limiter = service.rate_limiter(kernel) if service.rate_limiter else None
        self._access = AccessLog(kernel.http_settings.log_requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of scope go straight to the routes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        exchange = _Exchange(scope, send, self._service)
        self._kernel.http_metrics.request_open(1)
        try:
            await self._serve(exchange, receive)
        except ClientDisconnect:
            exchange.status = exchange.status or _CLIENT_LEFT
        except Exception as error:
            await self._refuse(exchange, error)
        finally:
            self._kernel.http_metrics.request_open(-1)
            self._account(exchange, perf_counter() - started)

    async def _serve(self, exchange: _Exchange, receive: Receive) -> None:
        scope, headers, service = exchange.scope, exchange.headers, self._service
        path = get_route_path(scope)
        if path not in service.public_paths and not path.startswith(service.public_prefixes):
            principal = await service.auth(headers, self._kernel, service.envelope, scope)
            exchange.principal = scope["state"]["principal"] = principal
            if self._limiter is not None:
                self._limit(exchange, principal)
        length = headers.get(b"content-length")
        if length is not None or b"transfer-encoding" in headers:
            most = service.body_limit(scope["method"], path, self._kernel)
            declared = declared_length(length)
            if declared is None:
                receive = BoundedReceive(receive, service.envelope, most)
            elif declared > most:
                raise too_large(service.envelope, most)
        await self._app(scope, receive, exchange.send)

    def _limit(self, exchange: _Exchange, principal: Principal) -> None:
        assert self._limiter is not None  # asked by the caller
        decision = self._limiter.check(principal, self._kernel.clock.now())
        exchange.extra_headers.extend(decision.headers)
        if not decision.allowed:
            raise self._service.envelope.error(
                Failure.RATE_LIMITED,
                f"Too many requests; try again in {decision.retry_after} s.",
                details=decision.details,
                headers={"Retry-After": str(decision.retry_after)},
            )

    async def _refuse(self, exchange: _Exchange, error: Exception) -> None:
        refusal = translate(error, self._service.envelope)
        if refusal.status >= 500:
            _log.error(
                "request_failed",
                service=self._service.name,
                request_id=exchange.request_id,
                path=self._shown_path(exchange.scope),
                exc_info=None if refusal is error else error,
            )
        if exchange.status is None:
            await exchange.send_error(refusal)

    def _account(self, exchange: _Exchange, seconds: float) -> None:
        status = exchange.status or _CLIENT_LEFT
        scope = exchange.scope
        route = getattr(scope.get("route"), "path", "") if exchange.principal else ""
        self._kernel.http_metrics.observe(
            self._service.name, _known_method(scope["method"]), route, status, seconds
        )
        self._access.write(
            service=self._service.name,
            method=scope["method"],
            path=self._shown_path(scope),
            status=status,
            seconds=seconds,
            request_id=exchange.request_id,
            key_id=exchange.principal.key_id if exchange.principal else None,
        )

    def _shown_path(self, scope: Scope) -> str:
        """The path for a log."""
        path: str = scope["path"]
        for prefix in self._service.secret_prefixes:
            if path.startswith(prefix):
                return f"{prefix}…"
        return path


class _Exchange:
    """One request and what is known about its answer."""

    __slots__ = (
        *("extra_headers", "headers", "principal", "request_id", "scope", "status"),
        *("_send", "_service"),
    )

    def __init__(self, scope: Scope, send: Send, service: Service):
        # Of repeated headers the first counts, here as in Starlette's Headers.get.
        self.headers: Mapping[bytes, bytes] = dict(reversed(scope["headers"]))
        self.request_id = choose_request_id(
            self.headers.get(b"x-request-id"), service.new_request_id
        )
        self.principal: Principal | None = None
        self.scope = scope
        self.status: int | None = None
        self.extra_headers = [
            *((name, self.request_id.encode("ascii")) for name in service.request_id_headers),
            *service.answer_headers,
        ]
        self._send = send
        self._service = service
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        """Pass a message on; the first one gets the headers every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message["headers"], *self.extra_headers]}
        await self._send(message)

    async def send_error(self, error: ApiError) -> None:
        """Answer with a refusal."""
        body = orjson.dumps(self._service.envelope.body(error, self.request_id), default=str)
        await self.send(
            {
                "type": "http.response.start",
                "status": error.status,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(body)).encode()),
                    *((k.lower().encode(), v.encode("latin-1")) for k, v in error.headers.items()),
                ],
            }
        )
        await self.send({"type": "http.response.body", "body": body})


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _known_method(method: str) -> str:
    """A client can invent methods without end; a metric's label cannot follow."""
    return method if method in _METHODS else "other"
