"""Campaigns, offers and sources."""

from __future__ import annotations

import io
import json
import sys
from decimal import Decimal
from typing import Any

import pytest

from ghostflow.cli import main

from .rig import CAMPAIGN, CAMPAIGNS, OFFER, OTHER, Service, refused

NETWORK = "0190a000-0000-7000-8000-0000000000e1"
PATCH = f"PATCH /campaigns/{CAMPAIGN}"


def test_campaigns_are_listed_with_cost_and_link(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["campaigns", "list", "--status", "all", "--search", "e", "-n", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["SLUG", "NAME", "STATUS", "COST", "LINK"]
    assert lines[1].split("  ") == [
        *("summer", "Summer Promo", "active", "cpc 0.20 USD", "http://tracker.test/c/summer")
    ]
    assert service.queries("GET /campaigns") == [{"limit": "5", "search": "e", "status": "all"}]


@pytest.mark.parametrize("command", [["campaigns"], ["offers"], ["sources"]])
def test_empty_lists_say_so(
    service: Service, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    service.answers[f"GET /{command[0]}"] = []
    assert main([*command, "list"]) == 0
    assert capsys.readouterr().out == f"no {command[0]}\n"


def test_lists_as_json_are_a_line_each(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["campaigns", "list", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == CAMPAIGNS


def test_list_goes_over_pages_up_to_its_limit(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    from quintet.testing import reply

    def page(query: dict[str, Any], body: Any) -> Any:
        start = int(query.get("cursor", 0))
        return reply(
            200,
            json=[{"id": str(n), "name": "x"} for n in range(start, start + 2)],
            headers={"X-Next-Cursor": str(start + 2)},
        )

    service.answers["GET /offers"] = page
    assert main(["offers", "list", "-n", "5"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_campaign_is_shown_with_all_that_is_known(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["campaigns", "show", "summer promo"]) == 0
    shown = capsys.readouterr().out
    assert f"offers       {OFFER}:3\n" in shown
    assert "tags         a, b\n" in shown
    assert "sticky       yes\n" in shown
    assert "notes" not in shown
    assert main(["campaigns", "show", CAMPAIGN, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == CAMPAIGNS[0]


def test_campaign_is_created_with_what_was_said_and_nothing_else(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers["POST /campaigns"] = lambda query, body: {**CAMPAIGNS[0], **body}
    assert main(["campaigns", "create", "New", "https://shop.test/{click_id}"]) == 0
    assert service.bodies("POST /campaigns") == [
        {"name": "New", "url": "https://shop.test/{click_id}"}
    ]
    assert "http://tracker.test/c/summer" in capsys.readouterr().out


def test_campaign_is_created_with_everything(service: Service) -> None:
    service.answers["GET /sources"] = [{"id": OTHER, "name": "News"}]
    service.answers["GET /domains"] = [{"id": NETWORK, "host": "go.shop.test"}]
    service.answers["POST /campaigns"] = CAMPAIGNS[0]
    arguments = ["campaigns", "create", "New", "https://shop.test", "--slug", "new-1"]
    arguments += ["--source", "news", "--domain", "go.shop.test", "--offer", "Shoes:3"]
    arguments += ["--cost", "cpc:0.25:usd", "--currency", "eur", "--paused", "--pass-through"]
    arguments += ["--no-sticky", "--unique-hours", "48", "--tag", "a", "--tag", "b"]
    assert main([*arguments, "--notes", "hm", "--json"]) == 0
    assert service.bodies("POST /campaigns") == [
        {
            "name": "New",
            "url": "https://shop.test",
            "slug": "new-1",
            "sourceId": OTHER,
            "domainId": NETWORK,
            "offers": [{"offerId": OFFER, "weight": 3}],
            "cost": {"model": "cpc", "amount": 0.25, "currency": "USD"},
            "currency": "EUR",
            "status": "paused",
            "passThrough": True,
            "sticky": False,
            "uniqueWindowHours": 48,
            "tags": ["a", "b"],
            "notes": "hm",
        }
    ]


@pytest.mark.parametrize(
    ("action", "status"),
    [("pause", "paused"), ("resume", "active"), ("archive", "archived"), ("restore", "paused")],
)
def test_campaigns_change_their_state(
    service: Service, capsys: pytest.CaptureFixture[str], action: str, status: str
) -> None:
    before = "archived" if action == "restore" else CAMPAIGNS[0]["status"]
    service.answers["GET /campaigns"] = [{**CAMPAIGNS[0], "status": before}]
    service.answers[PATCH] = lambda query, body: {**CAMPAIGNS[0], **body}
    assert main(["campaigns", action, "summer"]) == 0
    assert service.bodies(PATCH) == [{"status": status}]
    assert capsys.readouterr().out == (
        f"summer  {status}  Summer Promo  http://tracker.test/c/summer\n"
    )


def test_restore_does_not_pause_an_active_campaign(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["campaigns", "restore", "summer"]) == 1
    assert service.bodies(PATCH) == []
    assert capsys.readouterr().err == (
        "ghostflow: CONFLICT: 'Summer Promo' is active, not archived\n"
    )


def test_one_campaign_in_trouble_does_not_spare_the_others(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers[PATCH] = {**CAMPAIGNS[0], "status": "paused"}
    conflict = refused(409, "CONFLICT", "an archived campaign cannot be paused")
    service.answers[f"PATCH /campaigns/{OTHER}"] = conflict
    assert main(["campaigns", "pause", "nope", "winter", "summer"]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("summer  paused")
    assert shown.err.splitlines() == [
        "ghostflow: NOT_FOUND: no campaign 'nope'; `ghostflow campaigns list` shows what there is",
        "ghostflow: CONFLICT: an archived campaign cannot be paused (request id req-1)",
    ]


def test_clone_can_have_a_name(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    copy = {**CAMPAIGNS[0], "id": OTHER, "slug": "copy", "status": "paused"}
    service.answers[f"POST /campaigns/{CAMPAIGN}/clone"] = copy
    service.answers[f"PATCH /campaigns/{OTHER}"] = lambda query, body: {**copy, **body}
    assert main(["campaigns", "clone", "summer", "--name", "Copy"]) == 0
    assert capsys.readouterr().out.startswith("copy  paused  Copy")
    assert main(["campaigns", "clone", "summer", "winter", "--name", "Copy"]) == 2


class Keyboard(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "flags", "code"), [("y\n", [], 0), ("\n", [], 1), ("", ["--yes"], 0)]
)
def test_delete_asks_first(
    service: Service,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    flags: list[str],
    code: int,
) -> None:
    monkeypatch.setattr(sys, "stdin", Keyboard(typed))
    path = f"DELETE /campaigns/{CAMPAIGN}"
    service.answers[path] = {"id": CAMPAIGN, "deleted": True}
    assert main(["campaigns", "delete", "summer", *flags]) == code
    assert len(service.bodies(path)) == (1 - code)
    assert ("[y/N]" in capsys.readouterr().out) == (not flags)


def test_delete_with_nobody_to_ask_needs_yes(
    service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["campaigns", "delete", "summer"]) == 1
    assert "--yes" in capsys.readouterr().err


def test_offer_is_created(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.answers["GET /networks"] = [{"id": NETWORK, "name": "Payers"}]
    service.answers["POST /offers"] = lambda query, body: {"id": OFFER, "status": "active", **body}
    arguments = ["offers", "create", "Shoes", "https://s.test/?c={click_id}", "--payout", "12.50"]
    arguments += ["--currency", "usd", "--network", "payers", "--country", "us, de"]
    arguments += ["--country", "AT", "--cap", "100/day", "--cap-timezone", "Europe/Berlin"]
    assert main(arguments) == 0
    cap = {"limit": 100, "period": "day", "counts": "conversions", "timezone": "Europe/Berlin"}
    assert service.bodies("POST /offers") == [
        {
            "name": "Shoes",
            "url": "https://s.test/?c={click_id}",
            "payout": 12.5,
            "payoutCurrency": "USD",
            "networkId": NETWORK,
            "countries": ["US", "DE", "AT"],
            "cap": cap,
        }
    ]
    shown = capsys.readouterr().out
    assert "12.50 USD" in shown
    assert "100 conversions/day" in shown


def test_amounts_are_sent_exactly(service: Service) -> None:
    service.answers["POST /offers"] = {"id": OFFER}
    assert main(["offers", "create", "A", "https://s.test", "--payout", "0.1"]) == 0
    body = service.bodies("POST /offers")[0]
    assert Decimal(str(body["payout"])) == Decimal("0.1")


def test_sources_and_templates_are_listed(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    source = {"id": OTHER, "name": "News", "params": {"zone": "sub1"}, "cost": {"model": "param"}}
    service.answers["GET /sources"] = [source]
    service.answers["GET /sources/templates"] = [{"key": "meta", "name": "Meta", "params": {}}]
    assert main(["sources", "list"]) == 0
    assert "zone→sub1" in capsys.readouterr().out
    assert main(["sources", "templates"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["meta", "Meta", "–", "–"]
    assert main(["sources", "templates", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["key"] == "meta"
