"""What is wrong with a configuration, in sentences that name node and field."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.nodes.config import NodeConfig, spellings
from quintet_server.services.flowmaestro.nodes.model import NodeError, NodeType
from quintet_server.services.flowmaestro.workflow.definition import Problem

_SENTENCES = {
    "missing": "is required",
    "string_type": "must be text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "mapping_type": "must be an object",
    "model_type": "must be an object",
    "bool_type": "must be true or false",
}


def config_problems(node_id: str, node_type: NodeType, config: Mapping[str, Any]) -> list[Problem]:
    """Every error of a configuration; warnings for keys probably misspelt, and the type's hints."""
    model = node_type.config
    try:
        hints = node_type.hints(model.model_validate(config))
        found = [_warning(node_id, field, sentence, "CHECK_CONFIG") for field, sentence in hints]
    except ValidationError as error:
        found = [
            Problem(node_id, _place(field), sentence, "error", _code(sentence))
            for field, sentence in sentences(error)
        ]
    for key, meant in _misspelt(model, config):
        sentence = f"is not known here; did you mean {meant}?"
        found.append(_warning(node_id, key, sentence, "UNKNOWN_CONFIG"))
    return found


def _warning(node_id: str, field: str, sentence: str, code: str) -> Problem:
    return Problem(node_id, _place(field), sentence, "warning", code)


def _place(field: str) -> str:
    return f"config.{field}" if field else "config"


def _code(sentence: str) -> str:
    if sentence.endswith(("is required", "must not be empty")):
        return "MISSING_REQUIRED_CONFIG"
    return "INVALID_CONFIG"


def sentences(error: ValidationError) -> list[tuple[str, str]]:
    """Field and sentence of each error, a field named as it is written in a definition."""
    listed: dict[tuple[str, str], None] = {}
    for item in error.errors(include_url=False, include_input=False):
        field = item.get("ctx", {}).get("field") or _path(item["loc"])
        sentence = _SENTENCES.get(item["type"]) or item["msg"].removeprefix("Value error, ")
        listed.setdefault((field, sentence))
    return list(listed)


def _path(loc: tuple[int | str, ...]) -> str:
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _misspelt(model: type[NodeConfig], config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(config, Mapping):
        return
    groups = [spellings(name, info) for name, info in model.model_fields.items()]
    known = {spelling for group in groups for spelling in group}
    free = [group[0] for group in groups if not any(one in config for one in group)]
    for key in config:
        if key not in known and (near := difflib.get_close_matches(key, free, 1, 0.8)):
            yield key, near[0]


@contextmanager
def as_node_error() -> Iterator[None]:
    """Turn what pydantic says about values at run time into one node error."""
    try:
        yield
    except ValidationError as error:
        what = ", ".join(f"{field} {sentence}" for field, sentence in sentences(error))
        raise NodeError(what, "invalid_config") from None


@contextmanager
def expressions_of(field: str) -> Iterator[None]:
    """Turn what an expression is told off for into a node error that names the field."""
    try:
        yield
    except ExpressionError as error:
        raise NodeError(f"{field}: {error}" if field else str(error), "bad_expression") from None
