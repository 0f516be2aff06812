"""JSON Schema (draft 2020-12): of a profile's parameters, and of answers to a session's questions.

References lead to other parts of the same schema only: looking one up elsewhere would mean a
request to an address that somebody else chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from quintet_server.http.errors import ApiError
from quintet_server.services.amdahl.errors import invalid_argument

__all__ = ["check_params_schema", "check_value"]

_NOWHERE: Registry[Any] = Registry()
_SHOWN_MAX_CHARS = 300


def check_params_schema(schema: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...]] | None:
    """What is wrong with a schema of parameters, and where in it; None if it can be used."""
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        return _short(error.message), tuple(error.absolute_path)
    if schema.get("type") != "object":
        at = ("type",) if "type" in schema else ()
        return "must describe an object: its type must be 'object'", at
    try:
        _validator(schema).is_valid({})
    except (Unresolvable, RecursionError):
        return "refers to something that is not in it, or to itself without end", ()
    return None


def check_value(value: Any, schema: Mapping[str, Any], field: str) -> None:
    """See whether a value is as its schema says. Raises 400 that names the part at fault.

    Args:
        field: What the value is called in the request.
    """
    error = best_match(_validator(schema).iter_errors(value))
    if error is not None:
        raise _refusal(error, field)


def _validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(dict(schema), registry=_NOWHERE)


def _refusal(error: ValidationError, field: str) -> ApiError:
    at = ".".join([field, *map(str, error.absolute_path)])
    allowed = None
    if error.validator == "enum" and isinstance(error.schema, Mapping):
        allowed = [str(choice) for choice in error.schema["enum"]]
    message = _short(error.message)
    fields = [{"field": at, "message": message}]
    return invalid_argument(f"{at}: {message}", at, allowed=allowed, fields=fields)


def _short(message: str) -> str:
    return message if len(message) <= _SHOWN_MAX_CHARS else f"{message[:_SHOWN_MAX_CHARS]} …"
