"""A configuration at run time: its placeholders replaced, its rules applied once more."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

from quintet_server.services.flowmaestro.expressions.interpolation import interpolate, resolve
from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.nodes.config import (
    Meets,
    NodeConfig,
    has_template,
    meets,
    spellings,
)
from quintet_server.services.flowmaestro.nodes.problems import as_node_error, expressions_of

C = TypeVar("C", bound=NodeConfig)

_RESOLVED: dict[str, Any] = {"resolved": True}


def resolved(config: C, scope: Scope, *, without: frozenset[str] = frozenset()) -> C:
    """The configuration without placeholders. Fields named in `without` keep theirs.

    A number, choice or flag whose placeholder leads nowhere falls back to its default.

    Raises:
        NodeError: a field has become something it must not be; the message names it.
    """
    fields = _fields(type(config))
    values: dict[str, Any] = {}
    is_changed = False
    for name in config.model_fields_set:
        key, how = fields[name]
        value = getattr(config, name)
        with expressions_of(key):
            met = values[key] = value if name in without else _meet(value, how, scope)
        is_changed = is_changed or met is not value or (name not in without and has_template(value))
    if not is_changed:  # its rules have been applied already
        return config
    with as_node_error():
        return type(config).model_validate(values, context=_RESOLVED)


@cache
def _fields(model: type[NodeConfig]) -> dict[str, tuple[str, Meets | None]]:
    """Of each field, how it is spelt and how it meets the data."""
    return {
        name: (spellings(name, info)[0], meets(info)) for name, info in model.model_fields.items()
    }


def _meet(value: Any, how: Meets | None, scope: Scope) -> Any:
    if how is Meets.AS_TEXT:
        return interpolate(value, scope) if isinstance(value, str) else value
    return resolve(_plain(value), scope) if how is Meets.AS_VALUE else value


def _plain(value: Any) -> Any:
    """Models inside a value as objects, for their rules to be applied once more."""
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
