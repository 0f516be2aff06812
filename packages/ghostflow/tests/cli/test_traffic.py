"""Lists of clicks, conversions and postbacks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from ghostflow.cli import following, main

from .rig import CAMPAIGN, OFFER, OTHER, Service, click, refused

CLICKS = [
    click(2, "2026-11-26T23:30:03.120Z", isBot=True, botReason="ua_crawler", country=None),
    click(1, "2026-11-26T11:00:01.120Z", isUnique=False),
]
CONVERSION = {
    "id": OTHER,
    "clickId": CLICKS[1]["id"],
    "campaignId": CAMPAIGN,
    "offerId": OFFER,
    "status": "approved",
    "payout": 12.5,
    "payoutCurrency": "USD",
    "revenue": None,
    "currency": "EUR",
    "event": "conversion",
    "txId": "T1",
    "at": "2026-11-26T11:00:03.120Z",
}
POSTBACK = {
    "direction": "in",
    "outcome": "click_not_found",
    "reason": "unknown\x1b click",
    "httpStatus": 404,
    "at": "2026-11-26T11:00:03.120Z",
    "clickId": "zzz",
}


@pytest.fixture(autouse=True)
def traffic(service: Service) -> None:
    service.answers |= {
        "GET /clicks": CLICKS,
        "GET /conversions": [CONVERSION],
        "GET /postbacks": [POSTBACK],
        "GET /networks": [],
    }


def test_clicks_are_listed_with_names_and_in_the_teams_zone(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clicks"]) == 0
    lines = [re.split(r"\s{2,}", line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0][0] == "TIME Berlin"
    assert lines[1][:7] == [
        *("2026-11-27 00:30:03", "Summer Promo", "–", "mobile", "Android", "Chrome"),
        "bot crawler",
    ]
    assert lines[2][6:] == ["repeat", "Shoes", "0.20 USD", CLICKS[1]["id"]]
    assert service.queries("GET /clicks") == [{"limit": "20"}]


def test_clicks_are_filtered_by_names_and_whole_days(service: Service) -> None:
    arguments = ["clicks", "--where", "campaign=summer", "--where", "os!=iOS", "--bots", "only"]
    assert main([*arguments, "--from", "2026-10-25", "--to", "2026-10-25", "-n", "3"]) == 0
    assert service.queries("GET /clicks") == [
        {
            "campaignId": CAMPAIGN,
            "os": "!iOS",
            "bots": "only",
            "from": "2026-10-25",
            "to": "2026-10-25",
            "limit": "3",
        }
    ]


@pytest.mark.parametrize("command", ["clicks", "conversions", "postbacks"])
def test_days_are_sent_as_days_with_the_zone_that_they_are_meant_in(
    service: Service, command: str
) -> None:
    arguments = [command, "--from", "2026-10-25", "--to", "2026-10-26"]
    assert main([*arguments, "--timezone", "America/New_York", "--json"]) == 0
    assert service.queries(f"GET /{command}") == [
        {
            "from": "2026-10-25",
            "to": "2026-10-26",
            "timezone": "America/New_York",
            "limit": "20",
        }
    ]


@pytest.mark.parametrize("command", ["clicks", "conversions", "postbacks"])
def test_times_are_sent_as_instants(service: Service, command: str) -> None:
    arguments = [command, "--from", "2026-10-25T00:00", "--to", "2026-10-25T12:00Z", "--json"]
    assert main(arguments) == 0
    [query] = service.queries(f"GET /{command}")
    assert (query["from"], query["to"]) == ("2026-10-24T22:00:00Z", "2026-10-25T12:00:00Z")


def test_zone_of_the_options_needs_no_team(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clicks", "--timezone", "America/New_York"]) == 0
    assert "TIME New York" in capsys.readouterr().out
    assert service.queries("GET /teams") == []


def test_key_that_may_not_read_teams_gets_utc(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers["GET /teams"] = refused(403, "AUTH_INSUFFICIENT_SCOPE")
    assert main(["clicks"]) == 0
    assert "TIME UTC" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["clicks", "conversions", "postbacks"])
def test_traffic_as_json_is_as_it_was_sent(
    service: Service, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == service.answers[f"GET /{command}"]
    assert [what for what, _, _ in service.asked] == [f"GET /{command}"]


@pytest.mark.parametrize("command", ["clicks", "conversions", "postbacks"])
def test_no_traffic_is_said(
    service: Service, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    service.answers[f"GET /{command}"] = []
    assert main([command]) == 0
    assert capsys.readouterr().out == f"no {command}\n"


def test_conversions_show_what_has_no_rate_as_a_dash(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["conversions", "--status", "approved", "--where", "event=sale", "--last", "1d"]
    assert main(arguments) == 0
    line = re.split(r"\s{2,}", capsys.readouterr().out.splitlines()[1])
    assert line == [
        *("2026-11-26 12:00:03", "Summer Promo", "approved", "12.50 USD", "–"),
        *("conversion", "T1", "Shoes", CLICKS[1]["id"]),
    ]
    query = service.queries("GET /conversions")[0]
    assert query["status"] == "approved"
    assert query["event"] == "sale"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", query["from"])
    assert query["to"] == query["from"]


def test_postbacks_are_filtered_and_cannot_disturb_the_terminal(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["postbacks", "--direction", "in", "--outcome", "click_not_found"]) == 0
    shown = capsys.readouterr().out
    assert "unknown? click" in shown
    assert "\x1b" not in shown
    query = service.queries("GET /postbacks")[0]
    assert (query["direction"], query["outcome"]) == ("in", "click_not_found")


def interrupted_after(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], None]) -> None:
    left = iter(steps)

    def sleep(seconds: float) -> None:
        step = next(left, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    defaults = dict(following.follow.__kwdefaults__ or {}, sleep=sleep)
    monkeypatch.setattr(following.follow, "__kwdefaults__", defaults)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_live_clicks_follow_the_last_ones(
    service: Service,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
) -> None:
    def arrive() -> None:
        new = click(3, "2026-11-26T23:30:04.000Z", campaignId=OTHER)
        service.answers["GET /clicks"] = [new, *CLICKS]

    interrupted_after(monkeypatch, lambda: None, arrive, lambda: None)
    assert main(["clicks", "--live", "-n", "1", "--where", "country=DE", *flags]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()[0 if flags else 1 :]
    assert len(lines) == 2
    assert ("Winter" in lines[1]) == (not flags)
    assert "1 new click" in shown.err
    assert all(query["country"] == "DE" for query in service.queries("GET /clicks"))


def test_live_goes_without_a_period(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clicks", "--live", "--last", "1d"]) == 2
    assert "--live" in capsys.readouterr().err


def test_live_on_a_terminal_has_lines_of_its_width(
    service: Service, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = terminal(80)
    interrupted_after(monkeypatch)
    assert main(["clicks", "--live"]) == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).splitlines()
    assert len(lines) == 3
    assert lines[0].split()[:3] == ["TIME", "Berlin", "CAMPAIGN"]
    assert lines[2].startswith("2026-11-27 00:30:03  Summer Promo")
    assert max(map(len, lines)) <= 80
