"""A result as a pandas data frame; imported only when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

# With room for missing values, which plain integers and booleans have not.
_DTYPES = {"INTEGER": "Int64", "FLOAT": "float64", "BOOLEAN": "boolean"}


def data_frame(
    columns: Sequence[str], types: Mapping[str, str], rows: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """Return the rows as a frame: nullable integers and booleans, instants in UTC."""
    series = {}
    for name in columns:
        values: Any = [row.get(name) for row in rows]
        kind = types.get(name, "")
        if kind == "TIMESTAMP":
            series[name] = pd.Series(pd.to_datetime(values, utc=True))
        else:
            series[name] = pd.Series(values, dtype=_DTYPES.get(kind, "object" if kind else None))
    frame: pd.DataFrame = pd.DataFrame(series, columns=list(columns))
    return frame
