"""OpenTelemetry: a hook that makes one client span per attempt.

Install it with ``pip install "quintet[otel]"`` and pass it to any SDK client::

    from quintet.otel import SpanHook

    client = FlareClient(api_key="...", hooks=[SpanHook()])

A span is made after its attempt, with the attempt's own start and end, as a child of whatever span
is current in the thread or task of the call.  Names and attributes follow the HTTP conventions;
what they do not name is under ``quintet.``.  No header, no body and no query string is recorded.
Trace context is not sent along: a hook watches and changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from quintet.errors import ConfigurationError

if TYPE_CHECKING:
    from quintet.hooks import Attempt

__all__ = ["SpanHook"]

_NANOSECONDS = 1_000_000_000
_PORTS = {"http": 80, "https": 443}


class SpanHook:
    """Turns each attempt into a span.

    Args:
        tracer: Makes the spans; by default the tracer ``quintet`` of the global provider, looked
            up when the hook is made.
        now: Epoch seconds at the end of an attempt; the real time unless a test says otherwise.

    Raises:
        ConfigurationError: OpenTelemetry is not installed.
    """

    def __init__(self, tracer: Any = None, *, now: Callable[[], float] = time.time) -> None:
        try:
            from opentelemetry import trace
        except ImportError as missing:
            raise ConfigurationError(
                'OpenTelemetry is not installed; install it with: pip install "quintet[otel]"'
            ) from missing
        self._tracer = trace.get_tracer("quintet") if tracer is None else tracer
        self._client = trace.SpanKind.CLIENT
        self._failed = trace.StatusCode.ERROR
        self._now = now

    def __call__(self, attempt: Attempt) -> None:
        """Make the span of one attempt."""
        end = self._now()
        span = self._tracer.start_span(
            attempt.method,
            kind=self._client,
            start_time=int((end - attempt.elapsed) * _NANOSECONDS),
            attributes=_attributes(attempt),
        )
        if attempt.error is not None or attempt.status >= 400:
            span.set_status(self._failed, attempt.error or "")
        span.end(end_time=int(end * _NANOSECONDS))


def _attributes(attempt: Attempt) -> dict[str, Any]:
    parts = urlsplit(attempt.url)
    found: dict[str, Any] = {
        "http.request.method": attempt.method,
        "url.full": attempt.url,
        "server.address": parts.hostname,
        "server.port": parts.port or _PORTS.get(parts.scheme),
        "http.response.status_code": attempt.status or None,
        "http.request.resend_count": attempt.number - 1 or None,
        "error.type": attempt.error or (str(attempt.status) if attempt.status >= 400 else None),
        "quintet.service": attempt.service,
        "quintet.operation": attempt.operation,
        "quintet.progress": attempt.progress,
        "quintet.retry_in": attempt.retry_in,
        "quintet.request_id": attempt.request_id,
    }
    return {name: value for name, value in found.items() if value is not None}
