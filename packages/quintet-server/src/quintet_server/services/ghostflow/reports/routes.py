"""The routes of reports, and what runs behind them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from quintet_server.services.ghostflow.context import GhostFlow
from quintet_server.services.ghostflow.endpoints import Endpoint
from quintet_server.services.ghostflow.filters import filter_params
from quintet_server.services.ghostflow.listing import paging
from quintet_server.services.ghostflow.parameters import choice_of, text
from quintet_server.services.ghostflow.reports.breakdown import (
    DEFAULT_SORT,
    GROUP_BY,
    SORTS,
    get_breakdown,
)
from quintet_server.services.ghostflow.reports.calendars import INTERVALS
from quintet_server.services.ghostflow.reports.dashboard import COMPARISONS, get_dashboard
from quintet_server.services.ghostflow.reports.periods import PERIOD
from quintet_server.services.ghostflow.reports.questions import ATTRIBUTIONS, BOTS
from quintet_server.services.ghostflow.reports.reading import Reader
from quintet_server.services.ghostflow.reports.rolling import Roller
from quintet_server.services.ghostflow.reports.series import DEFAULT_INTERVAL, get_timeseries
from quintet_server.services.ghostflow.reports.shapes import (
    BreakdownShape,
    DashboardShape,
    TimeseriesShape,
)
from quintet_server.services.ghostflow.reports.tables import FORMATS

__all__ = ["ENDPOINTS", "start"]

_SCOPE = "read:stats"
_COMMON = (
    *PERIOD,
    choice_of("attribution", ATTRIBUTIONS, ATTRIBUTIONS[0]),
    choice_of("bots", BOTS, BOTS[0]),
    text("currency", "ISO 4217; the team's unless given.", pattern="^[A-Z]{3}$"),
    *filter_params(),
)
_FORMAT = choice_of("format", FORMATS, FORMATS[0])

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/reports/dashboard",
        handler=get_dashboard,
        operation_id="reports.dashboard",
        summary="Totals, a series and what brought most",
        scope=_SCOPE,
        response=DashboardShape,
        query=(choice_of("compare", COMPARISONS, COMPARISONS[0]), *_COMMON),
    ),
    Endpoint(
        path="/reports/breakdown",
        handler=get_breakdown,
        operation_id="reports.breakdown",
        summary="A row for each combination of dimensions",
        scope=_SCOPE,
        response=BreakdownShape,
        query=(GROUP_BY, _FORMAT, *paging(SORTS, DEFAULT_SORT), *_COMMON),
    ),
    Endpoint(
        path="/reports/timeseries",
        handler=get_timeseries,
        operation_id="reports.timeseries",
        summary="A point for each hour, day, week or month",
        scope=_SCOPE,
        response=TimeseriesShape,
        query=(choice_of("interval", INTERVALS, DEFAULT_INTERVAL), _FORMAT, *_COMMON),
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
