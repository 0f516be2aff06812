"""Reading values out of text, as several nodes do: JSON, numbers, truth values, paths to data."""

from __future__ import annotations

import re
from typing import Any

import orjson

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.grammar import evaluate
from quintet_server.services.flowmaestro.expressions.interpolation import resolve
from quintet_server.services.flowmaestro.expressions.scope import Scope

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LEGACY = re.compile(r"\$\{([^{}]*)\}")
_PATH = re.compile(r"[A-Za-z_$][\w$-]*(\.[\w$-]+|\[[^\[\]]*\])*")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "undefined": None}


def as_number(text: str) -> int | float | None:
    """The number a text is, blanks around it allowed; None if it is none."""
    stripped = text.strip()
    if not NUMBER.fullmatch(stripped):
        return None
    number = float(stripped)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def parsed(value: Any) -> Any:
    """What a text says: a number, true, false, null, undefined, JSON; else the text itself."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text in _WORDS:
        return _WORDS[text]
    number = as_number(text)
    if number is not None:
        return number
    return from_json(text, otherwise=value) if text[:1] in ("{", "[", '"') else value


def from_json(text: str, *, otherwise: Any) -> Any:
    """What a JSON text holds, or `otherwise` if it is no JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return otherwise


def data_at(source: Any, scope: Scope) -> Any:
    """The data a field points to: `{{path}}`, the older `${path}`, a bare path, or a value itself.

    A text that is no path to anything is returned as it is.
    """
    if not isinstance(source, str):
        return resolve(source, scope)
    text = _LEGACY.sub(lambda found: "{{" + found[1] + "}}", source)
    if "{{" in text:
        return resolve(text.strip(), scope)
    if _PATH.fullmatch(text.strip()):
        try:
            found = evaluate(text.strip(), scope)
        except ExpressionError:
            return source
        return source if found is None else found
    return source
