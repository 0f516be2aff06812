"""From the JSON of a payload to the type a handler asks for.

- no annotation, ``Any``, a TypedDict and every type not named here: the JSON as it is;
- ``dict``: an object; a missing payload counts as an empty one;
- a dataclass: built recursively through lists, tuples, sets, dictionaries, unions and ``Optional``;
  unknown keys are ignored, missing ones without a default are an error; instants are parsed;
- a pydantic v2 model (by its ``model_validate``, so pydantic need not be installed).

A payload that does not fit will not fit at the next attempt either: the error is permanent.
"""

from __future__ import annotations

import dataclasses
import itertools
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

from zeridion_flare.context import PayloadError
from zeridion_flare.timestamps import parse_timestamp

_SEQUENCES: dict[Any, Callable[[Any], Any]] = {
    list: list,
    set: set,
    frozenset: frozenset,
    Sequence: list,
}
_UNIONS = (Union, types.UnionType)


def hydrate(payload: Any, target: Any) -> Any:
    """Return the payload as an instance of ``target``.

    Raises:
        PayloadError: It does not fit; the message names the place, never the value.
    """
    if target is None or target is Any:
        return payload
    if payload is None and (dataclasses.is_dataclass(target) or _is_mapping(target)):
        payload = {}
    return _build(payload, target, "payload")


def _is_mapping(target: Any) -> bool:
    kind = get_origin(target) or target
    return isinstance(kind, type) and issubclass(kind, Mapping) and not is_typeddict(target)


def _build(value: Any, target: Any, place: str) -> Any:
    if hasattr(target, "model_validate"):
        return _model(value, target, place)
    if isinstance(target, type) and dataclasses.is_dataclass(target):
        return _dataclass(value, target, place)
    origin = get_origin(target)
    if origin in _UNIONS:
        return _union(value, get_args(target), place)
    if origin is Literal:
        if value not in get_args(target):
            raise PayloadError(f"{place} must be one of {get_args(target)!r}")
        return value
    if origin is not None:
        return _container(value, origin, get_args(target), place)
    return _scalar(value, target, place)


def _model(value: Any, target: Any, place: str) -> Any:
    try:
        return target.model_validate(value)
    except ValueError as error:
        raise PayloadError(f"{place} is no {target.__name__}: {_reasons(error)}") from None


def _reasons(error: ValueError) -> str:
    """Return what a validation error says, without the values it quotes."""
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return "it does not validate"
    found: Any = errors()
    lines = (f"{'.'.join(map(str, e['loc'])) or 'value'}: {e['type']}" for e in found)
    return "; ".join(itertools.islice(lines, 10))


def _dataclass(value: Any, target: type, place: str) -> Any:
    if not isinstance(value, Mapping):
        raise PayloadError(f"{place} must be an object, not {_kind(value)}")
    hints = _hints(target)
    arguments: dict[str, Any] = {}
    for field in dataclasses.fields(target):
        if not field.init:
            continue
        if field.name in value:
            inner = f"{place}.{field.name}"
            arguments[field.name] = _build(value[field.name], hints.get(field.name, Any), inner)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise PayloadError(f"{place}.{field.name} is missing")
    try:
        return target(**arguments)
    except (TypeError, ValueError) as error:
        raise PayloadError(f"{place} is no {target.__name__}: {type(error).__name__}") from error


def _hints(target: type) -> dict[str, Any]:
    try:
        return get_type_hints(target)
    except (NameError, TypeError):
        # A name that exists for type checkers only: the fields are taken as they are.
        return {}


def _union(value: Any, members: tuple[Any, ...], place: str) -> Any:
    if value is None and type(None) in members:
        return None
    problems = []
    for member in members:
        if member is type(None):
            continue
        try:
            return _build(value, member, place)
        except PayloadError as error:
            problems.append(error)
    raise problems[0] if len(problems) == 1 else PayloadError(f"{place} fits no type of its union")


def _container(value: Any, origin: Any, arguments: tuple[Any, ...], place: str) -> Any:
    if origin is tuple:
        return _tuple(value, arguments, place)
    make = _SEQUENCES.get(origin)
    if make is not None:
        if not isinstance(value, list):
            raise PayloadError(f"{place} must be a list, not {_kind(value)}")
        inner = arguments[0] if arguments else Any
        return make(_build(item, inner, f"{place}[{n}]") for n, item in enumerate(value))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise PayloadError(f"{place} must be an object, not {_kind(value)}")
        inner = arguments[1] if len(arguments) == 2 else Any
        return {key: _build(item, inner, f"{place}.{key}") for key, item in value.items()}
    return value


def _tuple(value: Any, arguments: tuple[Any, ...], place: str) -> Any:
    if not isinstance(value, list):
        raise PayloadError(f"{place} must be a list, not {_kind(value)}")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_build(item, arguments[0], f"{place}[{n}]") for n, item in enumerate(value))
    if arguments and len(arguments) != len(value):
        raise PayloadError(f"{place} must have {len(arguments)} items, not {len(value)}")
    inner = arguments or (Any,) * len(value)
    return tuple(
        _build(item, kind, f"{place}[{n}]")
        for n, (item, kind) in enumerate(zip(value, inner, strict=True))
    )


def _scalar(value: Any, target: Any, place: str) -> Any:
    if target is Any or not isinstance(target, type) or is_typeddict(target):
        return value
    converted = _converted(value, target, place)
    if target is float and isinstance(converted, int) and not isinstance(converted, bool):
        return float(converted)
    plain = (str, int, float, bool, list, dict)
    wrong_bool = isinstance(converted, bool) and target in (int, float)
    if target in plain and (not isinstance(converted, target) or wrong_bool):
        raise PayloadError(f"{place} must be {target.__name__}, not {_kind(value)}")
    return converted


def _converted(value: Any, target: type, place: str) -> Any:
    """Turn text into the few types that JSON has no form for."""
    try:
        if issubclass(target, Enum):
            return target(value)
        if target is datetime:
            return _instant(value)
        if target is date:
            return date.fromisoformat(value)
        if target is UUID:
            return UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise PayloadError(f"{place} is no {target.__name__}") from None
    return value


def _instant(value: Any) -> datetime:
    found = parse_timestamp(value)
    if found is None:
        raise ValueError
    return found


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__
