"""``ghostflow plot``: where it draws, and what it needs for that."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ghostflow.cli import main

from .rig import Service, metrics

PATH = "GET /reports/timeseries"


@pytest.fixture(autouse=True)
def series(service: Service) -> None:
    points = [{"bucket": f"2026-11-{n:02d}", **metrics(n, revenue=n)} for n in range(1, 11)]
    service.answers[PATH] = {
        "from": "2026-11-01",
        "to": "2026-11-10",
        "timezone": "Europe/Berlin",
        "currency": "USD",
        "points": points,
        "totals": metrics(55, revenue=55),
    }


def without(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    found = importlib.util.find_spec

    def find(name: str, *rest: Any) -> Any:
        return None if name == missing else found(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find)


def test_plot_in_a_pipe_has_no_colour_and_a_panel_for_each(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", "revenue,cost", "--last", "10d", "--where", "country=DE"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "Revenue and cost per day\n1–10 Nov 2026, Europe/Berlin · USD · without bots · country DE\n"
    )
    assert "\x1b" not in shown
    assert shown.count("└") == 2
    assert service.queries(PATH)[0]["interval"] == "day"


@pytest.mark.parametrize(
    ("period", "interval"),
    [
        (["--last", "24h"], "hour"),
        (["--last", "48h"], "hour"),
        (["--last", "49h"], "day"),
        (["--last", "2d"], "hour"),
        (["--last", "3d"], "day"),
        (["--last", "24h", "-i", "day"], "day"),
        (["--last", "3d", "-i", "hour"], "hour"),
        ([], "day"),
    ],
)
def test_plot_of_a_short_period_has_a_point_for_each_hour_unless_told_otherwise(
    service: Service, period: list[str], interval: str
) -> None:
    assert main(["plot", "clicks", *period]) == 0
    assert service.queries(PATH)[0]["interval"] == interval


def test_plot_on_a_terminal_has_colours_and_fits(service: Service, terminal: Any) -> None:
    out = terminal(70, 24)
    assert main(["plot", "revenue,cost", "--title", "Money"]) == 0
    shown = out.getvalue()
    assert "\x1b[1mMoney\x1b[0m" in shown
    assert shown.count("└") == 1
    assert len(shown.splitlines()) < 24


@pytest.mark.parametrize("name", ["chart.png", "chart.SVG"])
def test_plot_into_a_file(
    service: Service, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    assert main(["plot", "clicks", "-o", str(path)]) == 0
    assert path.stat().st_size > 1000
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"wrote {path}\n"


def drawn(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str
) -> Figure:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    assert main(["plot", *arguments, "-o", str(tmp_path / "chart.png")]) == 0
    return figures[0]


def test_value_without_neighbours_is_drawn_as_a_dot(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    points: list[dict[str, Any]] = [
        {"bucket": f"2026-11-{1 + n // 24:02d}T{n % 24:02d}:00:00Z", **metrics(1), "roi": None}
        for n in range(60)
    ]
    for index in (7, 30, 31, 59):
        points[index]["roi"] = 5
    service.answers[PATH] = {**service.answers[PATH], "points": points}
    figure = drawn(service, monkeypatch, tmp_path, "clicks,roi", "-i", "hour")
    lines = [axes.get_lines()[0] for axes in figure.axes]
    assert [(line.get_marker(), line.get_markevery()) for line in lines] == [
        ("None", None),
        ("o", [7, 59]),
    ]


def test_long_title_fits_into_the_picture(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for title in ("Clicks", "Clicks and whatever else there is, " * 4):
        figure = drawn(service, monkeypatch, tmp_path, "clicks", "--title", title)
        FigureCanvasAgg(figure)
        extent = figure.texts[0].get_window_extent()
        assert extent.x1 < figure.bbox.x1


def test_plot_as_json_is_the_report(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "clicks", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["points"]) == 10


def test_plot_of_nothing_says_so(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.answers[PATH] = {"points": [], "totals": {}}
    assert main(["plot", "clicks"]) == 0
    assert capsys.readouterr().out == "nothing in this period\n"


@pytest.mark.parametrize(
    ("arguments", "missing", "says"),
    [
        (["-o", "chart.png"], "matplotlib", "pip install 'ghostflow[plot]'"),
        ([], "plotille", "pip install 'ghostflow[cli]'"),
    ],
)
def test_missing_extra_is_told_before_anything_is_asked(
    service: Service,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    missing: str,
    says: str,
) -> None:
    without(monkeypatch, missing)
    assert main(["plot", "clicks", *arguments]) == 1
    err = capsys.readouterr().err
    assert says in err
    assert len(err.splitlines()) == 1
    assert service.asked == []


@pytest.mark.parametrize(
    ("output", "code", "says"),
    [
        ("chart.pdf", 2, ".png or .svg"),
        ("/does/not/exist/chart.png", 1, "no folder"),
        ("{folder}/taken.png", 1, "cannot be written"),
    ],
)
def test_file_that_cannot_be_drawn_into_is_told(
    service: Service,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    output: str,
    code: int,
    says: str,
) -> None:
    (tmp_path / "taken.png").mkdir()
    assert main(["plot", "clicks", "-o", output.format(folder=tmp_path)]) == code
    assert says in capsys.readouterr().err


def test_terminal_without_the_characters_is_told(
    service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    assert main(["plot", "clicks"]) == 1
    assert "latin-1" in capsys.readouterr().err
