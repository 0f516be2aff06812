"""``ghostflow plot``: metrics over time, on the terminal or as a picture."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ghostflow.cli import screen
from ghostflow.cli.asking import ask
from ghostflow.cli.charts import make_chart
from ghostflow.cli.connecting import open_client
from ghostflow.cli.periods import Period
from ghostflow.cli.wording import CommandError, UsageError

_FORMATS = (".png", ".svg")
_LINES_OF_A_PANEL = 18


def plot(options: argparse.Namespace) -> int:
    """Draw metrics over time."""
    path = _path(options)
    with open_client(options) as client:
        question = ask(client, options)
        asked = Period(question.arguments.get("from_"), question.arguments.get("to"))
        interval = options.interval or ("hour" if asked.is_short else "day")
        report: Mapping[str, Any] = client.reports.timeseries(interval, **question.arguments)
    if options.json:
        screen.print_json(report)
        return 0
    is_coloured = screen.has_colour()
    chart = make_chart(
        {**report, "currency": question.currency(report)},
        options.metrics,
        interval,
        subtitle=screen.on_one_line(question.caption(report)),
        apart=path is None and not is_coloured,
    )
    if options.title:
        chart = replace(chart, title=screen.on_one_line(options.title))
    if not chart.moments:
        print("nothing in this period")
    elif path is not None:
        _save(chart, path)
    else:
        from ghostflow.cli.terminal_chart import draw

        columns, lines = screen.size()
        if not screen.is_terminal():
            lines = _LINES_OF_A_PANEL * len(chart.panels)  # nothing scrolls away in a file
        print(draw(chart, columns, lines, is_coloured=is_coloured))
    question.print_warnings(report)
    return 0


def _path(options: argparse.Namespace) -> Path | None:
    """Return the file to draw into; fail now rather than after the report was made."""
    if options.output is None:
        if not options.json:
            _check_terminal()
        return None
    path = Path(options.output)
    if path.suffix.lower() not in _FORMATS:
        raise UsageError(f"{options.output!r} does not end in {' or '.join(_FORMATS)}")
    _need("matplotlib", "pictures", "plot")
    if not path.resolve().parent.is_dir():
        raise CommandError(f"there is no folder {str(path.parent)!r}")
    return path


def _check_terminal() -> None:
    _need("plotille", "charts on the terminal", "cli")
    try:
        "⣿┤–".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        raise CommandError(
            f"this terminal's encoding, {sys.stdout.encoding}, has no characters for charts; "
            "draw into a file with --output, or read `ghostflow report timeseries`"
        ) from None


def _need(module: str, what: str, extra: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise CommandError(f"{what} need {module}: pip install 'ghostflow[{extra}]'")


def _save(chart: Any, path: Path) -> None:
    from ghostflow.cli.picture import save

    try:
        save(chart, path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}") from None
    screen.tell(f"wrote {path}")
