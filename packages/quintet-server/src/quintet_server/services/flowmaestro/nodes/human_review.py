"""humanReview: a value that a person gives while the run is paused.

`plan` says whether somebody must be asked at all, `answer` takes what was said. A wrong answer is
an error for who gave it: the run stays paused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import SchemaError

from quintet_server.services.flowmaestro.expressions.values import to_text
from quintet_server.services.flowmaestro.nodes.config import (
    Choice,
    Flag,
    NodeConfig,
    RequiredText,
    Value,
    refusal,
)
from quintet_server.services.flowmaestro.nodes.input import coerced
from quintet_server.services.flowmaestro.nodes.model import (
    NodeCall,
    NodeError,
    NodeResult,
    NodeType,
)
from quintet_server.services.flowmaestro.nodes.resolving import resolved

_TYPES = ("text", "number", "boolean", "json", "select")
_TYPE_ALIASES = {"string": "text", "textarea": "text", "checkbox": "boolean"}


class Validation(BaseModel):
    """Bounds of an answer: numbers by `min`, `max`; text by `minLength`, `maxLength`, `pattern`."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)

    min: float | None = None
    max: float | None = None
    min_length: int | None = Field(default=None, ge=0)
    max_length: int | None = Field(default=None, ge=0)
    pattern: str | None = None
    message: str | None = None
    """What to say instead of the rule's own sentence."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            _matcher(pattern)
        return pattern


class HumanReviewConfig(NodeConfig):
    """Asks for one value; `outputVariable` is `variableName` unless given."""

    prompt: RequiredText = Field(validation_alias=AliasChoices("prompt", "message"))
    variable_name: str = ""
    input_type: Annotated[str, Choice(_TYPES, _TYPE_ALIASES)] = "text"
    required: Annotated[bool, Flag()] = True
    default_value: Value = None
    validation: Validation = Validation()
    options: Value = None
    output_variable: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """Pause the run and show `context` to whoever can answer."""

    context: dict[str, Any]


def plan(call: NodeCall) -> Review | NodeResult:
    """The answer if the run was given one, the default if none is needed, else the question.

    Raises:
        NodeError: the run was started with an answer that is not allowed.
    """
    config = resolved(call.config, call.scope)
    assert isinstance(config, HumanReviewConfig)
    given = call.inputs.get(config.variable_name) if config.variable_name else None
    if given is not None:
        return answer(config, given)
    if not config.required:
        return _result(config, config.default_value)
    return Review(
        {
            "reason": "human_review",
            "node_id": call.node.id,
            "node_name": call.node.name,
            "prompt": config.prompt,
            "variable_name": config.variable_name or None,
            "input_type": config.input_type,
            "required": True,
            "default_value": config.default_value,
            "options": _options(config),
            "validation": config.validation.model_dump(by_alias=True, exclude_none=True),
        }
    )


def answer(config: NodeConfig, value: Any) -> NodeResult:
    """The node's output `{variable: value}` for an answer.

    `value` is the answer itself, or an object that has it under the variable's name.

    Raises:
        NodeError: it is missing, of another type, or breaks a rule; the message names the field.
    """
    assert isinstance(config, HumanReviewConfig)
    field = _variable(config)
    if isinstance(value, Mapping) and config.input_type != "json" and field in value:
        value = value[field]
    if value is None or value == "":
        value = config.default_value
    if value is None:
        if config.required:
            raise _refused(field, "is required")
        return _result(config, None)
    try:
        typed = coerced(value, config.input_type, field)
    except NodeError as error:
        raise NodeError(error.message.replace("Input ", "", 1), "invalid_answer") from None
    problem = _problem(config, typed)
    if problem:
        raise _refused(field, config.validation.message or problem)
    return _result(config, typed)


def _result(config: HumanReviewConfig, value: Any) -> NodeResult:
    variable = _variable(config)
    return NodeResult({variable: value}, variables={variable: value})


def _variable(config: HumanReviewConfig) -> str:
    return config.output_variable or config.variable_name or "input"


def _refused(field: str, sentence: str) -> NodeError:
    return NodeError(f"'{field}' {sentence}", "invalid_answer")


def _problem(config: HumanReviewConfig, value: Any) -> str | None:
    rules, options = config.validation, _options(config)
    if config.input_type == "number":
        if not math.isfinite(value):
            return "must be a number"
        if rules.min is not None and value < rules.min:
            return f"must be at least {to_text(rules.min)}"
        if rules.max is not None and value > rules.max:
            return f"must be at most {to_text(rules.max)}"
    if config.input_type in ("text", "select"):
        if not isinstance(value, str):
            return "must be text"
        if config.input_type == "select" and options and value not in options:
            return f"must be one of {', '.join(options)}"
        return _text_problem(rules, value)
    return None


def _text_problem(rules: Validation, value: str) -> str | None:
    if rules.min_length is not None and len(value) < rules.min_length:
        return f"must have at least {rules.min_length} characters"
    if rules.max_length is not None and len(value) > rules.max_length:
        return f"must have at most {rules.max_length} characters"
    if rules.pattern is not None:
        try:
            _matcher(rules.pattern).validate_python(value)
        except ValidationError:
            return f"must match the pattern {rules.pattern}"
    return None


def _matcher(pattern: str) -> TypeAdapter[str]:
    """A pattern in pydantic's engine: linear in time, so that no answer can stall the server."""
    try:
        return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except SchemaError:
        raise refusal("is no pattern this server knows (look-around is not supported)") from None


def _options(config: HumanReviewConfig) -> list[str]:
    """The choices as text: given as texts, or as `{value, label}`."""
    listed = config.options if isinstance(config.options, list) else []
    values = [one.get("value") if isinstance(one, Mapping) else one for one in listed]
    return [to_text(value) for value in values if value is not None]


TYPE = NodeType("humanReview", HumanReviewConfig, aliases=("human-review", "approval"))
