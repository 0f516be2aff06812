"""Structured logs on standard error: JSON lines, or readable text on a terminal.

The standard library's logging (uvicorn, asyncio, psycopg) goes the same way, from warnings up.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog

from quintet_server.settings import LogSettings

__all__ = ["configure_logging"]


def configure_logging(settings: LogSettings) -> None:
    """Set up logging for this process; only the command line calls this."""
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if as_json:
        # Without local variables: they hold headers and keys.
        traces = structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        )
        shared += [traces, structlog.processors.JSONRenderer(serializer=_dump)]
        factory: Any = structlog.BytesLoggerFactory(file=sys.stderr.buffer)
    else:
        plain = structlog.dev.plain_traceback
        shared.append(structlog.dev.ConsoleRenderer(exception_formatter=plain))
        factory = structlog.PrintLoggerFactory(file=sys.stderr)
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(max(level, logging.WARNING))


def _dump(event: Any, **_options: Any) -> bytes:
    return orjson.dumps(event, default=str)


class _Forward(logging.Handler):
    """Passes standard-library records on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)
