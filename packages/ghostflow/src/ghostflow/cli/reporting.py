"""Reports as tables, as JSON and as CSV."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from ghostflow import GhostFlowClient
from ghostflow.cli import screen
from ghostflow.cli.asking import Question, ask
from ghostflow.cli.connecting import open_client
from ghostflow.cli.dashboards import print_dashboard
from ghostflow.cli.measures import DEFAULT, METRICS, row_of
from ghostflow.cli.row_keys import bucket_text, key_text, key_title
from ghostflow.cli.tables import Column, print_table
from ghostflow.cli.wording import UsageError

PAGE_SIZE = 1000
_ROWS_OF_A_TABLE = 50


def dashboard(options: argparse.Namespace) -> int:
    """Show the dashboard."""
    with open_client(options) as client:
        question = ask(client, options)
        compare = "previous" if options.compare else None
        report = client.reports.dashboard(**question.arguments, compare=compare)
    if options.json:
        screen.print_json(report)
    else:
        print_dashboard(report, question)
    return 0


def breakdown(options: argparse.Namespace) -> int:
    """Show a breakdown."""
    groups = [word.strip() for word in options.group_by.split(",") if word.strip()]
    if not groups:
        raise UsageError("--group-by names nothing")
    with open_client(options) as client:
        question = ask(client, options)
        query = {**question.arguments, "sort": options.sort}
        if options.csv:
            limit = min(options.limit or PAGE_SIZE, PAGE_SIZE)
            text = client.reports.breakdown_csv(groups, **query, limit=limit)
            _print_csv(text)
            if sum(1 for _ in csv.reader(io.StringIO(text))) > limit:
                screen.tell(f"there may be more than these {limit:,} rows, see --limit")
            return 0
        report = _rows(client, groups, query, options.limit or _ROWS_OF_A_TABLE)
    if options.json:
        screen.print_json(report)
        return 0
    question.print_caption(report)
    metrics = options.metrics or DEFAULT
    rows = report.get("rows") or []
    columns = [Column(key_title(group), is_text=True) for group in groups]
    _print_metrics(
        columns,
        [[key_text(row.get("keys") or {}, group) for group in groups] for row in rows],
        rows,
        report,
        metrics,
        question,
    )
    if report.get("nextCursor"):
        screen.tell(f"these are the first {len(rows):,} rows, see --limit; TOTAL counts all")
    question.print_warnings(report)
    return 0


def _rows(
    client: GhostFlowClient, groups: Sequence[str], query: Mapping[str, Any], limit: int
) -> dict[str, Any]:
    """Return one report with as many rows as were asked for, from as many pages as that takes."""
    report: dict[str, Any] = dict(
        client.reports.breakdown(groups, **query, limit=min(limit, PAGE_SIZE))
    )
    rows = list(report.get("rows") or ())
    while len(rows) < limit and (cursor := report.get("nextCursor")):
        size = min(limit - len(rows), PAGE_SIZE)
        page = client.reports.breakdown(groups, **query, limit=size, cursor=cursor)
        rows += page.get("rows") or ()
        if cursor == page.get("nextCursor"):
            break
        report["nextCursor"] = page.get("nextCursor")
    return {**report, "rows": rows}


def timeseries(options: argparse.Namespace) -> int:
    """Show a time series."""
    with open_client(options) as client:
        question = ask(client, options)
        if options.csv:
            _print_csv(client.reports.timeseries_csv(options.interval, **question.arguments))
            return 0
        report: Mapping[str, Any] = client.reports.timeseries(
            options.interval, **question.arguments
        )
    if options.json:
        screen.print_json(report)
        return 0
    question.print_caption(report)
    points = report.get("points") or []
    _print_metrics(
        [Column(options.interval.upper())],
        [[bucket_text(point.get("bucket"))] for point in points],
        points,
        report,
        options.metrics or DEFAULT,
        question,
    )
    question.print_warnings(report)
    return 0


def _print_metrics(
    keys: Sequence[Column],
    names: Sequence[list[str]],
    rows: Sequence[Mapping[str, Any]],
    report: Mapping[str, Any],
    metrics: Sequence[str],
    question: Question,
) -> None:
    currency = question.currency(report)
    columns = [*keys, *(Column(METRICS[name].heading, is_number=True) for name in metrics)]
    lines = [
        [*name, *row_of(row, metrics, currency)] for name, row in zip(names, rows, strict=True)
    ]
    totals = None
    if rows:
        label = ["TOTAL", *([""] * (len(keys) - 1))]
        totals = [*label, *row_of(report.get("totals") or {}, metrics, currency)]
    print_table(columns, lines, totals=totals, nothing="nothing in this period")


def _print_csv(text: str) -> None:
    print(text.replace("\r\n", "\n").rstrip("\n"))
