"""JSON values as they go into the database.

PostgreSQL cannot hold U+0000 in text, and JSON text cannot hold half of a surrogate pair; an answer
from the outside world may carry either. They become U+FFFD, rather than ending a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

_OPTIONS = orjson.OPT_NON_STR_KEYS
_INT_MAX = 2**63


def encode(value: Any) -> bytes:
    """Return a value as JSON.

    Raises:
        TypeError: it is not one, or is nested too deeply.
    """
    text = encode_unchanged(value)
    return orjson.dumps(_storable(value), option=_OPTIONS) if text is None else text


def encode_unchanged(value: Any) -> bytes | None:
    """Return a value as JSON; None if something in it has to be replaced for that."""
    try:
        text = orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return None
    return None if b"\\u0000" in text else text


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole.replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {_storable(name): _storable(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_storable(item) for item in value]
    if isinstance(value, int) and not -_INT_MAX <= value < 2 * _INT_MAX:
        return float(value)  # as JavaScript would read it
    return value
