"""What the command line says to somebody who has just met it, and to typing mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from typer.testing import CliRunner, Result

from quintet_server import __version__
from quintet_server.cli import app
from quintet_server.cli.served import SERVED
from quintet_server.cli.unknown import unknown_variables
from quintet_server.services import NAMES
from quintet_server.store.key_formats import KEY_FORMATS

pytestmark = pytest.mark.timeout(120)

_DOCS = Path(__file__).parents[4] / "docs" / "server"


def quintet(*arguments: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, without settings of ours in the environment."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("QUINTET_") and name != "DATABASE_URL"
    }
    return subprocess.run(
        [sys.executable, "-m", "quintet_server", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**clean, "COLUMNS": "200", **env},
        check=False,
        timeout=90,
    )


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command in this process, in the test's folder: for what is answered while it is read.

    A process for each would take all of the test's time.
    """
    for name in [name for name in os.environ if name.startswith("QUINTET_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    runner = CliRunner(env={"COLUMNS": "200"})
    return lambda *arguments: runner.invoke(app, arguments)


@pytest.mark.parametrize(
    "command",
    [
        ("keys", "list"),
        ("keys", "revoke", "key_none"),
        ("apply", "-f", "."),
        ("status",),
        ("clock", "advance", "1h"),
        ("clock", "reset"),
    ],
    ids=" ".join,
)
def test_command_where_nothing_is_makes_no_database(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = quintet(*command, folder=tmp_path)
    assert result.returncode == 1
    assert result.stderr == (
        f"quintet: no data at {tmp_path.resolve() / '.quintet'}: "
        "run `quintet serve` there once, or pass --data-dir\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_status_for_programs_where_nothing_is_stays_json(tmp_path: Path) -> None:
    result = quintet("status", "--json", folder=tmp_path)
    assert result.returncode == 1
    assert json.loads(result.stdout)["servers"] == []
    assert "no data at" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("serve", "--port", "0"),
        ("env",),
        ("keys", "create", "flare"),
        ("keys", "list"),
        ("keys", "revoke", "key_none"),
        ("apply", "-f", "."),
        ("status",),
        ("settings",),
        ("clock", "advance", "1h"),
        ("clock", "reset"),
    ],
    ids=" ".join,
)
def test_empty_data_dir_is_refused(
    typed: Callable[..., Result], tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = typed(*command, "--data-dir", "")
    assert result.exit_code == 2
    assert "'--data-dir': a folder is needed" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_empty_data_dir_of_the_environment_is_refused(tmp_path: Path) -> None:
    result = quintet("keys", "create", "flare", folder=tmp_path, QUINTET_DATA_DIR="")
    assert result.returncode == 1
    assert result.stderr.startswith("quintet: QUINTET_DATA_DIR: a folder is needed")
    assert list(tmp_path.iterdir()) == []


def test_version_is_printed(tmp_path: Path) -> None:
    assert quintet("--version", folder=tmp_path).stdout == f"quintet {__version__}\n"


@pytest.mark.parametrize(
    "command",
    [(), ("serve",), ("keys",), ("keys", "list"), ("clock", "advance"), ("settings",)],
    ids=" ".join,
)
def test_help_has_a_short_name_and_shows_no_value_for_flags(
    typed: Callable[..., Result], command: tuple[str, ...]
) -> None:
    short, long = (typed(*command, name) for name in ("-h", "--help"))
    assert short.exit_code == 0
    assert short.stdout == long.stdout
    assert "bool" not in short.stdout.lower()
    if command not in ((), ("keys",)):
        assert "<path>" in short.stdout


@pytest.mark.parametrize("command", [(), ("keys",)], ids=" ".join)
def test_help_says_which_services_are_served(
    typed: Callable[..., Result], command: tuple[str, ...]
) -> None:
    assert SERVED in " ".join(typed(*command, "--help").stdout.split())


@pytest.mark.parametrize("page", ["keys.md", "running.md"])
def test_documentation_says_which_services_are_served(page: str) -> None:
    assert SERVED in " ".join((_DOCS / page).read_text().split())


def test_served_sentence_names_every_service_once() -> None:
    served, _, later = SERVED.partition(".")
    for name in KEY_FORMATS:
        assert (name in served, name in later) == (name in NAMES, name not in NAMES)


@pytest.mark.parametrize("duration", ["-5m", "-1h", "-1h30m"])
def test_clock_moved_back_is_told_that_time_moves_forward(
    typed: Callable[..., Result], duration: str
) -> None:
    for arguments in ((duration,), ("--", duration)):
        result = typed("clock", "advance", *arguments)
        assert result.exit_code == 2
        assert "time only moves forward" in result.stderr
        assert "quintet clock reset" in result.stderr


@pytest.mark.parametrize("duration", ["36501d", "999999999999d"])
def test_clock_moved_beyond_the_calendar_is_refused(
    typed: Callable[..., Result], duration: str
) -> None:
    result = typed("clock", "advance", duration)
    assert result.exit_code == 2
    assert "at most 36500 days" in result.stderr


@pytest.mark.parametrize("command", [("settings",), ("serve", "--data-dir", "file")], ids=" ".join)
def test_unknown_variable_is_named_with_the_nearest_setting(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()  # serve stops there, after it has warned
    env = {"QUINTET_WORK_RETRY_BASE": "5", "QUINTET_XYZZY": "1", "QUINTET_PORT": "0"}
    result = quintet(*command, folder=tmp_path, **env)
    warnings = [line for line in result.stderr.splitlines() if "warning: there is no" in line]
    assert warnings == [
        "quintet: warning: there is no setting QUINTET_WORK_RETRY_BASE: "
        "did you mean QUINTET_WORK_RETRY_BASE_MS?",
        "quintet: warning: there is no setting QUINTET_XYZZY: `quintet settings` lists them all",
    ]


_NAMES = st.text("ABC_", min_size=1).map("QUINTET_{}".format)


@given(known=st.sets(_NAMES), others=st.sets(_NAMES))
def test_unknown_variables_are_those_not_known_in_any_case(
    known: set[str], others: set[str]
) -> None:
    present = {*known, *others, *(name.lower() for name in known), "PATH", "DATABASE_URL"}
    found = unknown_variables(present, [*known, "DATABASE_URL"])
    assert set(found) == others - known
    assert all(nearest is None or nearest in known for nearest in found.values())
