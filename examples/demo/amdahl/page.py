"""A page over the interactions: built, made, published, rendered, looked at."""

from __future__ import annotations

import re
from pathlib import Path

from amdahl import AmdahlClient, page as p
from examples.demo.amdahl import picture
from examples.demo.amdahl.history import History
from examples.demo.report import Report, console, how_many

_NUMBERS = p.sql("numbers", "SELECT COUNT(*) AS commits, SUM(amount) AS lines FROM interactions")
_CHANNELS = p.sql(
    "channels",
    "SELECT channel, COUNT(*) AS commits, SUM(amount) AS lines FROM interactions "
    "GROUP BY channel ORDER BY commits DESC, channel",
)
_HOURS = p.sql(
    "hours",
    "SELECT DATE_TRUNC(timestamp, HOUR) AS hour, COUNT(*) AS commits FROM interactions "
    "GROUP BY hour ORDER BY hour",
)
_AREAS = p.sql(
    "areas",
    "SELECT company_name AS area, COUNT(*) AS commits, SUM(amount) AS lines, "
    "MAX(timestamp) AS latest FROM interactions WHERE channel = COALESCE(@channel, channel) "
    "GROUP BY area ORDER BY commits DESC, area",
    params={"channel": "string"},
)


def show(client: AmdahlClient, history: History, folder: Path, report: Report) -> None:
    """Build a page with a table and two charts, publish it, render it, take its picture."""
    body = p.page(
        "What was worked on",
        p.StatRow(
            p.Stat("Commits", value=_NUMBERS.cell("commits")),
            p.Stat("Lines that came or went", value=_NUMBERS.cell("lines")),
        ),
        p.Grid(
            p.Card(p.BarChart(_CHANNELS, x="channel", y="commits"), title="By kind of change"),
            p.Card(p.LineChart(_HOURS, x="hour", y="commits"), title="Hour by hour"),
        ),
        p.Table(_AREAS, columns=["area", "commits", "lines", "latest"]),
        description="This repository's history.",
        tags=["demo"],
    )
    made = client.pages.create(**body)
    published = client.pages.publish(made["id"])
    console.print(
        f"\n[bold]A page[/] of {len(body['declared_queries'])} queries, version "
        f"{published['version']}, {published['status']}."
    )
    report.line("a page, made", published["status"], "1 page", fine=_is_listed(client, made["id"]))
    _check_rows(client, made["id"], history, report)
    _look(client, made["id"], history, folder, report)


def _is_listed(client: AmdahlClient, page_id: str) -> bool:
    return page_id in {summary["id"] for summary in client.pages.iter(status="published")}


def _check_rows(client: AmdahlClient, page_id: str, history: History, report: Report) -> None:
    """Render as JSON, everything and one channel alone, and compare with the file."""
    results = client.pages.render(page_id)["results"]
    channels = {row["channel"]: row["commits"] for row in results["channels"]["rows"]}
    areas = {row["area"]: row["commits"] for row in results["areas"]["rows"]}
    hours = sum(row["commits"] for row in results["hours"]["rows"])
    fine = (
        channels == history.counted("channel")
        and areas == history.counted("company_name")
        and hours == len(history.rows)
    )
    report.line("  its rows", "as counted in the file", f"{len(results)} queries", fine=fine)
    channel = next(iter(channels))
    rows = client.pages.render(page_id, {"channel": channel})["results"]["areas"]["rows"]
    found = sum(row["commits"] for row in rows)
    fine = found == channels[channel]
    report.line("  with a parameter", f"channel {channel}", how_many(found, "commit"), fine=fine)


def _look(
    client: AmdahlClient, page_id: str, history: History, folder: Path, report: Report
) -> None:
    """Render as a document, and look at it through a browser."""
    document = client.pages.render_html(page_id)
    file = folder / "output" / "page.html"
    file.write_text(document, encoding="utf-8")
    charts = len(re.findall(r"<figure\b", document))
    has_all = all(f">{area}<" in document for area in history.counted("company_name"))
    fine = charts == 2 and has_all and "<script" not in document
    console.print(f"  as a document: {file}", style="dim", soft_wrap=True)
    report.line("  as a document", f"{charts} charts, no scripts", "1 file", fine=fine)
    try:
        with console.status("A browser looks at it …"):
            size = picture.take(file, folder / "output" / "page.png", folder / "browser")
    except picture.NoPicture as error:
        report.left_out("  its picture", str(error))
        return
    console.print(f"  its picture:   {folder / 'output' / 'page.png'}", style="dim", soft_wrap=True)
    report.line("  its picture", "taken by a browser", f"{size // 1024} KiB", fine=size > 10_000)
