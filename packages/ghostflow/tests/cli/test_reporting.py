"""Reports as tables, JSON and CSV."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ghostflow.cli import main
from ghostflow.cli.dashboards import change, sparkline
from ghostflow.cli.measures import Kind
from ghostflow.cli.row_keys import key_text
from quintet.testing import reply

from .rig import CAMPAIGN, Service, metrics

HEAD = {
    "from": "2026-11-01",
    "to": "2026-11-30",
    "timezone": "Europe/Berlin",
    "currency": "USD",
    "attribution": "click",
}
ROWS = [
    {
        "keys": {"campaign": {"id": CAMPAIGN, "name": "Summer Promo", "deleted": False}},
        **metrics(12345),
    },
    {
        "keys": {"campaign": {"id": "x", "name": "Old", "deleted": True}},
        **metrics(0, cr=None, roi=-100, profit=-1234.5),
    },
]
BREAKDOWN = {**HEAD, "rows": ROWS, "totals": metrics(12345), "nextCursor": None, "unconverted": []}
POINTS = [
    {"bucket": "2026-10-25T02:00:00+02:00", **metrics(1)},
    {"bucket": "2026-10-25T02:00:00+01:00", **metrics(2)},
]
SERIES = {**HEAD, "points": POINTS, "totals": metrics(3), "unconverted": ["XYZ"]}
BREAKDOWN_PATH, SERIES_PATH = "GET /reports/breakdown", "GET /reports/timeseries"


def cells(line: str) -> list[str]:
    return re.split(r"\s{2,}", line.strip())


def test_breakdown_is_a_table_with_totals(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers[BREAKDOWN_PATH] = BREAKDOWN
    assert main(["report", "breakdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1–30 Nov 2026, Europe/Berlin · USD · without bots"
    assert cells(lines[2]) == [
        *("CAMPAIGN", "CLICKS", "CONV", "CR %", "REVENUE", "COST", "PROFIT", "ROI %")
    ]
    assert cells(lines[3]) == [
        *("Summer Promo", "12,345", "3", "37.50", "17.50", "1.60", "15.90", "993.75")
    ]
    assert cells(lines[4]) == [
        *("Old (deleted)", "0", "3", "–", "17.50", "1.60", "-1,234.50", "-100.00")
    ]
    assert cells(lines[5])[:2] == ["TOTAL", "12,345"]
    ends = {line.rindex(cells(line)[-1]) + len(cells(line)[-1]) for line in lines[2:]}
    assert len(ends) == 1  # numbers stand to the right
    assert service.queries(BREAKDOWN_PATH) == [{"groupBy": "campaign", "limit": "50"}]


def test_breakdown_asks_for_everything_that_was_said(service: Service) -> None:
    service.answers[BREAKDOWN_PATH] = BREAKDOWN
    arguments = ["report", "breakdown", "--group-by", "country, os", "--sort", "-unique-clicks"]
    arguments += ["--from", "2026-11-01", "--to", "2026-11-30", "--timezone", "Asia/Kolkata"]
    arguments += ["--where", "country=US,DE", "--where", "campaign!=summer", "--bots", "include"]
    assert main([*arguments, "--currency", "eur", "--attribution", "conversion", "-n", "7"]) == 0
    assert service.queries(BREAKDOWN_PATH) == [
        {
            "groupBy": "country,os",
            "sort": "-uniqueClicks",
            "from": "2026-11-01",
            "to": "2026-11-30",
            "timezone": "Asia/Kolkata",
            "country": ["US", "DE"],
            "campaignId": f"!{CAMPAIGN}",
            "bots": "include",
            "currency": "EUR",
            "attribution": "conversion",
            "limit": "7",
        }
    ]


def test_caption_tells_what_was_asked_where_the_answer_does_not(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers[BREAKDOWN_PATH] = {"rows": [], "totals": metrics(0)}
    arguments = ["report", "breakdown", "--from", "2026-11-01", "--to", "2026-11-02"]
    arguments += ["--timezone", "UTC", "--currency", "eur", "--bots", "only"]
    assert main([*arguments, "--attribution", "conversion", "--where", "os!=iOS"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1–2 Nov 2026, UTC · EUR · only bots · by time of conversion · os not iOS",
        "",
        "nothing in this period",
    ]


def test_breakdown_takes_as_many_pages_as_its_limit_needs(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    def page(query: dict[str, Any], body: Any) -> Any:
        start = int(query.get("cursor", 0))
        rows = [{"keys": {"country": str(n)}, **metrics(n)} for n in range(int(query["limit"]))]
        return {**BREAKDOWN, "rows": rows, "nextCursor": str(start + 1)}

    service.answers[BREAKDOWN_PATH] = page
    assert main(["report", "breakdown", "-g", "country", "-n", "1500", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 1500
    assert [query["limit"] for query in service.queries(BREAKDOWN_PATH)] == ["1000", "500"]
    assert main(["report", "breakdown", "-g", "country", "-n", "2"]) == 0
    assert "first 2 rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("keys", "group", "shown"),
    [
        ({"country": None}, "country", "unknown"),
        ({"country": "unknown"}, "country", "unknown"),
        ({"offer": {"id": None, "name": "unknown", "deleted": False}}, "offer", "unknown"),
        ({"offer": {"id": "o", "name": None, "deleted": True}}, "offer", "o (deleted)"),
        ({"weekday": 1}, "weekday", "Monday"),
        ({"hour": "2026-10-25T02:00:00+02:00"}, "hour", "2026-10-25 02:00 +02:00"),
        ({"day": "2026-10-25"}, "day", "2026-10-25"),
    ],
)
def test_row_is_told_by_its_keys(keys: Any, group: str, shown: str) -> None:
    assert key_text(keys, group) == shown


def test_columns_can_be_chosen(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.answers[BREAKDOWN_PATH] = BREAKDOWN
    assert main(["report", "breakdown", "-m", "roas,unique-clicks", "-g", "referrerHost"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert cells(lines[2]) == ["REFERRER HOST", "ROAS", "UNIQUE"]
    assert cells(lines[3]) == ["unknown", "10.94", "6"]


def test_timeseries_keeps_the_hour_that_comes_twice_apart(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers[SERIES_PATH] = SERIES
    assert main(["report", "timeseries", "-i", "hour", "--last", "24h"]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert [cells(line)[0] for line in lines[2:]] == [
        *("HOUR", "2026-10-25 02:00 +02:00", "2026-10-25 02:00 +01:00", "TOTAL")
    ]
    assert "not counted, for there is no rate: XYZ" in shown.err
    assert "QUINTET_GHOSTFLOW_RATES" in shown.err
    query = service.queries(SERIES_PATH)[0]
    assert query["interval"] == "hour"
    assert query["from"].endswith(":00:00Z")


@pytest.mark.parametrize(
    ("command", "path"),
    [(["breakdown"], BREAKDOWN_PATH), (["timeseries"], SERIES_PATH)],
)
def test_csv_is_the_services_own(
    service: Service, capsys: pytest.CaptureFixture[str], command: list[str], path: str
) -> None:
    body = b"campaignId,campaign,clicks\r\nx,'=A,1\r\ny,B,2\r\n"
    service.answers[path] = reply(200, body=body, headers={"Content-Type": "text/csv"})
    assert main(["report", *command, "--csv", "--last", "7d", "--timezone", "UTC"]) == 0
    assert capsys.readouterr().out == "campaignId,campaign,clicks\nx,'=A,1\ny,B,2\n"
    assert service.queries(path)[0]["format"] == "csv"


def test_csv_that_may_be_cut_says_so(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.answers[BREAKDOWN_PATH] = reply(200, body=b"country,clicks\r\nDE,1\r\nUS,2\r\n")
    assert main(["report", "breakdown", "--csv", "-n", "2"]) == 0
    assert "these 2 rows" in capsys.readouterr().err
    assert main(["report", "breakdown", "--csv"]) == 0
    assert capsys.readouterr().err == ""
    assert [query["limit"] for query in service.queries(BREAKDOWN_PATH)] == ["2", "1000"]


def test_json_keeps_amounts_exact(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    totals = metrics(cost=0.1, revenue=123456789.123456)
    service.answers[SERIES_PATH] = {**SERIES, "totals": totals}
    assert main(["report", "timeseries", "--json"]) == 0
    out = capsys.readouterr().out
    assert '"cost": 0.1,' in out
    assert '"revenue": 123456789.123456,' in out
    assert '"pendingRevenue": 10,' in out


def test_dashboard_shows_totals_their_course_and_what_made_them(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    series = [{"bucket": f"2026-11-0{n}", **metrics(n)} for n in range(1, 8)]
    report = {**HEAD, "totals": metrics(1234), "previous": metrics(1000, cost=0), "series": series}
    report |= {"top": {"campaigns": ROWS, "countries": [], "offers": [], "sources": []}}
    service.answers["GET /reports/dashboard"] = report
    assert main(["report", "dashboard", "--compare", "--last", "7d"]) == 0
    lines = [cells(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[2] == ["METRIC", "TOTAL", "BEFORE", "CHANGE", "COURSE"]
    assert lines[3] == ["Clicks", "1,234", "1,000", "+23.4 %", "▂▃▄▅▆▇█"]
    assert ["Cost, USD", "1.60", "0.00", "–", "███████"] in lines
    assert not any(line[0].startswith("Reversed") for line in lines)
    assert ["Old (deleted)", "0", "3", "17.50", "-1,234.50", "-100.00"] in lines
    assert service.queries("GET /reports/dashboard")[0]["compare"] == "previous"


def test_dashboard_without_comparison_or_traffic(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = dict.fromkeys(metrics(), 0) | {"roi": None, "cr": None}
    service.answers["GET /reports/dashboard"] = {**HEAD, "totals": nothing, "series": []}
    assert main(["report", "dashboard"]) == 0
    shown = capsys.readouterr().out
    assert "BEFORE" not in shown
    assert re.search(r"Conversion rate, % +–\n", shown)
    assert main(["report", "dashboard", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["roi"] is None


def test_change_is_in_percent_and_of_percentages_in_points() -> None:
    assert change(10, 15, Kind.COUNT) == "+50.0 %"
    assert change(-10, -20, Kind.MONEY) == "-100.0 %"
    assert change(37.5, 30, Kind.PERCENT) == "-7.50"
    assert change(0, 5, Kind.COUNT) == "–"
    assert change(None, 5, Kind.RATIO) == "–"


def test_sparkline_is_short_and_has_gaps() -> None:
    assert sparkline([0, None, 7]) == "▁·█"
    assert sparkline([-1, 0]) == "▁█"
    assert len(sparkline(list(range(400)))) == 30
    assert sparkline([]) == sparkline([3]) == sparkline([None, None]) == ""
    assert sparkline([0, 0]) == "▁▁"
