"""`quintet amdahl rotate-embed-secret`."""

from __future__ import annotations

import json

import psycopg
from typer.testing import CliRunner

from quintet_server.cli.amdahl import app

COMMAND = "rotate-embed-secret"


def test_rotation_names_the_new_secret_and_shows_none(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("INSERT INTO projects (id, service, name) VALUES ('prj_1', 'amdahl', 'acme')")
    options = ["--project", "acme", "--database-url", database_url]
    run = CliRunner().invoke

    first = run(app, [COMMAND, *options])
    second = run(app, [COMMAND, *options, "--json"])

    assert first.exit_code == second.exit_code == 0, (first.output, second.output)
    with psycopg.connect(database_url) as conn:
        [(kid,)] = conn.execute("SELECT kid FROM amdahl_embed_secrets").fetchall()
    assert json.loads(second.output) == {"project": "acme", "kid": kid}
    assert kid not in first.output
    assert "signs from now on" in first.output


def test_rotation_for_no_workspace_fails(database_url: str) -> None:
    found = CliRunner().invoke(
        app, [COMMAND, "--project", "nobody", "--database-url", database_url]
    )
    assert found.exit_code == 1
    assert "nobody" in found.output
