"""`quintet aerostack rotate-token-keys`."""

from __future__ import annotations

import json
from collections.abc import Callable

import psycopg
import pytest

from tests.support.commands import Done, quintet, quintet_process

pytestmark = pytest.mark.timeout(300)


def rotate(database_url: str, *options: str, how: Callable[..., Done] = quintet) -> str:
    done = how("aerostack", "rotate-token-keys", "--database-url", database_url, *options)
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
    first = rotate(database_url, how=quintet_process)
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
