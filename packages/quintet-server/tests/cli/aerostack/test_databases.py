"""`quintet aerostack backup | restore | databases`, beside a running server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

pytestmark = pytest.mark.timeout(240)  # a dozen processes, one after the other


@pytest.fixture
def quintet(server_process: Any, database_url: str) -> Any:
    """Run a command on the running server's data; returns (exit code, standard output, error)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("QUINTET_")}
    where = ("--data-dir", str(server_process.data_dir), "--database-url", database_url)

    def run(*arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "quintet_server", "aerostack", *arguments, *where],
            capture_output=True,
            text=True,
            env={**clean, "COLUMNS": "200"},
            check=False,
            timeout=90,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_backup_and_restore_beside_a_running_server(
    quintet: Any, server_process: Any, tmp_path: Path
) -> None:
    headers = {"X-Aerostack-Key": server_process.keys["aerostack"]}

    def query(sql: str) -> Any:
        answer = httpx.post(
            f"{server_process.url}/v1/db/query", json={"sql": sql}, headers=headers, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    copy = tmp_path / "copy.db"
    code, _, error = quintet("backup", "nobody", str(copy))
    assert code == 1
    assert "there is no project 'nobody' of Aerostack; there are: default" in error

    query("CREATE TABLE notes (text)")
    query("INSERT INTO notes VALUES ('kept')")
    code, out, error = quintet("backup", "default", str(copy))
    assert code == 0, error
    assert out.startswith(f"{copy}: ")
    database = apsw.Connection(str(copy))
    assert database.execute("SELECT text FROM notes").get == "kept"
    database.close()

    [listed] = json.loads(quintet("databases", "--json")[1])
    assert (listed["project"], listed["size_bytes"] > 0) == ("default", True)
    assert "default (" in quintet("databases")[1]

    query("DELETE FROM notes")
    code, out, error = quintet("restore", "default", str(copy))  # nobody is there to say yes
    assert code != 0
    assert query("SELECT * FROM notes") == []
    code, out, error = quintet("restore", "default", str(copy), "--yes")
    assert code == 0, error
    assert out.startswith("restored the database of default: ")
    assert query("SELECT * FROM notes") == [{"text": "kept"}]
    query("INSERT INTO notes VALUES ('more')")
