"""From what a caller passes as ``request`` to what goes on the wire.

A dictionary may have either spelling of a field; fields that this version does not know are sent
as they are, so a newer service can be used and nothing a caller wrote disappears.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aerostack import models
from aerostack.errors import RequestTypeError, RequestValidationError
from aerostack.types import Unset
from quintet.core.json_body import encode_json
from quintet.errors import MisuseError

if TYPE_CHECKING:
    from aerostack._wire import Endpoint

__all__ = ["encoded", "fields_of", "problems", "validated"]


def fields_of(endpoint: Endpoint[Any], request: Any) -> dict[str, Any]:
    """Return the fields of a request by their names on the wire.

    Args:
        endpoint: The operation.
        request: A model of the request, or a mapping of its fields.

    Raises:
        RequestValidationError: A field is missing or has a wrong type.
        RequestTypeError: A value is of a kind that is never taken.
    """
    found: dict[str, Any] = validated(endpoint, request)._as_sent()
    return found


def encoded(endpoint: Endpoint[Any], fields: dict[str, Any]) -> bytes:
    """Return the JSON body for the fields of a request.

    Raises:
        RequestValidationError: A number has no JSON form (NaN, infinity).
        RequestTypeError: A value has no JSON form, such as ``bytes``.
    """
    try:
        return encode_json(fields)
    except MisuseError as error:
        name = endpoint.operation.name
        if isinstance(error.__cause__, TypeError):
            place, value = _unsendable(fields) or ("the request", None)
            advice = "; send text, such as base64" if isinstance(value, _BYTES) else ""
            raise RequestTypeError(
                f"{name}: {place} is {type(value).__name__}, which has no JSON form{advice}"
            ) from None
        raise RequestValidationError(f"{name}: {error.message}") from None


def validated(endpoint: Endpoint[Any], request: Any) -> Any:
    """Return a request as its model.

    Raises:
        RequestValidationError: It does not fit; the message names fields, never values.
        RequestTypeError: A value is of a kind that is never taken.
    """
    from pydantic import ValidationError

    model = getattr(models, endpoint.request)
    if isinstance(request, model):
        return request
    name = endpoint.operation.name
    if request is None or isinstance(request, Unset):
        request = {}
    if not isinstance(request, Mapping):
        raise RequestTypeError(
            f"{name}: request must be a dictionary or a {endpoint.request}, "
            f"not {type(request).__name__}"
        )
    try:
        return model.model_validate(request if isinstance(request, dict) else dict(request))
    except ValidationError as error:
        raise RequestValidationError(f"{name}: {problems(error)}") from error
    except TypeError as error:
        raise RequestTypeError(f"{name}: {error}") from error


def problems(error: Any) -> str:
    """Return what pydantic found wrong, in one line and without values."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc']) or 'value'}: {each['msg']}"
        for each in found[:5]
    )


_BYTES = (bytes, bytearray, memoryview)
_SENDABLE = (str, int, float, bool, type(None))


def _unsendable(value: Any, place: str = "") -> tuple[str, Any] | None:
    """Return where in a request the first value stands that JSON does not know, and the value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, _SENDABLE):
                return f"a key of {place or 'the request'}", key
            found = _unsendable(inner, f"{place}.{key}" if place else str(key))
            if found is not None:
                return found
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            found = _unsendable(inner, f"{place}[{index}]")
            if found is not None:
                return found
    elif not isinstance(value, _SENDABLE):
        try:
            encode_json(value)
        except MisuseError:
            return place, value
    return None
