"""A server for Amdahl's tests: businesses of their own, rows in their tables."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg

from quintet_server.store.keys import create_key, ensure_project
from tests.support.receiver import Receiver
from tests.support.server import ServerProcess

SETTINGS = {
    "QUINTET_AMDAHL_REQUESTS_PER_MINUTE": "100000",
    "QUINTET_AMDAHL_WEBHOOK_RETRY_DELAYS_SECONDS": "[0.05, 0.05, 0.05]",
}


class AmdahlServer(ServerProcess):
    """A server process, with what Amdahl's tests ask of one."""

    @property
    def api(self) -> str:
        """Where the endpoints are."""
        return f"{self.url}/api/platform/v1"

    def business(self, *scopes: str, **settings: int) -> str:
        """Return a key of a new business, with every scope unless some are named.

        ``settings`` are the business's own, such as ``requests_per_minute``.
        """
        name = f"business-{uuid.uuid4().hex}"

        async def mint() -> str:
            async with await psycopg.AsyncConnection.connect(self.database_url) as conn:
                await ensure_project(conn, "amdahl", name, settings)
                secret, _ = await create_key(conn, "amdahl", project=name, scopes=scopes or None)
            return str(secret)

        # In a thread of its own: a test that asks may have an event loop running here.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, mint()).result()

    def unsettled(self) -> int:
        """How many runs are under way or wait to be, by the database, also of a killed server."""
        with psycopg.connect(self.database_url) as conn:
            row = conn.execute(
                "SELECT count(*) FROM runs WHERE state IN ('pending', 'running')"
            ).fetchone()
        return int(row[0]) if row else 0

    def plant(self, key: str, rows: list[dict[str, Any]], table: str = "interactions") -> None:
        """Put rows into a table of the key's business."""
        answer = httpx.post(
            f"{self.api}/data/ingest",
            json={"table": table, "rows": rows},
            headers={"Authorization": f"Bearer {key}"},
            trust_env=False,
            timeout=60,
        )
        assert answer.is_success, answer.text


def interactions() -> list[dict[str, Any]]:
    """Six rows: three calls, two mails and a chat; pricing is spoken of in the calls."""
    rows: list[dict[str, Any]] = []
    for number, (channel, company) in enumerate(
        [
            ("call", "Northwind"),
            ("call", "Northwind"),
            ("call", "Globex"),
            ("email", "Globex"),
            ("email", "Initech"),
            ("chat", "Initech"),
        ]
    ):
        called = channel == "call"
        rows.append(
            {
                "id": f"i{number}",
                "timestamp": f"2026-04-{number + 1:02}T09:00:00Z",
                "channel": channel,
                "company_name": company,
                "speaker_type": "external",
                "content": f"The pricing is too high, {number} times." if called else "Thank you.",
                "sentiment": -0.5 if called else 0.5,
            }
        )
    return rows


def delivered(receiver: Receiver) -> list[tuple[dict[str, str], bytes]]:
    """What a receiver was sent so far, by names of headers in small letters."""
    return [
        ({name.lower(): value for name, value in headers.items()}, body)
        for headers, body in list(receiver.deliveries)
    ]
