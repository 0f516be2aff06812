"""Reports as CSV (RFC 4180), safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from starlette.responses import Response

__all__ = ["FORMATS", "csv_response"]

FORMATS = ("json", "csv")

# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_response(
    header: Sequence[str], rows: Iterable[Sequence[Any]], headers: dict[str, str] | None = None
) -> Response:
    """The table as a document; what is not known of a metric is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: Any) -> str:
    """Texts are others' and may be made to be executed; numbers are ours, and may be negative."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return str(value)
