"""wait (`delay`, `sleep`): go on after a duration, or at an instant.

The waiting itself is the runner's, because it must outlive this process: `plan` says until when,
`finished` what the node puts out afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import model_validator

from quintet_server.services.flowmaestro.nodes.config import (
    Between,
    Choice,
    NodeConfig,
    Text,
    Value,
    has_template,
    refusal,
)
from quintet_server.services.flowmaestro.nodes.model import (
    NodeCall,
    NodeError,
    NodeResult,
    NodeType,
)
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.results import named
from quintet_server.services.flowmaestro.nodes.values import as_number

LONGEST = timedelta(days=366)

_UNIT_MS = {
    "ms": 1,
    "seconds": 1_000,
    "minutes": 60_000,
    "hours": 3_600_000,
    "days": 86_400_000,
}
_UNIT_ALIASES = {
    "milliseconds": "ms",
    "millisecond": "ms",
    "second": "seconds",
    "s": "seconds",
    "minute": "minutes",
    "min": "minutes",
    "m": "minutes",
    "hour": "hours",
    "h": "hours",
    "day": "days",
    "d": "days",
}


class WaitConfig(NodeConfig):
    """`duration` is in milliseconds; `durationValue` in `durationUnit`, and wins if both are given.

    A `timestamp` without an offset is in `timezone`.
    """

    wait_type: Annotated[str, Choice(("duration", "until"), {"timestamp": "until"})] = "duration"
    duration: Annotated[float | None, Between(-float("inf"), float("inf"))] = None
    duration_value: Annotated[float | None, Between(-float("inf"), float("inf"))] = None
    duration_unit: Annotated[str, Choice(tuple(_UNIT_MS), _UNIT_ALIASES)] = "seconds"
    timestamp: Value = None
    timezone: Text = "UTC"
    output_variable: str = ""

    @model_validator(mode="before")
    @classmethod
    def _kind_by_what_is_there(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("waitType"):
            return given
        has_duration = any(given.get(key) is not None for key in ("duration", "durationValue"))
        has_instant = given.get("timestamp") not in (None, "")
        return {**given, "waitType": "until"} if has_instant and not has_duration else given

    @model_validator(mode="after")
    def _is_complete(self) -> WaitConfig:
        if self.wait_type == "until":
            self._check_instant()
        elif self.wait_type == "duration" and self.duration is None and self.duration_value is None:
            raise refusal("is required", "duration")
        return self

    def _check_instant(self) -> None:
        if self.timestamp in (None, ""):
            raise refusal("is required", "timestamp")
        if has_template(self.timestamp) or has_template(self.timezone):
            return
        try:
            instant_of(self.timestamp, self.timezone)
        except NodeError as error:
            field, _, sentence = error.message.partition(" ")
            raise refusal(sentence, field) from None


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on when database time has passed `until`."""

    until: datetime


def plan(call: NodeCall, now: datetime) -> Wait | NodeResult:
    """How long to wait from `now`; the result at once if there is nothing to wait for.

    Raises:
        NodeError: a timestamp that is none, or further away than a year.
    """
    config = resolved(call.config, call.scope)
    assert isinstance(config, WaitConfig)
    if config.wait_type == "until":
        until = instant_of(config.timestamp, config.timezone)
        reason = "The timestamp is in the past"
    else:
        until = _after(now, _milliseconds(config))
        reason = "The duration is zero"
    if until - now > LONGEST:
        raise NodeError(f"A wait may last {LONGEST.days} days at most", "invalid_config")
    if until > now:
        return Wait(until)
    return _result(config, now, now, skipped=True, reason=reason)


def finished(config: NodeConfig, started: datetime, ended: datetime) -> NodeResult:
    """What the node puts out: `{waitType, startTime, endTime, actualWaitDuration}`, in ms."""
    assert isinstance(config, WaitConfig)
    return _result(config, started, ended)


def _result(config: WaitConfig, started: datetime, ended: datetime, **more: Any) -> NodeResult:
    return named(
        config.output_variable,
        {
            "waitType": config.wait_type,
            "startTime": _shown(started),
            "endTime": _shown(ended),
            "actualWaitDuration": max(0, round((ended - started).total_seconds() * 1000)),
            **more,
        },
    )


def _shown(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _milliseconds(config: WaitConfig) -> float:
    if config.duration_value is not None:
        return config.duration_value * _UNIT_MS[config.duration_unit]
    if config.duration is None:
        raise NodeError("duration has no value", "invalid_config")
    return config.duration


def _after(now: datetime, milliseconds: float) -> datetime:
    try:
        return now + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise NodeError(f"A wait may last {LONGEST.days} days at most", "invalid_config") from None


def instant_of(timestamp: Any, timezone: str) -> datetime:
    """The instant a timestamp names: ISO 8601, or a number of seconds or milliseconds since 1970.

    Raises:
        NodeError: it names none, or the zone is unknown.
    """
    zone = _zone(timezone)
    number = as_number(timestamp) if isinstance(timestamp, str) else timestamp
    try:
        if isinstance(number, int | float) and not isinstance(number, bool):
            # No instant of ours in milliseconds is that small, none in seconds that large.
            return datetime.fromtimestamp(number / 1000 if abs(number) >= 1e11 else number, UTC)
        at = datetime.fromisoformat(str(timestamp).strip())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise NodeError(
            f"timestamp must be an ISO 8601 date and time, not {str(timestamp)[:60]!r}",
            "invalid_config",
        ) from None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name.strip() or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NodeError(f"timezone {name[:60]!r} is unknown", "invalid_config") from None


TYPE = NodeType("wait", WaitConfig, aliases=("delay", "sleep"))
