"""A JSON body as a model: every field at fault is named, in sentences, whatever the service.

How a refusal looks is the service's affair; it catches :class:`BodyRefused`.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

__all__ = ["BodyRefused", "read_model"]

Model = TypeVar("Model", bound=BaseModel)

_KIND_SHOULD = re.compile(r"^[A-Z][a-z]+ should ")


class BodyRefused(ValueError):
    """The body is no JSON, or not what the model asks for.

    Attributes:
        message: One sentence that says what is wrong first.
        fields: Sentences by field; empty when the body as a whole is at fault.
        is_syntax: Whether it is no JSON at all.
    """

    def __init__(
        self, message: str, fields: dict[str, list[str]] | None = None, *, is_syntax: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields or {}
        self.is_syntax = is_syntax


def read_model(model: type[Model], raw: bytes) -> Model:
    """Return the body as `model`; an empty one counts as an object without fields.

    Raises:
        BodyRefused: It names every field at fault, or the JSON's mistake.
    """
    _refuse_odd_numbers(raw)
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        message = problems[0]["msg"].partition(": ")[2] or problems[0]["msg"]
        raise BodyRefused(f"The request body is not valid JSON: {message}", is_syntax=True)
    fields: dict[str, list[str]] = {}
    for problem in problems:
        fields.setdefault(_field(problem["loc"]), []).append(_sentence(problem))
    field, messages = next(iter(fields.items()))
    if field == "body" and problems[0]["type"] == "value_error":  # of fields together
        raise BodyRefused(problems[0]["msg"].removeprefix("Value error, "))
    if field == "body":
        raise BodyRefused("The request body must be a JSON object")
    raise BodyRefused(f"{field}: {messages[0]}", fields)


def _refuse_odd_numbers(raw: bytes) -> None:
    """NaN and Infinity are no JSON, but the parser of the models would take them."""
    if b"NaN" in raw or b"Infinity" in raw:
        try:
            orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            message = f"The request body is not valid JSON: {error.msg} (line {error.lineno}, "
            message += f"column {error.colno})"
            raise BodyRefused(message, is_syntax=True) from None


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "body"


def _sentence(problem: Any) -> str:
    if problem["type"] == "missing":
        return "is required"
    if problem["type"] == "extra_forbidden":
        return "is not a field of this request"
    text: str = problem["msg"]
    # A validator of ours says it in its own words.
    text = text.removeprefix("Value error, ").removeprefix("Input should be ")
    # "List should have at most 25 items after validation, not 26".
    text = _KIND_SHOULD.sub("must ", text).replace(" after validation", "")
    return text if text.startswith(("must", "is ")) else f"must be {text}"
