"""The `ghostflow` command against the real service: each of its commands once."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from ghostflow.cli import main
from ghostflow.cli.commands import COMMANDS
from tests.e2e.ghostflow.things import BROWSER, Things
from tests.support.ghostflow import GhostFlowServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("ghostflow")]

# What only reads, and a word of what it must show of a team that has one of each.
READING: dict[str, str] = {
    "campaigns list": "Campaign",
    "campaigns show Campaign": "trackingUrl",
    "offers list": "Offer",
    "sources list": "Source",
    "sources templates": "google-ads",
    "links Campaign --sub1 x": "sub1=x",
    "clicks --where campaign=Campaign --last 7d": "Firefox",
    "conversions --last 7d": "approved",
    "postbacks": "created",
    "report dashboard --last 7d": "Campaign",
    "report breakdown -g campaign,country --last 7d": "Campaign",
    "report timeseries -i hour --last 24h": "00:00",
    "plot clicks --last 7d": "Clicks per day",
    "me": "read:stats",
}
STORY = {
    "campaigns create",
    "campaigns pause",
    "campaigns resume",
    "campaigns archive",
    "campaigns restore",
    "campaigns clone",
    "campaigns delete",
    "offers create",
}


class Command:
    """Runs the command in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """What it prints."""
        ended = main(arguments)
        printed = self._capsys.readouterr()
        assert ended == code, printed.err
        return printed.err if code else printed.out

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        """What it prints as JSON, one object on a line."""
        return [json.loads(line) for line in self(*arguments, "--json").splitlines()]


@pytest.fixture
def ghostflow(server: GhostFlowServer, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


@pytest.mark.parametrize("line", READING)
def test_command_that_reads_shows_what_is_there(
    ghostflow: Command, things: Things, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("GF_API_KEY", things.key)
    # Other tests make campaigns of the same name: this one is meant.
    arguments = [
        part.replace("Campaign", things.campaign) if number else part
        for number, part in enumerate(line.split())
    ]
    assert READING[line] in ghostflow(*arguments)


def test_campaign_from_its_first_to_its_last_command(ghostflow: Command) -> None:
    assert ghostflow("offers", "create", "Offer", "https://o.example/?c={click_id}")
    [made] = ghostflow.json(
        *("campaigns", "create", "Summer", "https://example.com/", "--offer", "Offer:3"),
        *("--cost", "cpc:0.20:USD", "--tag", "a"),
    )
    assert made["cost"] == {"model": "cpc", "amount": 0.2, "currency": "USD"}
    assert [one["weight"] for one in made["offers"]] == [3]
    link = ghostflow("links", "Summer").split()[-1]
    assert link == made["trackingUrl"]
    answer = httpx.get(link, headers={"User-Agent": BROWSER}, trust_env=False, timeout=60)
    assert answer.headers["location"].startswith("https://o.example/?c=")
    [click] = ghostflow.json("clicks")
    assert (click["campaignId"], click["cost"]) == (made["id"], 0.2)

    for action, status in [
        ("pause", "paused"),
        ("resume", "active"),
        ("archive", "archived"),
        ("restore", "paused"),
    ]:
        ghostflow("campaigns", action, made["id"])
        [one] = ghostflow.json("campaigns", "list", "--status", "all")
        assert one["status"] == status
    ghostflow("campaigns", "clone", "Summer", "--name", "Winter")
    names = {one["name"] for one in ghostflow.json("campaigns", "list")}
    assert names == {"Summer", "Winter"}
    ghostflow("campaigns", "delete", made["id"], "--yes")
    assert [one["name"] for one in ghostflow.json("campaigns", "list")] == ["Winter"]
    table = ghostflow("report", "breakdown", "-g", "campaign", "--csv")
    [row] = csv.DictReader(io.StringIO(table))
    assert (row["clicks"], row["cost"]) == ("1", "0.2")


def test_chart_is_drawn_into_a_file(ghostflow: Command, tmp_path: Path) -> None:
    file = tmp_path / "clicks.svg"
    ghostflow("plot", "clicks,revenue", "--last", "7d", "-o", str(file))
    assert file.read_text(encoding="utf-8").lstrip().startswith(("<svg", "<?xml"))


def test_failure_is_one_line_and_an_exit_code(
    ghostflow: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nobody" in ghostflow("campaigns", "show", "nobody", code=1)
    monkeypatch.setenv("GF_API_KEY", "gf_" + "0" * 43)
    said = ghostflow("me", code=1)
    assert re.fullmatch(r"[^\n]+\n", said)
    assert "0000" not in said


def test_every_command_is_run_here() -> None:
    run = {" ".join(line.split()[:2]) for line in READING} | STORY
    for command, action in COMMANDS:
        assert any(one.startswith(f"{command} {action}" if action else command) for one in run)
