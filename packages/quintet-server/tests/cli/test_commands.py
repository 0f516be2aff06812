"""The command line, on a running server's data and on its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from quintet_server.cli import app
from tests.support.commands import Done, quintet, quintet_process
from tests.support.server import ServerProcess

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("quintet command")]


class Cli:
    """Runs ``quintet`` with a data folder: in this process, or with `process` in one of its own."""

    def __init__(self, data_dir: Path):
        self.data_dir = data_dir

    def __call__(self, *arguments: str, **env: str) -> Done:
        return quintet(*arguments, "--data-dir", str(self.data_dir), env=env)

    def process(self, *arguments: str, **env: str) -> Done:
        return quintet_process(*arguments, "--data-dir", str(self.data_dir), env=env)


@pytest.fixture
def cli(short_folder: Path) -> Cli:
    return Cli(short_folder / "data")


@pytest.fixture
def served(server: ServerProcess) -> Cli:
    """``quintet`` on the folder of the shared server."""
    return Cli(server.folder)


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    script = (
        "import sys; from quintet_server.cli import app\n"
        "heavy = {'fastapi', 'psycopg', 'pydantic', 'uvicorn', 'httpx', 'yaml'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stderr.strip() == ""


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("serve",),
        ("env",),
        ("keys",),
        ("keys", "create"),
        ("keys", "list"),
        ("keys", "revoke"),
        ("apply",),
        ("status",),
        ("settings",),
        ("doctor",),
        ("models",),
        ("models", "install"),
        ("models", "list"),
        ("models", "remove"),
        ("clock", "advance"),
        ("clock", "reset"),
    ],
)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.stdout
    if command and command not in (("keys",), ("models",), ("doctor",)):
        assert "--data-dir" in result.stdout


def test_env_prints_exports_for_five_sdks_that_a_shell_understands(
    served: Cli, server: ServerProcess
) -> None:
    script = (
        served.process("env").stdout
        + 'printf "%s\\n" "$FLARE_API_KEY" "$FLARE_BASE_URL" "$API_KEY"'
    )
    out = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    key, url, amdahl = out.split()
    assert url == server.url
    assert amdahl == server.key("amdahl")
    answer = httpx.get(
        f"{url}/flare/v1/jobs",
        headers={"Authorization": f"Bearer {key}"},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 200
    names = {line.split("=")[0].removeprefix("export ") for line in script.splitlines()[:-1]}
    assert names == {
        *("FLARE_API_KEY", "FLOWMAESTRO_API_KEY", "AEROSTACK_API_KEY", "API_KEY", "GF_API_KEY"),
        *("FLARE_BASE_URL", "FLOWMAESTRO_BASE_URL", "AEROSTACK_SERVER_URL", "GF_BASE_URL"),
        "AMDAHL_URL",
    }


def test_env_without_keys_says_what_to_do(cli: Cli) -> None:
    result = cli("env")
    assert result.returncode == 1
    assert result.stdout == ""
    assert "quintet serve" in result.stderr


def test_keys_are_made_listed_used_and_revoked(served: Cli, server: ServerProcess) -> None:
    made = json.loads(served("keys", "create", "flare", "--project", "mine", "--json").stdout)
    headers = {"Authorization": f"Bearer {made['key']}"}
    url = f"{server.url}/flare/v1/jobs"
    assert httpx.get(url, headers=headers, trust_env=False, timeout=60).status_code == 200
    listed = served("keys", "list", "flare")
    assert made["id"] in listed.stdout
    assert "mine" in listed.stdout
    assert made["key"] not in listed.stdout
    assert made["id"] in {key["id"] for key in json.loads(served("keys", "list", "--json").stdout)}
    revoked = served("keys", "revoke", made["id"])
    assert revoked.returncode == 0
    assert httpx.get(url, headers=headers, trust_env=False, timeout=60).status_code == 401


def test_key_that_expires_is_refused_afterwards(served: Cli, server: ServerProcess) -> None:
    key = served("keys", "create", "flare", "--expires-in", "1h").stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{server.url}/flare/v1/jobs", headers=headers, timeout=60).status_code == 200
    assert served.process("clock", "advance", "1h1s").returncode == 0
    assert httpx.get(f"{server.url}/flare/v1/jobs", headers=headers, timeout=60).status_code == 401
    assert served("clock", "reset").returncode == 0
    assert "expected a duration" in served("keys", "create", "flare", "--expires-in", "soon").stderr


def test_keys_create_prints_the_key_alone(served: Cli, server: ServerProcess) -> None:
    result = served(
        *("keys", "create", "amdahl", "--scopes", "data:read, pages:read"),
        *("--role", "viewer", "--user", "usr_1"),
    )
    assert result.stdout.strip().startswith("amdhl_")
    assert len(result.stdout.split()) == 1
    [key] = [
        k for k in json.loads(served("keys", "list", "amdahl", "--json").stdout) if not k["name"]
    ]
    assert key["scopes"] == ["data:read", "pages:read"]
    assert key["attributes"] == {"role": "viewer", "user_id": "usr_1"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("keys", "create", "nothing"), "flare, flowmaestro"),
        (("keys", "create", "amdahl", "--scopes", "fly"), "data:read"),
        (("keys", "create", "amdahl", "--role", "wizard"), "viewer, editor, admin, owner"),
        (("keys", "create", "flare", "--role", "viewer"), "keys of amdahl"),
        (("keys", "revoke", "key_none"), "quintet keys list"),
        (("clock", "advance", "soon"), "1h30m"),
        (("apply", "-f", "/no/such/file"), "/no/such/file"),
    ],
)
def test_mistakes_are_answered_with_what_is_right(
    cli: Cli, database_url: str, arguments: tuple[str, ...], words: str
) -> None:
    result = cli(*arguments, QUINTET_DATABASE_URL=database_url)
    assert result.returncode != 0
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_status_shows_the_database_and_servers_until_they_are_killed(
    cli: Cli, server_process: Any
) -> None:
    result = cli("status")
    assert result.returncode == 0
    assert server_process.url in result.stdout
    assert "ready" in result.stdout
    found = json.loads(cli("status", "--json").stdout)
    assert found["servers"] == [
        {"pid": server_process.process.pid, "url": server_process.url, "state": "ready"}
    ]
    assert found["database"]["keys"] == 5
    server_process.kill()
    result = cli("status", "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["servers"] == []


def test_status_without_a_server_exits_with_1(embedded: Path) -> None:
    result = Cli(embedded).process("status")
    assert result.returncode == 1
    assert "quintet serve" in result.stdout
    assert "1 active" in result.stdout


def test_settings_show_value_unit_and_source(cli: Cli) -> None:
    result = cli("settings", "--json", QUINTET_PORT="1234", DATABASE_URL="postgresql://u:pw@h/x")
    rows = {row["variable"]: row for row in json.loads(result.stdout)}
    assert rows["QUINTET_PORT"]["value"] == "1234"
    assert rows["QUINTET_PORT"]["source"] == "environment (QUINTET_PORT)"
    assert rows["QUINTET_DATA_DIR"]["source"] == "option"
    assert rows["QUINTET_DATABASE_URL"]["source"] == "environment (DATABASE_URL)"
    assert rows["QUINTET_DATABASE_URL"]["value"] == "postgresql://u:***@h/x"
    assert rows["QUINTET_WORK_REAPER_PERIOD_SECONDS"]["unit"] == "seconds"
    assert rows["QUINTET_WORK_REAPER_PERIOD_SECONDS"]["source"] == "default"
    assert all(row["text"] for row in rows.values())
    assert "QUINTET_FLARE_PAYLOAD_MAX_BYTES" in rows
    assert "pw" not in cli("settings", DATABASE_URL="postgresql://u:pw@h/x").stdout


def test_clock_moves_the_running_servers_time(served: Cli, server: ServerProcess) -> None:
    assert "1:00:00 ahead" in served("clock", "advance", "1h").stdout
    ready = httpx.get(f"{server.url}/readyz", trust_env=False, timeout=60).json()
    assert ready["clock_shift_seconds"] == 3600
    assert "real time" in served("clock", "reset").stdout


def test_apply_reports_what_it_did_and_mistakes_with_their_place(
    served: Cli, server: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "flare.yaml"
    file.write_text(
        "service: flare\nkind: project\nname: default\nspec:\n  requests_per_hour: 100\n"
    )
    first, second = served.process("apply", "-f", str(file)), served("apply", "-f", str(file))
    assert first.returncode == 0, first.stderr
    assert first.stdout.split()[0] in ("created", "updated")
    assert second.stdout.split()[0] == "unchanged"
    headers = {"Authorization": f"Bearer {server.key('flare')}"}
    answer = httpx.get(f"{server.url}/flare/v1/jobs", headers=headers, trust_env=False, timeout=60)
    assert answer.headers["x-ratelimit-limit"] == "100"
    file.write_text(
        "service: flare\nkind: project\nname: default\nspec:\n  requests_per_hour: none\n"
    )
    bad = served("apply", "-f", str(file))
    assert bad.returncode == 1
    assert f"{file}:5: spec.requests_per_hour:" in bad.stderr


def test_commands_work_on_an_embedded_database_without_a_server(embedded: Path) -> None:
    listed = Cli(embedded).process("keys", "list", "--json")
    assert len(json.loads(listed.stdout)) == 1
    assert not list((embedded / "servers").glob("*"))


@pytest.mark.parametrize(
    ("variable", "command"),
    [
        ("QUINTET_PORT", "serve"),
        ("QUINTET_FLARE_PAYLOAD_MAX_BYTES", "settings"),
        ("QUINTET_LOG_LEVEL", "status"),
    ],
)
def test_setting_that_makes_no_sense_is_named(cli: Cli, variable: str, command: str) -> None:
    result = cli(command, **{variable: "lots"})
    assert result.returncode == 1
    assert variable in result.stderr
    assert "lots" in result.stderr
    assert "Traceback" not in result.stderr


def test_setting_of_an_engine_that_makes_no_sense_is_named_by_the_server(
    cli: Cli, database_url: str
) -> None:
    env = {"QUINTET_WORK_REAPER_PERIOD_SECONDS": "lots", "QUINTET_DATABASE_URL": database_url}
    result = cli("serve", "--port", "0", **env)
    assert result.returncode == 1
    assert "QUINTET_WORK_REAPER_PERIOD_SECONDS" in result.stderr
    assert "lots" in result.stderr
    assert "Traceback" not in result.stderr


def test_page_of_settings_in_the_documentation_is_up_to_date() -> None:
    page = Path(__file__).parents[4] / "docs" / "server" / "settings.md"
    printed = quintet("settings", "--markdown").stdout
    assert page.read_text() == printed, "run: quintet settings --markdown > docs/server/settings.md"


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("keys", "list")])
def test_database_url_that_is_none_is_one_sentence_without_it(
    cli: Cli, command: tuple[str, ...]
) -> None:
    # What a server says in its log counts too, and only a process has that.
    run = cli.process if command[0] == "serve" else cli
    result = run(*command, "--database-url", "postgresql//u:hidden@h/x")
    assert result.returncode == 1
    assert result.stderr.startswith("quintet: the database URL is not one")
    assert "hidden" not in result.stderr


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("keys", "list"), ("status",)])
def test_data_folder_that_is_a_file_is_one_sentence(cli: Cli, command: tuple[str, ...]) -> None:
    cli.data_dir.parent.mkdir(parents=True, exist_ok=True)
    cli.data_dir.write_text("not a folder")
    result = cli.process(*command) if command[0] == "serve" else cli(*command)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) <= 1


def test_keys_are_listed_with_whole_ids_in_a_narrow_terminal(served: Cli) -> None:
    key = json.loads(served("keys", "create", "flare", "--json").stdout)
    assert key["id"] in served("keys", "list", COLUMNS="80").stdout
