"""`quintet aerostack rotate-token-keys`, run as a user would run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import psycopg
import pytest

pytestmark = pytest.mark.timeout(120)


def rotate(database_url: str, *options: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("QUINTET_")}
    command = [sys.executable, "-m", "quintet_server", "aerostack", "rotate-token-keys"]
    done = subprocess.run(
        [*command, "--database-url", database_url, *options],
        capture_output=True,
        text=True,
        env={**clean, "COLUMNS": "200"},
        check=False,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def kids(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as conn:
        found = conn.execute(
            "SELECT kid FROM identity_token_keys ORDER BY verifies_until NULLS FIRST"
        )
        return [row[0] for row in found.fetchall()]


def test_rotation_tells_which_key_signs_and_how_long_others_are_accepted(
    database_url: str,
) -> None:
    first = rotate(database_url)
    [old] = kids(database_url)
    assert first == f"{old} signs from now on\n"
    second = rotate(database_url).splitlines()
    new, still = kids(database_url)
    assert still == old
    assert second[0] == f"{new} signs from now on"
    assert second[1].startswith(f"{old} is accepted until 2")


def test_revoking_leaves_the_new_key_alone_and_json_shows_no_secret(database_url: str) -> None:
    rotate(database_url)
    [shown] = json.loads(rotate(database_url, "--revoke", "--json"))
    assert [shown["kid"]] == kids(database_url)
    assert shown.keys() == {"kid", "signs", "created_at", "verifies_until"}
    assert shown["signs"] is True
