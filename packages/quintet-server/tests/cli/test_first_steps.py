"""What the command line says to somebody who has just met it, and to typing mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from quintet_server import __version__
from quintet_server.cli.served import SERVED
from quintet_server.cli.unknown import unknown_variables
from quintet_server.services import NAMES
from quintet_server.store.key_formats import KEY_FORMATS
from tests.support.commands import Done, quintet, quintet_process

pytestmark = pytest.mark.timeout(300)

_DOCS = Path(__file__).parents[4] / "docs" / "server"


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run a command in the test's folder."""
    monkeypatch.chdir(tmp_path)
    return quintet


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
    typed: Callable[..., Done], tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = typed(*command)
    assert result.returncode == 1
    assert result.stderr == (
        f"quintet: no data at {tmp_path.resolve() / '.quintet'}: "
        "run `quintet serve` there once, or pass --data-dir\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_status_for_programs_where_nothing_is_stays_json(tmp_path: Path) -> None:
    result = quintet_process("status", "--json", folder=tmp_path)
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
    typed: Callable[..., Done], tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = typed(*command, "--data-dir", "")
    assert result.returncode == 2
    assert "'--data-dir': a folder is needed" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_empty_data_dir_of_the_environment_is_refused(
    typed: Callable[..., Done], tmp_path: Path
) -> None:
    result = typed("keys", "create", "flare", env={"QUINTET_DATA_DIR": ""})
    assert result.returncode == 1
    assert result.stderr.startswith("quintet: QUINTET_DATA_DIR: a folder is needed")
    assert list(tmp_path.iterdir()) == []


def test_version_is_printed(tmp_path: Path) -> None:
    assert quintet_process("--version", folder=tmp_path).stdout == f"quintet {__version__}\n"


@pytest.mark.parametrize(
    "command",
    [(), ("serve",), ("keys",), ("keys", "list"), ("clock", "advance"), ("settings",)],
    ids=" ".join,
)
def test_help_has_a_short_name_and_shows_no_value_for_flags(
    typed: Callable[..., Done], command: tuple[str, ...]
) -> None:
    short, long = (typed(*command, name) for name in ("-h", "--help"))
    assert short.returncode == 0
    assert short.stdout == long.stdout
    assert "bool" not in short.stdout.lower()
    if command not in ((), ("keys",)):
        assert "<path>" in short.stdout


@pytest.mark.parametrize("command", [(), ("keys",)], ids=" ".join)
def test_help_says_which_services_are_served(
    typed: Callable[..., Done], command: tuple[str, ...]
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
    typed: Callable[..., Done], duration: str
) -> None:
    for arguments in ((duration,), ("--", duration)):
        result = typed("clock", "advance", *arguments)
        assert result.returncode == 2
        assert "time only moves forward" in result.stderr
        assert "quintet clock reset" in result.stderr


@pytest.mark.parametrize("duration", ["36501d", "999999999999d"])
def test_clock_moved_beyond_the_calendar_is_refused(
    typed: Callable[..., Done], duration: str
) -> None:
    result = typed("clock", "advance", duration)
    assert result.returncode == 2
    assert "at most 36500 days" in result.stderr


@pytest.mark.parametrize(
    ("run", "command"),
    [(quintet_process, "settings"), (quintet, "serve")],
    ids=["settings", "serve"],
)
def test_unknown_variable_is_named_with_the_nearest_setting(
    tmp_path: Path, run: Callable[..., Done], command: str
) -> None:
    file = tmp_path / "file"
    file.touch()  # serve stops there, after it has warned
    env = {"QUINTET_WORK_RETRY_BASE": "5", "QUINTET_XYZZY": "1", "QUINTET_PORT": "0"}
    env["QUINTET_TRANSPORT"] = "httpx"  # of the SDKs' runtime, and no mistake here
    result = run(command, "--data-dir", str(file), env=env)
    warnings = [line for line in result.stderr.splitlines() if "warning: there is no" in line]
    assert warnings == [
        "quintet: warning: there is no setting QUINTET_WORK_RETRY_BASE: "
        "did you mean QUINTET_WORK_RETRY_BASE_MS?",
        "quintet: warning: there is no setting QUINTET_XYZZY: `quintet settings` lists them all",
    ]


_NAMES = st.lists(st.sampled_from("ABC_"), min_size=1).map(lambda end: f"QUINTET_{''.join(end)}")


@given(known=st.sets(_NAMES), others=st.sets(_NAMES))
def test_unknown_variables_are_those_not_known_in_any_case(
    known: set[str], others: set[str]
) -> None:
    present = {*known, *others, *(name.lower() for name in known), "PATH", "DATABASE_URL"}
    found = unknown_variables(present, [*known, "DATABASE_URL"])
    assert set(found) == others - known
    assert all(nearest is None or nearest in known for nearest in found.values())


def test_variables_of_the_runtime_are_known_under_the_names_that_it_has() -> None:
    from quintet.transport.choosing import VARIABLE

    assert unknown_variables([VARIABLE, VARIABLE.lower()], ["QUINTET_PORT"]) == {}
