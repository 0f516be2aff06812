"""`quintet serve` as a process of its own: started, killed, restarted, its time moved."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psycopg

from quintet_server.store.embedded import EmbeddedPostgres
from tests.support.commands import quintet
from tests.support.waiting import until
from tests.support.warm import Process, start_quintet

_URL = re.compile(r"https?://\S+")
# Only ends what hangs.
START_SECONDS = 300.0
# One line per request would be most of what a busy server does.
QUIET = {"QUINTET_HTTP_LOG_REQUESTS": "errors", "QUINTET_LOG_FORMAT": "json"}


class ServerProcess:
    """One server on a data folder; `with` starts and ends it.

    One that is given its database is killed in the end: a drain would only take time.

    Args:
        folder: The data folder; made if need be. Several servers on one database have one each.
        database_url: A database of its own; without it the embedded one in the folder.
        settings: Environment variables `QUINTET_…` of the server.
        private_targets: Let its outgoing calls reach loopback.
        port: Where it listens; 0 for any free port.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str | None = None,
        settings: Mapping[str, str] | None = None,
        private_targets: bool = False,
        port: int = 0,
    ) -> None:
        self.folder = folder
        self.database_url = database_url or EmbeddedPostgres(folder).url
        self._has_own_database = database_url is None
        self._where = ["--data-dir", str(folder)]
        if database_url:
            self._where += ["--database-url", database_url]
        self._options = ["--allow-private-targets"] if private_targets else []
        self._settings = {**QUIET, **(settings or {})}
        self._port = port
        self._child: Process | None = None
        self.url = ""
        self.log = folder.parent / f"{folder.name}.log"

    def start(self) -> Self:
        """Start it and wait for its ready line; after a kill it listens on the same port again."""
        self.spawn()
        self.url = self._ready_url()
        self._port = int(self.url.rpartition(":")[2])
        return self

    def spawn(self) -> None:
        """Start it and do not wait, for who wants to see it killed on the way."""
        with self.log.open("a") as log:
            self._child = start_quintet(
                ["serve", "--port", str(self._port), *self._where, *self._options],
                log=log,
                env={**_plain_environment(), **self._settings},
            )

    def _ready_url(self) -> str:
        assert self._child is not None
        assert self._child.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.stdout, selectors.EVENT_READ)
            line = self._child.stdout.readline() if selector.select(START_SECONDS) else b""
        found = _URL.search(line.decode())
        if found is None:
            self.kill()
            raise RuntimeError(f"no ready line but {line!r}; the log ends:\n{self.log_end()}")
        return found.group()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._child is not None
        return self._child.pid

    def kill(self) -> None:
        """End it with SIGKILL, and wait until it is gone. The database lives on."""
        self._end(signal.SIGKILL, 30)

    def stop(self) -> None:
        """Let it drain; the embedded database stops with its last user."""
        self._end(signal.SIGTERM, 60)

    def _end(self, number: int, seconds: float) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise
        finally:
            assert child.stdout is not None
            child.stdout.close()

    def key(self, service: str) -> str:
        """Return the development key of a service."""
        keys: dict[str, str] = json.loads((self.folder / "dev-keys.json").read_text())
        return keys[service]

    def apply(self, definitions: Path) -> None:
        """`quintet apply`; raises `RuntimeError` with its words if it refuses.

        Returns when the documents of knowledge bases answer queries.
        """
        self._command("apply", "-f", str(definitions))
        until(self._is_indexed, seconds=60)

    def _is_indexed(self) -> bool:
        options: Any = {
            "headers": {"X-API-Key": self.key("flowmaestro")},
            "trust_env": False,
            "timeout": 60,
        }
        bases = f"{self.url}/api/v1/knowledge-bases"
        found = httpx.get(bases, **options).raise_for_status().json()
        states = [
            httpx.get(f"{bases}/{one['id']}", **options).json()["data"] for one in found["data"]
        ]
        return all(state["documents"]["pending"] == 0 for state in states)

    def new_key(self, service: str, *scopes: str, project: str = "default") -> str:
        """Mint a key that may do only so much, or everything if no scopes are named."""
        options = ["--scopes", ",".join(scopes)] if scopes else []
        where = ["--project", project]
        return self._command("keys", "create", service, *where, *options).strip()

    def consumer_key(self, consumer: str) -> str:
        """Mint a key of a consumer of Aerostack's gateway."""
        return self._command("aerostack", "consumer-key", consumer).strip()

    def _command(self, *arguments: str) -> str:
        # In a thread of its own: a test that asks may have an event loop running here.
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(quintet, *arguments, *self._where, env=self._settings).result()
        if done.returncode:
            raise RuntimeError(f"{arguments[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def advance(self, seconds: float) -> None:
        """Move the server's time forward; leases, delays and schedules follow at once."""
        with psycopg.connect(self.database_url, autocommit=True) as conn:
            conn.execute("UPDATE clock SET shift = shift + make_interval(secs => %s)", [seconds])

    def reset_clock(self) -> None:
        """Return to real time."""
        with psycopg.connect(self.database_url, autocommit=True) as conn:
            conn.execute("UPDATE clock SET shift = '0'")

    def log_end(self, lines: int = 30) -> str:
        """Return the last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._has_own_database:
            self.stop()
        else:
            self.kill()


def _plain_environment() -> dict[str, str]:
    """Return our environment without what would configure a server by accident."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("QUINTET_") and name != "DATABASE_URL"
    }
