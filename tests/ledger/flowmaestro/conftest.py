"""Two servers on one database, and the seed of a storm's moments."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.ledger.flowmaestro.storm import SETTINGS, Receiver
from tests.support.postgres import cluster, new_database
from tests.support.server import ServerProcess

Serve = Callable[..., list[ServerProcess]]


@pytest.fixture
def seed() -> int:
    """`QUINTET_LEDGER_SEED`, or any."""
    given = os.environ.get("QUINTET_LEDGER_SEED")
    return int(given) if given else random.SystemRandom().randrange(1_000_000)


@pytest.fixture
def is_full() -> bool:
    """Whether `QUINTET_LEDGER=full` asks for the long storm."""
    return os.environ.get("QUINTET_LEDGER") == "full"


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """What the workflows call."""
    with Receiver(tmp_path / "receiver.ledger") as found:
        yield found


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start two servers on one database that has some definitions."""
    with ExitStack() as stack:

        def start(
            definitions: str, settings: Mapping[str, str] | None = None
        ) -> list[ServerProcess]:
            url = stack.enter_context(new_database(stack.enter_context(cluster())))
            servers = [
                stack.enter_context(
                    ServerProcess(
                        tmp_path / f"data-{name}",
                        database_url=url,
                        settings={**SETTINGS, **(settings or {})},
                        private_targets=True,
                    )
                )
                for name in ("one", "two")
            ]
            file = tmp_path / "definitions.yaml"
            file.write_text(definitions)
            _apply(file, url)
            return servers

        yield start


def _apply(file: Path, url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "quintet_server", "apply", "-f", str(file), "--database-url", url],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **SETTINGS, "QUINTET_ALLOW_PRIVATE_TARGETS": "true"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
