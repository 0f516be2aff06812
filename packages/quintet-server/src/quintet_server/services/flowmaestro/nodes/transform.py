"""transform: reshape data with one operation, by the transform language where one is needed.

The work is done in a thread: an expression may take a second of a core before its bound stops it.
Without calls in it and with little data it cannot, and a change of threads costs ten times as much.
"""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any

import orjson
from pydantic import model_validator

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.interpolation import interpolate, resolve
from quintet_server.services.flowmaestro.expressions.paths import follow, parse_path
from quintet_server.services.flowmaestro.expressions.scope import MISSING, Scope
from quintet_server.services.flowmaestro.expressions.transform import (
    evaluate_transform,
    filter_items,
    map_items,
    reduce_items,
    sort_items,
)
from quintet_server.services.flowmaestro.expressions.transforms.parsing import parse
from quintet_server.services.flowmaestro.nodes.config import (
    Choice,
    Expression,
    NodeConfig,
    Value,
    refusal,
)
from quintet_server.services.flowmaestro.nodes.model import (
    NodeCall,
    NodeError,
    NodeResult,
    NodeType,
)
from quintet_server.services.flowmaestro.nodes.problems import expressions_of
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.values import data_at, from_json, parsed
from quintet_server.services.flowmaestro.nodes.xml_text import parse_xml

OPERATIONS = (
    "map",
    "filter",
    "reduce",
    "sort",
    "merge",
    "extract",
    "custom",
    "parseXML",
    "parseJSON",
    "passthrough",
)
_NEED_EXPRESSION = frozenset({"map", "filter", "reduce", "extract", "custom"})
_PARSED_AS_LANGUAGE = frozenset({"map", "filter", "reduce", "custom"})
_NEED_TEXT = frozenset({"parseXML", "parseJSON"})
_DATA = frozenset({"input_data"})

_SMALL_COUNT = 300

_PIECE = re.compile(
    r"""(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\{\{(?P<path>.*?)\}\}""", re.DOTALL
)
_REFERENCE = re.compile(r"\$\{([^{}]*)\}|\{\{(.*?)\}\}", re.DOTALL)
_SORT = re.compile(r"\s*(?P<minus>-?)(?:(?:item|\$)\.)?(?P<path>.*?)(?P<order>\s+(?:asc|desc))?\s*")


class TransformConfig(NodeConfig):
    """Without `outputVariable` the node puts out `{}`: the data stays as it was."""

    operation: Annotated[str, Choice(OPERATIONS)]
    input_data: Any
    expression: Expression = ""
    initial_value: Value = None
    output_variable: str = ""

    @model_validator(mode="after")
    def _has_its_expression(self) -> TransformConfig:
        if self.operation in _NEED_EXPRESSION and not self.expression.strip():
            raise refusal(f"is required for {self.operation}", "expression")
        if self.operation in _PARSED_AS_LANGUAGE:
            try:
                parse(_bound(self.expression, Scope())[0])
            except ExpressionError as error:
                raise refusal(str(error), "expression") from None
        return self


async def execute(call: NodeCall) -> NodeResult:
    """`{outputVariable: result}`.

    Raises:
        NodeError: the data is of the wrong kind, or the expression does not fit it.
    """
    config = resolved(call.config, call.scope, without=_DATA)
    assert isinstance(config, TransformConfig)
    with expressions_of("inputData"):
        data = _data(config, call.scope)
    with expressions_of("expression"):
        if "(" not in config.expression and _is_small(data):  # nothing but a little of the data
            result = _transformed(config, data, call.scope)
        else:
            result = await asyncio.to_thread(_transformed, config, data, call.scope)
    if not config.output_variable:
        return NodeResult({})
    named = {config.output_variable: result}
    return NodeResult(named, variables=named)


def _is_small(data: Any) -> bool:
    """Whether there are few enough values in it to deal with them at once."""
    waiting, left = [data], _SMALL_COUNT
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
        left -= len(value) // 16 + 1 if isinstance(value, str) else 1
        if left < len(waiting):
            return False
    return True


def _data(config: TransformConfig, scope: Scope) -> Any:
    data = data_at(config.input_data, scope)
    if config.operation in _NEED_TEXT:
        if not isinstance(data, str):
            raise NodeError(f"inputData must be text for {config.operation}", "bad_data")
        return data
    is_text = isinstance(data, str) and data.lstrip()[:1] in ("[", "{")
    return from_json(data, otherwise=data) if is_text else data


def _transformed(config: TransformConfig, data: Any, scope: Scope) -> Any:
    match config.operation:
        case "passthrough":
            return data
        case "parseJSON":
            return _from_json(data)
        case "parseXML":
            return parse_xml(data)
        case "sort":
            return _sorted(config.expression, data, scope)
        case "merge":
            return _merged(config, data, scope)
        case "extract":
            return _extracted(config.expression, data, scope)
    expression, names = _bound(config.expression, scope)
    scope = scope.child(names) if names else scope
    match config.operation:
        case "map":
            return map_items(expression, data, scope)
        case "filter":
            return filter_items(expression, data, scope)
        case "reduce":
            first = parsed(config.initial_value)
            return reduce_items(expression, data, scope, MISSING if first is None else first)
    return evaluate_transform(expression, data, scope)


def _bound(expression: str, scope: Scope) -> tuple[str, dict[str, Any]]:
    """The expression with a name for each placeholder, and what the names stand for.

    A placeholder is a value of the run, and no text that is put into the expression: nothing that
    a run brings in can change what the expression does.
    """
    names: dict[str, Any] = {}

    def name_of(value: Any) -> str:
        name = f"placeholder_{len(names)}"
        names[name] = value
        return name

    def replaced(piece: re.Match[str]) -> str:
        quoted = piece["quoted"]
        if quoted is None:
            return name_of(resolve(piece[0], scope))
        return name_of(interpolate(quoted[1:-1], scope)) if "{{" in quoted else quoted

    return _PIECE.sub(replaced, expression), names


def _from_json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NodeError(f"inputData is not valid JSON: {error}", "bad_data") from None


def _sorted(expression: str, data: Any, scope: Scope) -> Any:
    """By a path (`price`, `-price`, `price desc`), or by what a function gives."""
    if "=>" in expression:
        bound, names = _bound(expression, scope)
        return evaluate_transform(f"$sort(items, {bound})", data, scope.child(names))
    form = _SORT.fullmatch(expression)
    assert form is not None
    is_descending = bool(form["minus"]) != ((form["order"] or "").strip() == "desc")
    return sort_items(form["path"], data, descending=is_descending)


def _extracted(expression: str, data: Any, scope: Scope) -> Any:
    """What a path leads to; in a list that has no such place, what it leads to in each element."""
    try:
        steps = parse_path(expression.strip().removeprefix("$."))
    except ExpressionError:
        bound, names = _bound(expression, scope)
        return evaluate_transform(bound, data, scope.child(names))
    found = follow(data, steps)
    if found is MISSING and isinstance(data, list):
        return [_or_null(follow(element, steps)) for element in data]
    return _or_null(found)


def _or_null(value: Any) -> Any:
    return None if value is MISSING else value


def _merged(config: TransformConfig, data: Any, scope: Scope) -> Any:
    """Lists one after the other, or objects over each other: the data, then what is named."""
    expression = config.expression
    named = [one or other for one, other in _REFERENCE.findall(expression)]
    if _REFERENCE.sub("", expression).strip(" ,+\n\t"):
        bound, names = _bound(expression, scope)
        return evaluate_transform(bound, data, scope.child(names))
    sources = [data_at(f"{{{{{path}}}}}", scope) for path in named]
    if not sources and isinstance(data, list):
        sources = data
    elif not any(source is data for source in sources):
        sources.insert(0, data)
    if all(isinstance(source, list) for source in sources):
        return [item for source in sources for item in source]
    if all(isinstance(source, dict) for source in sources):
        return {key: value for source in sources for key, value in source.items()}
    raise NodeError("merge needs lists only, or objects only", "bad_data")


def hints(config: NodeConfig) -> list[tuple[str, str]]:
    """What is allowed and probably not meant."""
    assert isinstance(config, TransformConfig)
    if config.output_variable:
        return []
    return [("outputVariable", "is empty: the result is dropped")]


TYPE = NodeType("transform", TransformConfig, execute, hints=hints)
