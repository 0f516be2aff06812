"""Steps into data: keys of dictionaries, indexes of lists, `length`; never attributes of Python."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from quintet_server.services.flowmaestro.expressions.errors import (
    MAX_SOURCE_LENGTH,
    ExpressionError,
)
from quintet_server.services.flowmaestro.expressions.scope import MISSING

Step = str | int

_STEP = re.compile(
    r"""\s*(?:
        \[\s*(?P<index>-?\d{1,9})\s*\]
      | \[\s*(?P<quote>["'])(?P<quoted>(?:(?!(?P=quote)).)*)(?P=quote)\s*\]
      | (?P<dot>\.?)\s*(?P<name>[\w$@-]+)
    )\s*""",
    re.VERBOSE,
)
_INDEX = re.compile(r"\d{1,9}", re.ASCII)


def step_into(value: Any, step: Step) -> Any:
    """The member of `value` that `step` names, or `MISSING`.

    Dictionaries have their keys, lists their indexes (not negative ones), lists and texts a
    `length`. Everything else, names such as `__proto__` included, is missing.
    """
    if isinstance(value, dict):
        key = step if isinstance(step, str) else str(step)
        return value.get(key, MISSING)
    if isinstance(value, list):
        if isinstance(step, str) and _INDEX.fullmatch(step):
            step = int(step)
        if isinstance(step, int):
            return value[step] if 0 <= step < len(value) else MISSING
    if step == "length" and isinstance(value, list | str):
        return len(value)
    return MISSING


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of `a.b[0]["c d"]`.

    Raises:
        ExpressionError: it is empty, too long, or no path.
    """
    if len(text) > MAX_SOURCE_LENGTH:
        raise ExpressionError(f"The path is longer than {MAX_SOURCE_LENGTH} characters")
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (match["name"] and bool(match["dot"]) != bool(steps)):
            raise ExpressionError("This is no path such as a.b[0]", position)
        if match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            steps.append(match["name"] if match["quote"] is None else match["quoted"])
        position = match.end()
    if not steps:
        raise ExpressionError("A path is missing")
    return tuple(steps)


def follow(value: Any, steps: Sequence[Step]) -> Any:
    """What lies at the end of `steps`, or `MISSING`; a null on the way leads nowhere."""
    for step in steps:
        value = step_into(value, step)
        if value is MISSING:
            return MISSING
    return value
