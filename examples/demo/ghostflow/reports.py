"""The reports: tables, compared with the demo's own books, and charts by the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from examples.demo.ghostflow.books import OFFERS, Books
from examples.demo.report import Report, console
from ghostflow import GhostFlowClient

__all__ = ["draw", "show"]

_COLUMNS = ("clicks", "uniqueClicks", "botClicks", "conversions", "revenue", "cost", "profit", "cr")
_HEADERS = ("clicks", "unique", "robots", "conv.", "revenue", "cost", "profit", "cr %")
_COMMAND = Path(sys.executable).parent / "ghostflow"


def show(
    client: GhostFlowClient, campaign: Mapping[str, Any], books: Books, report: Report
) -> None:
    """Show the dashboard, a breakdown by country and one by offer."""
    only = campaign["id"]
    found = client.reports.dashboard(campaign_id=only)
    totals = found["totals"]
    console.print(f"\n[bold]The dashboard,[/] in {found['currency']}:")
    table = Table(*_HEADERS)
    table.add_row(*_cells(totals))
    console.print(table)
    told = f"{totals['uniqueVisitors']} visitors; {totals['roi']:,.1f} % return on what was spent"
    console.print(f"  {told}", style="dim")
    _compare("the dashboard", "", [(books, totals)], report)

    by_country = client.reports.breakdown("country", campaign_id=only)["rows"]
    by_offer = client.reports.breakdown("offer", campaign_id=only)["rows"]
    console.print("[bold]The same by country, and by offer:[/]")
    table = Table("", *_HEADERS)
    for row in by_country:
        table.add_row(row["keys"]["country"], *_cells(row))
    table.add_section()
    for row in by_offer:
        table.add_row(escape(row["keys"]["offer"]["name"]), *_cells(row))
    console.print(table)
    countries = [(books.of(country=row["keys"]["country"]), row) for row in by_country]
    _compare("  by country", f"{len(by_country)} rows", countries, report)
    offers = [(books.of(offer=f"/{row['keys']['offer']['name']}"), row) for row in by_offer]
    fine = len(by_offer) == len(OFFERS)
    _compare("  by offer", f"{len(by_offer)} rows", offers, report, fine=fine)


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [f"{row[name]:,.2f}" if name in _COLUMNS[4:] else f"{row[name]:,}" for name in _COLUMNS]


def _compare(
    what: str,
    times: str,
    pairs: Sequence[tuple[Books, Mapping[str, Any]]],
    report: Report,
    *,
    fine: bool = True,
) -> None:
    """Add a line: does each row say what the books say?"""
    differences = [text for ours, told in pairs for text in ours.differences(told)]
    for text in differences:
        console.print(f"  {what.strip()}: {text}", style="red")
    numbers = len(pairs) * len(Books([]).totals())
    outcome = f"{numbers} numbers as in our own books"
    report.line(what, outcome, times or "1 report", fine=fine and not differences)


def draw(
    environment: Mapping[str, str], period: tuple[datetime, datetime], folder: Path, report: Report
) -> None:
    """Draw clicks by the hour on the terminal, and more of it into files."""
    start, end = (moment.isoformat() for moment in period)
    when = ("-i", "hour", "--from", start, "--to", end)
    pictures = [folder / "output" / f"clicks.{kind}" for kind in ("png", "svg")]
    drawing = [
        _start(environment, "clicks,conversions,revenue,cost", *when, "-o", str(picture))
        for picture in pictures
    ]
    console.print("\n[bold]ghostflow plot clicks -i hour[/]")
    sys.stdout.flush()
    codes = [_start(environment, "clicks", *when, stdout=None).wait()]
    codes += [one.wait() for one in drawing]
    for picture in pictures:
        console.print(f"  also {picture}", style="dim", soft_wrap=True)
    sizes = [picture.stat().st_size if picture.exists() else 0 for picture in pictures]
    fine = not any(codes) and _begins(pictures[0], b"\x89PNG") and b"<svg" in _read(pictures[1])
    outcome = f"on the terminal, PNG {sizes[0] // 1024} KiB, SVG {sizes[1] // 1024} KiB"
    report.line("ghostflow plot", outcome, f"{len(codes)} charts", fine=fine)


def _start(
    environment: Mapping[str, str], metrics: str, *options: str, stdout: Any = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [_COMMAND, "plot", metrics, *options],
        env={**os.environ, **environment},
        stdout=stdout,
        stderr=subprocess.DEVNULL if stdout is not None else None,
    )


def _read(picture: Path) -> bytes:
    return picture.read_bytes() if picture.exists() else b""


def _begins(picture: Path, start: bytes) -> bool:
    return _read(picture).startswith(start)
