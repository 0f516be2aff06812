"""`quintet aerostack backup | restore | databases`, beside a running server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

from tests.support.commands import Done, quintet, quintet_process
from tests.support.server import ServerProcess

Run = Callable[..., Done]

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("quintet command")]


def test_backup_and_restore_beside_a_running_server(server: ServerProcess, tmp_path: Path) -> None:
    headers = {"X-Aerostack-Key": server.key("aerostack")}
    copy = tmp_path / "copy.db"

    def run(*arguments: str, how: Run = quintet) -> Done:
        return how("aerostack", *arguments, "--data-dir", str(server.folder))

    def query(sql: str) -> Any:
        answer = httpx.post(
            f"{server.url}/v1/db/query", json={"sql": sql}, headers=headers, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    absent = run("backup", "nobody", str(copy))
    assert absent.returncode == 1
    assert "there is no project 'nobody' of Aerostack; there are: default" in absent.stderr

    query("CREATE TABLE notes (text)")
    query("INSERT INTO notes VALUES ('kept')")
    saved = run("backup", "default", str(copy), how=quintet_process)
    assert saved.returncode == 0, saved.stderr
    assert saved.stdout.startswith(f"{copy}: ")
    database = apsw.Connection(str(copy))
    assert database.execute("SELECT text FROM notes").get == "kept"
    database.close()

    [listed] = json.loads(run("databases", "--json").stdout)
    assert (listed["project"], listed["size_bytes"] > 0) == ("default", True)
    assert "default (" in run("databases").stdout

    query("DELETE FROM notes")
    assert run("restore", "default", str(copy)).returncode != 0  # nobody is there to say yes
    assert query("SELECT * FROM notes") == []
    restored = run("restore", "default", str(copy), "--yes", how=quintet_process)
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.startswith("restored the database of default: ")
    assert query("SELECT * FROM notes") == [{"text": "kept"}]
    query("INSERT INTO notes VALUES ('more')")
