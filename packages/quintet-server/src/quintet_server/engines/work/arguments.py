"""How the arrays of the engine's statements are passed: one JSON document per call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson


def numbered(items: Sequence[Any]) -> str:
    """The elements as a JSON array of objects that know their place."""
    rows = []
    for number, item in enumerate(items):
        row = {name: getattr(item, name) for name in item.__slots__}
        row["ord"] = number
        rows.append(row)
    return orjson.dumps(rows).decode()
