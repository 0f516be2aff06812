"""A table, filled from a file of comma-separated values, and asked."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

from aerostack import SDK, errors
from examples.demo.report import Report, console, how_many

FILE = Path(__file__).resolve().parents[2] / "aerostack" / "daylight.csv"
BATCH = 25  # statements that one call may carry
CREATE = """
CREATE TABLE daylight (
    city TEXT NOT NULL, latitude REAL NOT NULL, day TEXT NOT NULL, hours REAL NOT NULL,
    PRIMARY KEY (city, day)
)
"""
LONG_DAYS = "SELECT city, day, hours FROM daylight WHERE hours > ? AND day LIKE ? ORDER BY hours"
BY_CITY = """
SELECT city, latitude, min(hours) AS shortest, max(hours) AS longest, avg(hours) AS mean
FROM daylight GROUP BY city ORDER BY longest - shortest DESC
"""
Row = tuple[str, float, str, float]


def fill(sdk: SDK, report: Report) -> None:
    """Create the table and insert the file's rows, as many in a call as it may carry."""
    rows = list(_rows())
    console.print(f"\n[bold]A table[/] of {len(rows)} rows from examples/aerostack/{FILE.name}:")
    sdk.database.db_query({"sql": CREATE})
    insert = "INSERT INTO daylight VALUES (?, ?, ?, ?)"
    written = 0
    for begin in range(0, len(rows), BATCH):
        queries: Any = [{"sql": insert, "params": list(row)} for row in rows[begin : begin + BATCH]]
        # All of a batch or none of it.
        done = sdk.database.db_batch({"queries": queries, "atomic": True})
        written += len(done.results or [])
    counted = _asked(sdk, "SELECT count(*) AS n, sum(hours) AS hours FROM daylight")[0]
    total = round(sum(row[3] for row in rows), 2)
    fine = written == counted["n"] == len(rows) and round(counted["hours"], 2) == total
    report.line("a table from a CSV file", f"{counted['n']} rows", f"{written} inserted", fine=fine)


def ask(sdk: SDK, report: Report) -> None:
    """Ask with parameters, for a sum by groups, and for what is not allowed."""
    limit, month = 17.0, "2025-06-%"
    found = _asked(sdk, LONG_DAYS, limit, month)
    said = ", ".join(f"{row['city']} {row['hours']} h" for row in found)
    console.print(f"  more than {limit:g} hours of daylight in June: {said}", style="dim")
    expected = {row[0] for row in _rows() if row[3] > limit and row[2].startswith("2025-06-")}
    fine = {row["city"] for row in found} == expected
    report.line("  asked with parameters", said, how_many(len(found), "row"), fine=fine)

    groups = _asked(sdk, BY_CITY)
    table = Table("city", "latitude", "shortest day", "longest day", "mean")
    for row in groups:
        hours = (f"{row[name]:.2f} h" for name in ("shortest", "longest", "mean"))
        table.add_row(row["city"], f"{row['latitude']:.2f}°", *hours)
    console.print(table)
    fine = {row["city"]: row["longest"] for row in groups} == _longest()
    widest = f"widest in {groups[0]['city']}" if groups else "nothing found"
    report.line("  summed up by GROUP BY", widest, f"{len(groups)} groups", fine=fine)

    refusal = _refusal(sdk, "ATTACH DATABASE '/etc/passwd' AS other")
    console.print(f"  ATTACH DATABASE: {refusal}", style="dim")
    report.line("  asked for a foreign file", f"refused: {refusal}", fine="FORBIDDEN" in refusal)


def _rows() -> Iterator[Row]:
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["city"], float(row["latitude"]), row["day"], float(row["hours"])


def _longest() -> dict[str, float]:
    longest: dict[str, float] = {}
    for city, _latitude, _day, hours in _rows():
        longest[city] = max(hours, longest.get(city, 0.0))
    return longest


def _asked(sdk: SDK, sql: str, *params: Any) -> list[dict[str, Any]]:
    return sdk.database.db_query({"sql": sql, "params": list(params)}).results or []


def _refusal(sdk: SDK, sql: str) -> str:
    try:
        sdk.database.db_query({"sql": sql})
    except errors.ErrorResponse as error:
        return f"{error.data.code.value}, HTTP {error.status_code}"
    return "it was carried out"
