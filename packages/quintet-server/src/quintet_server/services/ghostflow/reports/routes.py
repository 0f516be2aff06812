"""The routes of reports, and what runs behind them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from quintet_server.services.ghostflow.context import GhostFlow
from quintet_server.services.ghostflow.endpoints import Endpoint
from quintet_server.services.ghostflow.filters import DIMENSIONS
from quintet_server.services.ghostflow.listing import PAGE
from quintet_server.services.ghostflow.reports.breakdown import get_breakdown
from quintet_server.services.ghostflow.reports.dashboard import get_dashboard
from quintet_server.services.ghostflow.reports.reading import Reader
from quintet_server.services.ghostflow.reports.rolling import Roller
from quintet_server.services.ghostflow.reports.series import get_timeseries
from quintet_server.services.ghostflow.reports.shapes import (
    BreakdownShape,
    DashboardShape,
    TimeseriesShape,
)

__all__ = ["ENDPOINTS", "start"]

_SCOPE = "read:stats"
_COMMON = ("from", "to", "timezone", "attribution", "bots", "currency", *DIMENSIONS)

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/reports/dashboard",
        handler=get_dashboard,
        operation_id="reports.dashboard",
        summary="Totals, a series and what brought most",
        scope=_SCOPE,
        response=DashboardShape,
        query=("compare", *_COMMON),
    ),
    Endpoint(
        path="/reports/breakdown",
        handler=get_breakdown,
        operation_id="reports.breakdown",
        summary="A row for each combination of dimensions",
        scope=_SCOPE,
        response=BreakdownShape,
        query=("groupBy", "format", *PAGE, *_COMMON),
    ),
    Endpoint(
        path="/reports/timeseries",
        handler=get_timeseries,
        operation_id="reports.timeseries",
        summary="A point for each hour, day, week or month",
        scope=_SCOPE,
        response=TimeseriesShape,
        query=("interval", "format", *_COMMON),
    ),
)


async def start(parts: GhostFlow) -> Callable[[], Awaitable[None]]:
    """Begin to roll; returns what ends it."""
    settings = parts.settings
    parts.rooms[Reader] = Reader(
        parts.db,
        concurrency_count=settings.reports_concurrency_count,
        timeout_seconds=settings.report_timeout_seconds,
    )
    roller = Roller(parts.db, period_seconds=settings.roll_period_seconds)
    roller.start()
    return roller.stop
