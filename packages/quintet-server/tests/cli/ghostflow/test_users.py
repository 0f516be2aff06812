"""`quintet ghostflow users`."""

from __future__ import annotations

import asyncio
import getpass
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from quintet_server.cli import app
from quintet_server.store.keys import create_key

PASSWORD = "correct horse battery"
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("QUINTET_PASSWORD_MEMORY_BYTES", "8192")
    monkeypatch.setenv("QUINTET_PASSWORD_PASSES_COUNT", "1")

    def run(*arguments: str, input: str | None = None) -> Result:
        where = ("--data-dir", str(tmp_path / "none"), "--database-url", database_url)
        return CliRunner().invoke(app, ["ghostflow", "users", *arguments, *where], input=input)

    return run


def listed(run: Run, *options: str) -> list[tuple[str, str, str]]:
    rows = json.loads(run("list", "--json", *options).stdout)
    return [(row["email"], row["team"], row["role"]) for row in rows]


def test_user_from_the_first_team_to_the_last(run: Run, database_url: str) -> None:
    done = run(
        *("add", "Ann@Example.test", "--team", "north", "--role", "owner", "--name", "Ann"),
        *("--password-stdin",),
        input=f"{PASSWORD}\n",
    )
    assert done.exit_code == 0, done.output
    assert done.stdout == "Ann@Example.test made, and is owner of team north\n"
    # Known already: no password is asked for.
    done = run("add", "ann@example.test", "--team", "south", "--role", "viewer")
    assert done.stdout == "ann@example.test is viewer of team south\n"
    run("add", "ann@example.test", "--team", "south", "--role", "editor")
    assert listed(run) == [
        ("Ann@Example.test", "north", "owner"),
        ("Ann@Example.test", "south", "editor"),
    ]
    assert listed(run, "--team", "south") == [("Ann@Example.test", "south", "editor")]
    head, row, _ = run("list").stdout.splitlines()
    assert head.split() == ["EMAIL", "TEAM", "ROLE", "NAME"]
    assert row.split() == ["Ann@Example.test", "north", "owner", "Ann"]

    done = run("remove", "ann@example.test", "--team", "north")
    assert done.stdout == "ann@example.test is out of team north\n"
    assert listed(run) == [("Ann@Example.test", "south", "editor")]
    assert run("remove", "ann@example.test").stdout == "ann@example.test is out of every team\n"
    assert listed(run) == []
    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT 1 FROM ghostflow_users").fetchall() == []
    done = run("remove", "ann@example.test")
    assert (done.exit_code, done.stderr) == (1, "quintet: there is no user ann@example.test\n")


def test_keys_that_somebody_made_end_with_them(run: Run, database_url: str) -> None:
    for team in ("north", "south"):
        run("add", "ann@example.test", "--team", team, "--password-stdin", input=f"{PASSWORD}\n")
    user = json.loads(run("list", "--json").stdout)[0]["id"]

    def key(name: str, made_by: str, project: str = "north") -> str:
        async def make() -> str:
            async with await psycopg.AsyncConnection.connect(database_url) as conn:
                _, made = await create_key(
                    conn, "ghostflow", project=project, name=name, attributes={"made_by": made_by}
                )
                return made.id

        return asyncio.run(make())

    def working() -> set[str]:
        with psycopg.connect(database_url) as conn:
            rows = conn.execute("SELECT name FROM api_keys WHERE revoked_at IS NULL").fetchall()
        return {name for (name,) in rows}

    own = key("own", user)
    child = key("made with it", own)
    key("another's", "somebody")
    south = key("south", user, "south")
    done = run("remove", "ann@example.test", "--team", "north")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "ann@example.test is out of team north",
        f"revoked: {own} (own, project north)",
        f"revoked: {child} (made with it, project north)",
    ]
    assert working() == {"another's", "south"}
    assert run("remove", "ann@example.test", "--team", "north").exit_code == 1
    done = run("remove", "ann@example.test", "--keep-keys")
    assert done.stdout.splitlines() == [
        "ann@example.test is out of every team",
        f"still works: {south} (south, project south)",
    ]
    assert working() == {"another's", "south"}


def test_password_that_cannot_be_asked_for_unseen_is_not_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prompt(*_: object, **__: object) -> str:
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=1)
        return PASSWORD

    monkeypatch.setattr(typer, "prompt", prompt)
    done = run("add", "ann@example.test")
    assert done.exit_code == 1
    says = "quintet: there is no terminal to ask for the password on: use --password-stdin\n"
    assert done.stderr == says
    assert listed(run) == []


def test_password_is_asked_for_twice_and_not_shown(run: Run, database_url: str) -> None:
    done = run("add", "ann@example.test", input=f"{PASSWORD}\nanother one\n")
    assert done.exit_code == 1
    assert listed(run) == []
    done = run("add", "ann@example.test", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    assert listed(run) == [("ann@example.test", "default", "viewer")]
    with psycopg.connect(database_url) as conn:
        before = conn.execute("SELECT password_hash, password_version FROM ghostflow_users")
        [(hashed, version)] = before.fetchall()
        assert hashed.startswith("$argon2id$")
        assert version == 1
        done = run("set-password", "ANN@example.test", "--password-stdin", input="x" * 12)
        assert done.stdout == "ANN@example.test has another password\n"
        after = conn.execute("SELECT password_hash, password_version FROM ghostflow_users")
        [(new, version)] = after.fetchall()
    assert new != hashed
    assert version == 2


def test_misuse_is_told_in_a_sentence(run: Run) -> None:
    for arguments, says in (
        (("add", "ann@example.test", "--role", "king"), "'king' is not one of owner"),
        (("add", "no address"), "must be an e-mail address"),
        (("add", "ann@example.test", "--password-stdin"), "8 to 1024 characters"),
        (("set-password", "ann@example.test"), "there is no user ann@example.test"),
        (("set-password", "@"), "must be an e-mail address"),
        (("remove", "ann@example.test", "--team", "x"), "no user ann@example.test in team x"),
    ):
        done = run(*arguments, input="short\n")
        assert done.exit_code == 1
        assert says in done.stderr
        assert "Traceback" not in done.output
