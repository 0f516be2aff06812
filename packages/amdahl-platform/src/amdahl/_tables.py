"""A result as an Arrow table; imported only when one is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

_TYPES = {
    "STRING": pa.string(),
    "INTEGER": pa.int64(),
    "FLOAT": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "JSON": pa.string(),
    "BYTES": pa.binary(),
}


def arrow_table(
    columns: Sequence[str], types: Mapping[str, str], rows: Sequence[Mapping[str, Any]]
) -> Any:
    """Return the rows as a table; NUMERIC gets the precision that its values need."""
    arrays = []
    for name in columns:
        values = [row.get(name) for row in rows]
        kind = types.get(name, "")
        if kind == "JSON":
            values = [None if value is None else json.dumps(value) for value in values]
        arrays.append(pa.array(values, type=_TYPES.get(kind)))
    return pa.Table.from_arrays(arrays, names=list(columns))
