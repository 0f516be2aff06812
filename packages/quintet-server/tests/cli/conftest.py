"""A running server, and an embedded database without one, that the commands' tests share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import quintet_process
from tests.support.postgres import new_database
from tests.support.server import ServerProcess


@pytest.fixture(scope="session")
def server(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A running server. Tests add to its data, and take away only what they added."""
    folder = tmp_path_factory.mktemp("served") / "data"
    with new_database(cluster_url) as url, ServerProcess(folder, database_url=url) as found:
        yield found


@pytest.fixture(scope="session")
def embedded() -> Iterator[Path]:
    """A data folder whose embedded database has one key and runs only while a command does."""
    # Not below pytest's folder, which PostgreSQL's user cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="quintet-t-"))
    folder.chmod(0o700)  # run by root, that is worth a warning: not on standard output
    made = quintet_process("keys", "create", "flare", "--data-dir", str(folder / "data"))
    assert made.returncode == 0, made.stderr
    assert len(made.stdout.split()) == 1
    yield folder / "data"
    shutil.rmtree(folder)
