"""Keys from before this service was served: they were minted already, and go on."""

from __future__ import annotations

from uuid import UUID

import psycopg

from quintet_server.store.key_formats import KEY_FORMATS
from quintet_server.store.migrate import list_migrations


def test_earlier_keys_get_uuids_teams_and_everything_if_they_may_administer(
    empty_database_url: str,
) -> None:
    steps = list_migrations()
    with psycopg.connect(empty_database_url, autocommit=True) as conn:
        for step in steps:
            if step.name.startswith("0025"):
                conn.execute(
                    "INSERT INTO projects (id, service, name) VALUES ('p', 'ghostflow', 'default');"
                    "INSERT INTO api_keys (id, project_id, service, name, prefix, hash, scopes) "
                    "VALUES ('key_1', 'p', 'ghostflow', 'a', 'gf_', 'a', '{admin}'),"
                    "('key_2', 'p', 'ghostflow', 'b', 'gf_', 'b', '{read:offers}')"
                )
            conn.execute(step.sql.encode())
        rows = conn.execute("SELECT id, scopes FROM api_keys ORDER BY name").fetchall()
        teams = conn.execute("SELECT project_id, name FROM ghostflow_teams").fetchall()
    assert all(UUID(id) for id, _ in rows)
    assert [scopes for _, scopes in rows] == [
        list(KEY_FORMATS["ghostflow"].scopes),
        ["read:offers"],
    ]
    assert teams == [("p", "default")]
