"""Props of a component: known, there if they must be, and of the kind the catalog says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from quintet_server.services.amdahl.pages.catalog import COLUMN_FORMATS, Component, Kind, Prop
from quintet_server.services.amdahl.pages.verifier.bindings import Bindings, is_binding, query_of
from quintet_server.services.amdahl.pages.verifier.verdict import Findings, pointer, shown

__all__ = ["check_props"]

_COLUMN_KEYS = ("key", "label", "format")
_FIELDS_MAX_COUNT = 50
_ITEMS_MAX_COUNT = 500
_BINDING_OF: Mapping[Kind, str] = {
    Kind.TEXT: "$value",
    Kind.SCALAR: "$value",
    Kind.NUMBER: "$value",
    Kind.ROWS: "$query",
    Kind.ITEMS: "$query",
}


def check_props(
    component: Component, given: Mapping[str, Any], path: str, bindings: Bindings
) -> None:
    """Check the props of a node, which are at `path`, and note the columns they name."""
    findings = bindings.findings
    _check_names(component, given, path, findings)
    for name, prop in component.props.items():
        if name in given:
            _check_value(prop, given[name], pointer(path, name), bindings)
        elif prop.required:
            message = f"{component.name} needs the prop {name}: {_wanted(prop)}"
            findings.add("spec", "missing_prop", pointer(path, name), message)
    if component.any_of and not any(name in given for name in component.any_of):
        message = f"{component.name} needs one of {', '.join(component.any_of)}"
        findings.add("spec", "missing_prop", path, message, allowed=component.any_of)
    _note_columns(component, given, path, bindings)


def _check_names(
    component: Component, given: Mapping[str, Any], path: str, findings: Findings
) -> None:
    for name in given:
        if name not in component.props:
            hint = component.hints.get(name)
            message = f"{component.name} has no prop {shown(name)}" + (f"; {hint}" if hint else "")
            findings.add(
                *("spec", "bad_prop", pointer(path, name), message),
                allowed=tuple(component.props),
            )


def _check_value(prop: Prop, value: Any, path: str, bindings: Bindings) -> None:
    if is_binding(value):
        bindings.check(value, path, _BINDING_OF.get(prop.kind))
    elif prop.kind is Kind.COLUMNS:
        _check_columns(value, path, bindings.findings)
    elif not _CHECKS[prop.kind](prop, value):
        message = f"must be {_wanted(prop)}, not {shown(value)}"
        bindings.findings.add("spec", "bad_prop", path, message, allowed=prop.choices or None)


def _check_columns(value: Any, path: str, findings: Findings) -> None:
    if not isinstance(value, list) or not 0 < len(value) <= _FIELDS_MAX_COUNT:
        message = f"must be a list of 1 to {_FIELDS_MAX_COUNT} columns, not {shown(value)}"
        findings.add("spec", "bad_prop", path, message)
        return
    for index, column in enumerate(value):
        _check_column(column, pointer(path, index), findings)


def _check_column(column: Any, path: str, findings: Findings) -> None:
    if isinstance(column, str) and column:
        return
    if not isinstance(column, dict) or not _is_name(column.get("key")):
        message = 'must be the name of a column, or an object such as {"key": "amount"}'
        findings.add("spec", "bad_prop", path, message)
        return
    for key in column.keys() - set(_COLUMN_KEYS):
        message = f"a column has no {shown(key)}"
        findings.add("spec", "bad_prop", pointer(path, key), message, allowed=_COLUMN_KEYS)
    if not isinstance(column.get("label", ""), str):
        findings.add("spec", "bad_prop", pointer(path, "label"), "must be a string")
    if column.get("format", "text") not in COLUMN_FORMATS:
        message = f"must be one of {', '.join(COLUMN_FORMATS)}"
        findings.add(
            *("spec", "bad_prop", pointer(path, "format"), message), allowed=COLUMN_FORMATS
        )


def _note_columns(
    component: Component, given: Mapping[str, Any], path: str, bindings: Bindings
) -> None:
    """What the rows of the bound queries must have, for the stage that knows their columns."""
    for name, prop in component.props.items():
        if name not in given:
            continue
        query = query_of(given.get(prop.of or name), bindings.names)
        if query is None:
            continue
        for columns in prop.columns:
            bindings.needs(query, columns, pointer(path, name))
        if prop.of is not None:
            for column, at in _columns_in(given[name], pointer(path, name)):
                bindings.needs(query, (column,), at)


def _columns_in(value: Any, path: str) -> list[tuple[str, str]]:
    """The names of columns in the value of a prop that holds some, and where they are."""
    if isinstance(value, str) and value:
        return [(value, path)]
    if isinstance(value, dict):
        return _columns_in(value.get("key"), pointer(path, "key"))
    if isinstance(value, list):
        return [
            found
            for index, inner in enumerate(value)
            if not isinstance(inner, list)
            for found in _columns_in(inner, pointer(path, index))
        ]
    return []


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _is_text(_prop: Prop, value: Any) -> bool:
    return isinstance(value, str)


def _is_scalar(_prop: Prop, value: Any) -> bool:
    return isinstance(value, (str, bool)) or _is_number(value)


def _is_choice(prop: Prop, value: Any) -> bool:
    return isinstance(value, str) and value in prop.choices


def _is_integer(prop: Prop, value: Any) -> bool:
    if type(value) is not int:
        return False
    least, most = prop.minimum, prop.maximum
    return (least is None or value >= least) and (most is None or value <= most)


def _is_fields(_prop: Prop, value: Any) -> bool:
    if isinstance(value, list):
        return 0 < len(value) <= _FIELDS_MAX_COUNT and all(map(_is_name, value))
    return _is_name(value)


def _is_items(_prop: Prop, value: Any) -> bool:
    is_short = isinstance(value, list) and len(value) <= _ITEMS_MAX_COUNT
    return is_short and all(isinstance(item, str) for item in value)


_CHECKS: Mapping[Kind, Callable[[Prop, Any], bool]] = {
    Kind.TEXT: _is_text,
    Kind.PLAIN: _is_text,
    Kind.SCALAR: _is_scalar,
    Kind.CHOICE: _is_choice,
    Kind.INTEGER: _is_integer,
    Kind.NUMBER: lambda _prop, value: _is_number(value),
    Kind.BOOLEAN: lambda _prop, value: isinstance(value, bool),
    Kind.ROWS: lambda _prop, _value: False,
    Kind.FIELD: lambda _prop, value: _is_name(value),
    Kind.FIELDS: _is_fields,
    Kind.ITEMS: _is_items,
}

_WANTED: Mapping[Kind, str] = {
    Kind.TEXT: "a string or a $value binding",
    Kind.PLAIN: "a string",
    Kind.SCALAR: "a string, a number, true, false or a $value binding",
    Kind.NUMBER: "a number or a $value binding",
    Kind.BOOLEAN: "true or false",
    Kind.ROWS: "a $query binding",
    Kind.FIELD: "the name of a column",
    Kind.FIELDS: f"the name of a column, or a list of 1 to {_FIELDS_MAX_COUNT}",
    Kind.COLUMNS: "a list of columns",
    Kind.ITEMS: f"a list of at most {_ITEMS_MAX_COUNT} strings, or a $query binding",
}


def _wanted(prop: Prop) -> str:
    if prop.kind is Kind.CHOICE:
        return f"one of {', '.join(prop.choices)}"
    if prop.kind is Kind.INTEGER:
        return f"a whole number from {prop.minimum} to {prop.maximum}"
    return _WANTED[prop.kind]
