"""The program as a whole: usage, exit codes, failures on one line, nothing loaded for nothing."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest

from ghostflow import GhostFlowClient
from ghostflow.cli import connecting, main, screen
from ghostflow.cli.arguments import make_parser, prepared
from ghostflow.cli.commands import COMMANDS
from quintet.errors import ConnectionFailure
from quintet.testing import reply

from .rig import TEAM, Service, refused


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["campaigns"],
        ["campaigns", "nonsense"],
        ["campaigns", "show"],
        ["campaigns", "create", "Name"],
        ["campaigns", "list", "--limit", "0"],
        ["campaigns", "create", "n", "u", "--cost", "x"],
        ["offers", "create", "n", "u", "--payout", "-1"],
        ["offers", "create", "n", "u", "--payout", "NaN"],
        ["clicks", "--every", "0.1"],
        ["clicks", "--where", "nothing"],
        ["clicks", "--timezone", "a b"],
        ["report", "breakdown", "--metrics", "bogus"],
        ["report", "breakdown", "--last", "x"],
        ["report", "timeseries", "--interval", "year"],
        ["plot"],
        ["plot", "bogus"],
        ["me", "--bogus"],
    ],
)
def test_wrong_usage_exits_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    usage, error = capsys.readouterr().err.splitlines()
    assert usage.startswith("usage: ghostflow")
    assert ": error: " in error


def test_wrong_usage_is_told_what_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, needed in (
        (["campaigns", "create"], "campaigns create NAME URL [options] (--help shows them)"),
        (["plot"], "plot METRIC[,METRIC] [options] (--help shows them)"),
        (["campaigns"], "campaigns ACTION ..."),
    ):
        with pytest.raises(SystemExit):
            main(arguments)
        assert capsys.readouterr().err.splitlines()[0] == f"usage: ghostflow {needed}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["clicks", "--last", "1d", "--from", "2026-01-01"],
        ["clicks", "--to", "2026-01-01"],
        ["report", "breakdown", "--group-by", ","],
    ],
)
def test_usage_that_only_shows_later_exits_with_two_as_well(
    service: Service, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def actions(parser: Any) -> dict[str, Any]:
    groups = parser._subparsers
    return {} if groups is None else groups._group_actions[0].choices


def test_every_command_does_something_and_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    known = {
        (name, action)
        for name, command in actions(make_parser()).items()
        for action in (actions(command) or {None: command})
    }
    assert known == set(COMMANDS)
    for name, action in known:
        with pytest.raises(SystemExit) as caught:
            main([name, *([action] if action else []), "--help"])
        assert caught.value.code == 0
        assert "GF_API_KEY" in capsys.readouterr().out


def test_sort_may_begin_with_a_minus() -> None:
    assert prepared(["--sort", "-cost", "-n", "3"]) == ["--sort=-cost", "-n", "3"]
    assert prepared(["--sort", "cost", "-n"]) == ["--sort", "cost", "-n"]
    assert prepared(["--sort", "--json"]) == ["--sort", "--json"]
    options = make_parser().parse_args(prepared(["report", "breakdown", "--sort", "-cr"]))
    assert options.sort == "-cr"


def test_help_loads_no_http_and_no_drawing() -> None:
    code = (
        "import sys\n"
        "from ghostflow.cli import main\n"
        "try: main(['plot', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'httpx', 'httptools', 'asyncio', 'rich', 'matplotlib', 'plotille'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_missing_key_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["campaigns", "list"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("ghostflow: CONFIGURATION_ERROR: no API key; create a key")
    assert "quintet keys create ghostflow" in err
    assert "api_key" not in err
    assert len(err.splitlines()) == 1


def test_refused_key_says_what_to_do(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.answers["GET /campaigns"] = refused(401, "AUTH_INVALID_API_KEY", "not a valid key.")
    assert main(["campaigns", "list"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("ghostflow: AUTH_INVALID_API_KEY: not a valid key; check GF_API_KEY")
    assert err.endswith("(request id req-1)\n")


def test_dead_service_is_one_line(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.answers["GET /campaigns"] = ConnectionFailure("connection refused", progress=0)
    assert main(["campaigns", "list"]) == 1
    err = capsys.readouterr().err
    assert "GF_BASE_URL" in err
    assert len(err.splitlines()) == 1


def test_options_go_to_the_client(service: Service) -> None:
    assert main(["campaigns", "list", "--base-url", "http://tracker.test/x", "--team", TEAM]) == 1
    assert service.options == {"base_url": "http://tracker.test/x", "team_id": TEAM}


def test_team_that_was_chosen_gives_its_zone(service: Service) -> None:
    other = {"id": "t2", "timezone": "Asia/Tokyo"}
    service.answers["GET /teams"] = [other, {"id": TEAM, "timezone": "Europe/Berlin"}]
    options = make_parser().parse_args(["clicks", "--team", TEAM])
    assert connecting.zone_name(service.client(), options) == "Europe/Berlin"
    service.answers["GET /teams"] = []
    assert connecting.zone_name(service.client(), options) == "UTC"


def test_reader_that_goes_is_no_failure(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(screen, "print_json", broken)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert main(["campaigns", "list", "--json"]) == 0


def test_interrupt_exits_with_130(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> GhostFlowClient:
        raise KeyboardInterrupt

    monkeypatch.setattr(connecting, "GhostFlowClient", interrupted)
    assert main(["me"]) == 130


def test_me_shows_whose_key_it_is(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.answers["GET /auth/me"] = {
        "user": None,
        "apiKey": {"prefix": "gf_abcdefg", "name": "dev"},
        "teamId": TEAM,
        "teams": [{"id": TEAM, "name": "Main", "role": None}],
        "scopes": ["read:stats", "admin"],
    }
    told = ["key     gf_abcdefg dev", f"teams   Main ({TEAM})", "scopes  read:stats, admin"]
    assert main(["me"]) == 0
    assert capsys.readouterr().out.splitlines() == told
    assert main(["me", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["teamId"] == TEAM
    limits = {"X-RateLimit-Limit": "120", "X-RateLimit-Remaining": "7"}
    who = service.answers["GET /auth/me"]
    service.answers["GET /auth/me"] = reply(200, json=who, headers=limits)
    assert main(["me"]) == 0
    assert capsys.readouterr().out.splitlines() == [*told, "limit   7 of 120 requests left"]
