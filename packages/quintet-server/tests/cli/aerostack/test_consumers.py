"""`quintet aerostack consumer…`, from a definition to the end of a key."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from quintet_server.cli import app, database
from quintet_server.definitions.apply import apply_definitions
from quintet_server.services.aerostack.gateway.definitions import KINDS
from quintet_server.store.database import Database

CONSUMER = """
service: aerostack
kind: gateway-consumer
name: ann
spec: {balance: 1000, hard_limit: 500, apis: [default]}
"""


@pytest.fixture
def quintet(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command on the test's database; returns (exit code, standard output, error).

    In this process: a new one for each command would take most of the test's time.
    """
    monkeypatch.setattr(database, "configure_logging", lambda _settings: None)

    def run(*arguments: str) -> tuple[int, str, str]:
        where = ("--data-dir", str(tmp_path / "data"), "--database-url", database_url)
        done = CliRunner().invoke(app, [*arguments, *where])
        return done.exit_code, done.stdout, done.stderr

    return run


async def apply(url: str, file: Path) -> None:
    db = await Database.open(url, application_name="test")
    try:
        await apply_definitions(db, file, KINDS)
    finally:
        await db.close()


def test_consumer_from_its_definition_to_the_end_of_its_key(
    quintet: Any, tmp_path: Path, database_url: str
) -> None:
    code, _, error = quintet("aerostack", "consumer-key", "ann")
    assert code == 1
    assert "there is no consumer 'ann' in project 'default'" in error
    assert "quintet apply" in error

    (tmp_path / "ann.yaml").write_text(CONSUMER)
    asyncio.run(apply(database_url, tmp_path / "ann.yaml"))
    code, out, error = quintet("aerostack", "consumer-key", "ann", "--test", "--json")
    assert code == 0, error
    made = json.loads(out)
    assert made["key"].startswith(made["prefix"])
    assert made["key"].startswith("ask_test_")
    assert (made["mode"], made["consumer"], made["state"]) == ("test", "ann", "active")

    assert quintet("aerostack", "credit-consumer", "ann", "50")[1] == "ann has 1050 units\n"
    [listed] = json.loads(quintet("aerostack", "consumers", "--json")[1])
    assert (listed["balance"], listed["hard_limit"], listed["keys"]) == (1050, 500, 1)

    assert quintet("aerostack", "revoke-consumer-key", made["key"])[0] == 0
    head, row = quintet("aerostack", "consumer-keys")[1].splitlines()
    assert head.split() == ["ID", "PROJECT", "CONSUMER", "KEY", "STATE"]
    assert row.split() == [made["id"], "default", "ann", f"{made['prefix']}…", "revoked"]
    assert made["key"] not in row
