"""What a trigger of each type is told, as definition files and the table have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from quintet_server.engines.work.cron import CronError, parse
from quintet_server.engines.work.cron_zones import TimezoneError, zone

TYPES = ("schedule", "webhook", "event", "manual")
EVENT_TYPES = frozenset(
    {
        *(f"execution.{name}" for name in ("started", "completed", "failed", "cancelled")),
        *(f"execution.{name}" for name in ("paused", "resumed")),
        *(f"thread.message.{name}" for name in ("created", "completed", "failed")),
        *(f"agent.execution.{name}" for name in ("started", "completed", "failed")),
    }
)

_HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$")]
_Secret = Annotated[str, StringConstraints(min_length=8, max_length=500)]
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


class TriggerConfig(BaseModel):
    """What all types have: `inputs`, the defaults under whatever a firing brings along."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    inputs: dict[str, Any] = Field(default_factory=dict)


class ScheduleConfig(TriggerConfig):
    """At each tick of `cronExpression` (minute, hour, day, month, weekday) in `timezone`."""

    cron_expression: str = Field(validation_alias=AliasChoices("cronExpression", "cron"))
    timezone: str = "UTC"

    @field_validator("cron_expression")
    @classmethod
    def _five_fields(cls, text: str) -> str:
        if len(text.split()) != 5:
            raise ValueError("must have five fields: minute hour day month weekday")
        try:
            parse(text)
        except CronError as error:
            raise ValueError(str(error)) from None
        return text

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        try:
            zone(name)
        except TimezoneError as error:
            raise ValueError(str(error)) from None
        return name


class WebhookConfig(TriggerConfig):
    """At each request to `/hooks/{id}`.

    `method`: one method, or `ANY`. `authType`: `api_key` compares a header (`headerName`, default
    `X-API-Key`) with `secret`, `bearer` the bearer token; `hmac` expects the hex HMAC-SHA256 of the
    raw body under `secret` in `signatureHeader` (default: any of the usual names).
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "ANY"] = "POST"
    auth_type: Literal["none", "api_key", "hmac", "bearer"] = "none"
    secret: _Secret | None = None
    header_name: _HeaderName = "X-API-Key"
    signature_header: _HeaderName | None = None

    @field_validator("method", mode="before")
    @classmethod
    def _upper(cls, method: Any) -> Any:
        return method.upper() if isinstance(method, str) else method

    @model_validator(mode="after")
    def _has_secret(self) -> WebhookConfig:
        if self.auth_type != "none" and self.secret is None:
            raise ValueError(f"secret is required by authType {self.auth_type}")
        return self

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods a request may have."""
        return _METHODS if self.method == "ANY" else (self.method,)


class EventConfig(TriggerConfig):
    """At each event of the project of type `eventType`.

    `filters` are values that fields of the event's data must have (`workflow_id: wf_x`), `source`
    the id or name of the workflow or agent it must come from.
    """

    event_type: str
    filters: dict[str, Any] = Field(default_factory=dict)
    source: str | None = None

    @field_validator("event_type")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in EVENT_TYPES:
            raise ValueError(f"must be one of {', '.join(sorted(EVENT_TYPES))}")
        return name


class ManualConfig(TriggerConfig):
    """Only by request. `inputSchema`: what the inputs must look like; `requireInputs`: not none."""

    input_schema: dict[str, Any] | None = None
    require_inputs: bool = False

    @field_validator("input_schema")
    @classmethod
    def _is_flat_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        """What `schema_problems` reads has the shape that it relies on."""
        if schema is None:
            return None
        if not _is_list_of(schema.get("required", []), str):
            raise ValueError("required must be a list of names")
        properties = schema.get("properties", {})
        if not isinstance(properties, dict):
            raise ValueError("properties must be a mapping of names to schemas")  # noqa: TRY004
        for name, rule in properties.items():
            if not isinstance(rule, dict):
                raise ValueError(f"properties.{name} must be a schema")  # noqa: TRY004
            if not _is_type(rule.get("type", [])):
                raise ValueError(f"properties.{name}.type must be one of {', '.join(_JSON_TYPES)}")
            if not isinstance(rule.get("enum", []), list):
                raise ValueError(f"properties.{name}.enum must be a list")  # noqa: TRY004
        return schema


CONFIGS: Mapping[str, type[TriggerConfig]] = {
    "schedule": ScheduleConfig,
    "webhook": WebhookConfig,
    "event": EventConfig,
    "manual": ManualConfig,
}


def schema_problems(schema: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[dict[str, str]]:
    """What of `required`, `type` and `enum` of a flat JSON Schema the inputs do not keep."""
    problems = [
        {"field": f"inputs.{name}", "message": f"Input '{name}' is required"}
        for name in schema.get("required", ())
        if inputs.get(name) is None
    ]
    for name, rule in schema.get("properties", {}).items():
        value = inputs.get(name)
        if value is None or not isinstance(rule, Mapping):
            continue
        if (wanted := rule.get("type")) is not None and not _is_of(value, wanted):
            message = f"Input '{name}' must be of type {wanted}"
            problems.append({"field": f"inputs.{name}", "message": message})
        elif "enum" in rule and value not in rule["enum"]:
            message = f"Input '{name}' must be one of {', '.join(map(str, rule['enum']))}"
            problems.append({"field": f"inputs.{name}", "message": message})
    return problems


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _is_type(wanted: Any) -> bool:
    """Whether it is a name of a JSON type, or a list of such names."""
    names = [wanted] if isinstance(wanted, str) else wanted
    return _is_list_of(names, str) and all(name in _JSON_TYPES for name in names)


def _is_of(value: Any, wanted: Any) -> bool:
    names = wanted if isinstance(wanted, list) else [wanted]
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _JSON_TYPES.get(name, object)) for name in names)
