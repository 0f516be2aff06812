"""What callers may send: one strict model per request body, and how its faults are told.

Strict means that `true` is no integer and `"3"` is no number; out of range is refused, never
clamped; unknown fields are ignored, and null counts as absent (clients leave null fields out).
Bounds come from the settings, through the validation context, so each is one environment variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)

from quintet_server.http.errors import ApiError
from quintet_server.services.flare.errors import Detail, invalid_request
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.services.flare.timestamps import parse_timestamp

Model = TypeVar("Model", bound=BaseModel)
_WORKER_ID = re.compile(r"[A-Za-z0-9_-]+")
_MESSAGES_SHOWN = 20


def limit_of(info: ValidationInfo, setting: str) -> int:
    """A bound by the name of its setting."""
    # Definition files are validated without a running service: by the environment's settings.
    settings = cast("FlareSettings | None", info.context) or FlareSettings()
    return cast("int", getattr(settings, setting))


def _chars(setting: str, *, least: int = 1) -> AfterValidator:
    """Text of `least` to `setting` characters, without NUL (PostgreSQL has no place for it)."""

    def check(value: str, info: ValidationInfo) -> str:
        most = limit_of(info, setting)
        if not least <= len(value) <= most:
            raise ValueError(f"must have {least} to {most} characters")
        if "\x00" in value:
            raise ValueError("must not contain NUL characters")
        return value

    return AfterValidator(check)


def _at_most(setting: str) -> AfterValidator:
    def check(value: int, info: ValidationInfo) -> int:
        most = limit_of(info, setting)
        if not 1 <= value <= most:
            raise ValueError(f"must be an integer from 1 to {most}")
        return value

    return AfterValidator(check)


def _queue_name(value: str) -> str:
    return value.strip() or "default"


def _instant(value: object) -> object:
    if value is None or isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("must be an ISO 8601 string")  # noqa: TRY004 - pydantic reads ValueError
    return parse_timestamp(value)


def _tags(value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    if len(value) > limit_of(info, "tags_max_count"):
        raise ValueError(f"must have at most {limit_of(info, 'tags_max_count')} pairs")
    key_most, value_most = (
        limit_of(info, "tag_key_max_chars"),
        limit_of(info, "tag_value_max_chars"),
    )
    for key, text in value.items():
        if not 1 <= len(key) <= key_most:
            raise ValueError(f"a name must have 1 to {key_most} characters")
        if len(text) > value_most:
            raise ValueError(f"a value must have at most {value_most} characters")
        if "\x00" in key or "\x00" in text:
            raise ValueError("must not contain NUL characters")
    return value


def _worker_id(value: str) -> str:
    if not _WORKER_ID.fullmatch(value):
        raise ValueError("may contain letters, digits, '_' and '-' only")
    return value


def _names(value: list[str], info: ValidationInfo) -> list[str]:
    most = limit_of(info, "worker_queues_max_count")
    if len(value) > most:
        raise ValueError(f"must have at most {most} entries")
    return value


JobType = Annotated[str, _chars("job_type_max_chars")]
# Trimmed before it is measured, so blanks around a name cost nothing; empty means the default.
Queue = Annotated[str, AfterValidator(_queue_name), _chars("queue_max_chars")]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Attempts = Annotated[int, _at_most("attempts_max_count")]
TimeoutSeconds = Annotated[int, _at_most("timeout_max_seconds")]
Tags = Annotated[dict[str, str], AfterValidator(_tags)]
WorkerId = Annotated[str, _chars("worker_id_max_chars"), AfterValidator(_worker_id)]
# An id that no job can have is a job that does not exist, so only its type is checked here.
JobId = str


class Body(BaseModel):
    """A request body: strict types, unknown fields ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class CreateJob(Body):
    """`POST /jobs`."""

    job_type: JobType
    payload: Any = None
    queue: Queue | None = None
    run_at: Instant | None = None
    max_attempts: Attempts | None = None
    timeout_seconds: TimeoutSeconds | None = None
    idempotency_key: str | None = None
    tags: Tags | None = None
    parent_job_id: Annotated[str, _chars("parent_id_max_chars")] | None = None


class ScheduleEntry(Body):
    """One schedule in a registration: no payload, absent fields keep what is stored."""

    job_type: JobType
    cron_expression: Annotated[str, Field(max_length=500)]
    queue: Queue | None = None
    timezone: Annotated[str, Field(max_length=100)] | None = None
    max_attempts: Attempts | None = None
    timeout_seconds: TimeoutSeconds | None = None


class RegisterWorker(Body):
    """`POST /workers/register`."""

    worker_id: WorkerId
    queues: Annotated[list[Queue], Field(min_length=1), AfterValidator(_names)]
    job_types: Annotated[list[JobType], AfterValidator(_names)]
    hostname: Annotated[str, _chars("worker_id_max_chars", least=0)] | None = None
    sdk_version: Annotated[str, _chars("worker_id_max_chars", least=0)] | None = None
    recurring_schedules: Annotated[list[ScheduleEntry], Field(max_length=1000)] | None = None


class Poll(Body):
    """`POST /workers/poll`."""

    worker_id: WorkerId
    queues: Annotated[list[Queue], Field(min_length=1), AfterValidator(_names)]
    capacity: Annotated[int, _at_most("poll_capacity_max_count")] | None = None
    job_types: Annotated[list[JobType], AfterValidator(_names)] | None = None
    wait_seconds: float | None = None


class Heartbeat(Body):
    """`POST /workers/heartbeat`."""

    job_id: JobId
    worker_id: WorkerId
    progress: float | None = None
    attempt: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class AckError(Body):
    """What went wrong in an attempt; long texts are cut when stored."""

    type: str | None = None
    message: str | None = None
    stack_trace: str | None = None
    retryable: bool | None = None


class Ack(Body):
    """`POST /workers/ack`. `released` hands the job back without using up the attempt (ours)."""

    job_id: JobId
    worker_id: WorkerId
    status: Literal["succeeded", "failed", "cancelled", "released"]
    duration_ms: Annotated[int, Field(ge=0, le=2**53)] | None = None
    error: AckError | None = None
    attempt: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class PutRecurring(Body):
    """`PUT /recurring/{id}`."""

    job_type: JobType
    cron_expression: Annotated[str, Field(max_length=500)]
    queue: Queue | None = None
    payload: Any = None
    timezone: Annotated[str, Field(max_length=100)] | None = None
    enabled: bool | None = None
    max_attempts: Attempts | None = None
    timeout_seconds: TimeoutSeconds | None = None


def validate(model: type[Model], body: object, settings: FlareSettings) -> Model:
    """`body` as `model`.

    Raises:
        ApiError: 400 `invalid_request`; `details` name each field at fault.
    """
    if not isinstance(body, dict):
        raise invalid_request("The request body must be a JSON object.")
    try:
        return model.model_validate(body, context=settings)
    except ValidationError as error:
        raise refusal(error) from error


def refusal(error: ValidationError) -> ApiError:
    """The 400 that tells what pydantic found, in our words and without the input."""
    faults = error.errors(include_url=False, include_input=False, include_context=True)
    details: list[Detail] = []
    for fault in faults[:_MESSAGES_SHOWN]:
        field = ".".join(str(part) for part in fault["loc"]) or "body"
        details.append({"field": field, "message": _sentence(fault["type"], fault["msg"])})
    first = details[0]
    return invalid_request(f"{first['field']}: {first['message']}", details)


_SENTENCES: dict[str, str] = {
    "missing": "is required",
    "string_type": "must be a string",
    "int_type": "must be an integer",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}


def _sentence(kind: str, message: str) -> str:
    said: Callable[[str], str] = lambda text: text[:1].lower() + text[1:]  # noqa: E731
    return _SENTENCES.get(kind) or said(message.removeprefix("Value error, "))
