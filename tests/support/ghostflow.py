"""A server for GhostFlow's tests: teams of their own, and a source that listens."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

from quintet_server.engines.identity import Passwords
from quintet_server.services.ghostflow.account.users import put_member
from quintet_server.store.keys import create_key, ensure_project
from tests.support.server import ServerProcess

SETTINGS = {
    "QUINTET_GHOSTFLOW_REQUESTS_PER_MINUTE": "100000",
    "QUINTET_GHOSTFLOW_AUTH_FAILURES_PER_MINUTE": "0",
    "QUINTET_GHOSTFLOW_WEBHOOK_RETRY_DELAYS_SECONDS": "[0.05, 0.05]",
    # Hashes as expensive as they should be would take most of the tests' time.
    "QUINTET_PASSWORD_MEMORY_BYTES": "8192",
    "QUINTET_PASSWORD_PASSES_COUNT": "1",
}


class GhostFlowServer(ServerProcess):
    """A server process, with what GhostFlow's tests ask of one."""

    @property
    def api(self) -> str:
        """What `base_url` may be."""
        return f"{self.url}/ghostflow/api/v1"

    def team(self, *scopes: str, **settings: int) -> str:
        """Return a key of a new team, with every scope unless some are named.

        ``settings`` are the team's own, such as ``requests_per_minute``.
        """
        return self.key_of(f"team-{uuid.uuid4().hex}", *scopes, **settings)

    def key_of(self, project: str, *scopes: str, **settings: int) -> str:
        """Mint a key of a team by its project; a new one if there is none of that name."""

        async def mint() -> str:
            async with await psycopg.AsyncConnection.connect(self.database_url) as conn:
                await ensure_project(conn, "ghostflow", project, settings)
                secret, _ = await create_key(
                    conn, "ghostflow", project=project, scopes=scopes or None
                )
            return str(secret)

        # In a thread of its own: a test that asks may have an event loop running here.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, mint()).result()

    def member(self, email: str, password: str, *projects: str, role: str = "admin") -> None:
        """Let somebody sign in to the teams of projects; the projects are made if need be."""

        async def put() -> None:
            passwords = Passwords()
            hashed = await passwords.hash(password)
            await passwords.stop()
            async with await psycopg.AsyncConnection.connect(self.database_url) as conn:
                for project in projects:
                    await put_member(
                        conn, email, team=project, role=role, password_hash=hashed, name=None
                    )

        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, put()).result()


class TrafficSource:
    """A source that is told of conversions: its URL, and the paths it was asked for.

    Clearing `go_on` holds its answers back.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()


@contextmanager
def traffic_source() -> Iterator[TrafficSource]:
    """Listen as a source on a free port of this machine."""
    source = TrafficSource()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            source.asked.append(self.path)
            source.go_on.wait(100)
            try:
                self.send_response(204)
                self.end_headers()
            except ConnectionError:  # who asked was killed
                self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    source.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield source
    finally:
        source.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
