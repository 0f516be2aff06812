"""A server for Aerostack's tests: its projects, its definitions, and port 8787 when it is free."""

from __future__ import annotations

import asyncio
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import psycopg

from quintet_server.store.keys import create_key
from tests.support.model_server import NAME, ModelServer
from tests.support.server import ServerProcess

DEFINITIONS = Path(__file__).parents[1] / "e2e" / "aerostack" / "definitions"
LOCAL_PORT = 8787
"""What the second entry of the SDK's list of servers names."""


def aerostack_settings(model: ModelServer) -> dict[str, str]:
    """Settings of a server that answers chats in the words of `model`."""
    return {
        "AI_BASE_URL": model.url,
        "AI_MODEL": NAME,
        # Hashes as expensive as they should be would take most of the tests' time.
        "QUINTET_PASSWORD_MEMORY_BYTES": "8192",
        "QUINTET_PASSWORD_PASSES_COUNT": "1",
    }


def free_local_port() -> int:
    """Return 8787, or 0 for any port if something listens there already."""
    for address in ("127.0.0.1", "::1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as probe:
            if probe.connect_ex((address, LOCAL_PORT)) == 0:
                return 0
    return LOCAL_PORT


class AerostackServer(ServerProcess):
    """A server process, with what Aerostack's tests ask of one."""

    def start(self) -> Self:
        """Start; if somebody took the port in this moment, on another one."""
        try:
            return super().start()
        except RuntimeError:
            if self._port != LOCAL_PORT:
                raise
            self._port = 0
            return super().start()

    @property
    def api(self) -> str:
        """What `server_url` may be."""
        return f"{self.url}/v1"

    @property
    def is_local_development(self) -> bool:
        """Whether it listens where `server_idx=1` looks for it."""
        return self._port == LOCAL_PORT

    clock_moved = False

    def advance(self, seconds: float) -> None:
        """Move the server's time forward, and remember that it was."""
        super().advance(seconds)
        self.clock_moved = True

    def reset_clock(self) -> None:
        """Return to real time."""
        super().reset_clock()
        self.clock_moved = False

    def define(self) -> None:
        """Apply the definitions of the tests to the project of the development key."""
        self._command("apply", "-f", str(DEFINITIONS))

    def project(self, *scopes: str) -> str:
        """Return a key of a new project, with every scope unless some are named."""
        return self.key_of(f"project-{uuid.uuid4().hex}", *scopes)

    def key_of(self, project: str, *scopes: str) -> str:
        """Mint a key of a project; a new project if there is none of that name."""

        async def mint() -> str:
            async with await psycopg.AsyncConnection.connect(self.database_url) as conn:
                secret, _ = await create_key(
                    conn, "aerostack", project=project, scopes=scopes or None
                )
            return str(secret)

        # In a thread of its own: a test that asks may have an event loop running here.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, mint()).result()
