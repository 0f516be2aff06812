"""One span per attempt, with its own times; and a clear word where OpenTelemetry is missing."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry import trace

from quintet.errors import ConfigurationError, ConnectionFailure
from quintet.otel import SpanHook
from quintet.testing import reply

from .rig import GET, Bench


@dataclass
class Span:
    name: str
    kind: Any
    start: int
    attributes: dict[str, Any]
    status: Any = None
    end_time: int | None = None

    def set_status(self, status: Any, description: str) -> None:
        self.status = (status, description)

    def end(self, end_time: int) -> None:
        self.end_time = end_time


@dataclass
class Tracer:
    spans: list[Span] = field(default_factory=list)

    def start_span(self, name: str, *, kind: Any, start_time: int, attributes: Any) -> Span:
        self.spans.append(Span(name, kind, start_time, dict(attributes)))
        return self.spans[-1]


def traced(*script: Any) -> tuple[Bench, Tracer]:
    bench, tracer = Bench(*script), Tracer()
    hook = SpanHook(tracer, now=bench.clock.time)
    object.__setattr__(bench.client.options, "hooks", (hook,))
    return bench, tracer


def test_every_attempt_is_a_client_span_with_its_own_times() -> None:
    def slow(request: object) -> Any:
        bench.clock.advance(2)
        return reply(200, headers={"X-Request-Id": "r"})

    bench, tracer = traced(ConnectionFailure("down", progress=0), slow)
    begun = int(bench.clock.time()) * 1_000_000_000
    bench.call(GET, query={"token": "hunter2"})
    first, second = tracer.spans
    assert (first.name, first.kind) == ("GET", trace.SpanKind.CLIENT)
    assert (first.start, first.end_time) == (begun, begun)
    assert first.status == (trace.StatusCode.ERROR, "ConnectionFailure")
    assert first.attributes == {
        "http.request.method": "GET",
        "url.full": "https://api.example/v1/thing",
        "server.address": "api.example",
        "server.port": 443,
        "error.type": "ConnectionFailure",
        "quintet.service": "unit",
        "quintet.operation": "things.get",
        "quintet.progress": 0,
        "quintet.retry_in": 0.5,
    }
    assert (second.start, second.end_time) == (begun + 500_000_000, begun + 2_500_000_000)
    assert second.status is None
    assert second.attributes["http.response.status_code"] == 200
    assert second.attributes["http.request.resend_count"] == 1
    assert second.attributes["quintet.request_id"] == "r"


def test_error_status_marks_the_span() -> None:
    bench, tracer = traced(reply(404))
    with pytest.raises(Exception, match="404"):
        bench.call()
    assert tracer.spans[0].status == (trace.StatusCode.ERROR, "")
    assert tracer.spans[0].attributes["error.type"] == "404"


def test_default_tracer_is_that_of_the_global_provider() -> None:
    bench, _ = traced(reply())
    object.__setattr__(bench.client.options, "hooks", (SpanHook(),))
    assert bench.call().status == 200


def test_missing_library_is_a_configuration_error_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigurationError, match=r"quintet\[otel\]"):
        SpanHook()
