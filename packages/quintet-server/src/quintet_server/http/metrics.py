"""Prometheus metrics of the HTTP layer, in a registry of their own (nothing global)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

__all__ = ["HttpMetrics"]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_REMEMBERED = 5_000


class HttpMetrics:
    """Counts requests by service, route template, method and status."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("service", "method", "route")
        self._requests = Counter(
            "quintet_http_requests",
            "Requests answered.",
            (*labels, "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "quintet_http_request_seconds",
            "Time from the request line to the last byte of the answer.",
            labels,
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._streams = Gauge(
            "quintet_http_streams", "Event streams open now.", registry=self.registry
        )
        self._open_requests = Gauge(
            "quintet_http_requests_open", "Requests being answered now.", registry=self.registry
        )
        self._children: dict[
            tuple[str, str, str, int], tuple[Callable[[float], None], Callable[[float], None]]
        ] = {}

    def observe(self, service: str, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        key = (service, method, route, status)
        found = self._children.get(key)
        if found is None:
            if len(self._children) >= _REMEMBERED:
                self._children.clear()
            found = self._children[key] = (
                self._requests.labels(service, method, route, str(status)).inc,
                self._seconds.labels(service, method, route).observe,
            )
        count, time = found
        count(1)
        time(seconds)

    def request_open(self, change: int) -> None:
        """Note that a request begins (1) or ends (-1)."""
        self._open_requests.inc(change)

    def stream_opened(self, change: int) -> None:
        """Note that an event stream opens (1) or closes (-1)."""
        self._streams.inc(change)

    def watch(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Show a gauge whose value is asked for when metrics are read."""
        self.registry.register(_Reading(name, text, read))

    def render(self) -> bytes:
        """Return the exposition text."""
        return generate_latest(self.registry)


class _Reading(Collector):
    def __init__(self, name: str, text: str, read: Callable[[], float]):
        self._name, self._text, self._read = name, text, read

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield GaugeMetricFamily(self._name, self._text, value=self._read())

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return [GaugeMetricFamily(self._name, self._text)]
