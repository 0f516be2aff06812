"""Firing alerts on a machine that has no mail service: a spool of real messages.

What is due was written by the database in the transaction of its cause. Here each due firing
becomes an RFC 5322 message, `<folder>/<firing>.eml`, which any mail program opens and any relay can
pick up; it is logged, and `alert.fired` goes to the event log, so `GET /activity` shows it. A file
is written whole under a temporary name first, and under the same name again if a process died
between writing it and saying so: a firing gives one file, never half a file.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg.rows import class_row

from quintet_server.store.background import end
from quintet_server.store.database import Connection, Database
from quintet_server.store.event_log import append

CHANNEL = "flare_alerts"
_log = structlog.get_logger(__name__)
_BATCH = 50
_RECHECK_SECONDS = 30.0
_AGAIN_SECONDS = 1.0

_DUE = """
SELECT firing.id, alert_id, alert_type, destination, project_id, project.name AS project_name,
       event_type, data, firing.created_at
FROM flare_alert_firings AS firing
JOIN flare_alerts AS alert ON alert.id = firing.alert_id
JOIN projects AS project ON project.id = alert.project_id
WHERE fired_at IS NULL ORDER BY firing.id LIMIT %s FOR UPDATE OF firing SKIP LOCKED
"""
_FIRED = "UPDATE flare_alert_firings SET fired_at = quintet_now() WHERE id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Firing:
    """One mail that is due."""

    id: int
    alert_id: str
    alert_type: str
    destination: str
    project_id: str
    project_name: str
    event_type: str
    data: dict[str, Any]
    created_at: datetime


class AlertMail:
    """Puts due alerts into the spool, in the background."""

    def __init__(self, db: Database, folder: Path, sender: str) -> None:
        """`folder` is made when the first mail is due; `sender` is the From address."""
        self._db = db
        self._folder = folder
        self._sender = sender
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def notified(self, _payload: str | None = None) -> None:
        """Look for due alerts now."""
        self._wake.set()

    def start(self) -> None:
        """Begin; what was due before is fired first."""
        self._wake.set()
        self._task = asyncio.create_task(self._fire_for_ever(), name="flare-alerts")

    async def stop(self) -> None:
        """End between two batches or roll the running one back."""
        if self._task is not None:
            await end(self._task)
            self._task = None

    async def _fire_for_ever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _RECHECK_SECONDS)
            self._wake.clear()
            try:
                while await self.fire_due() == _BATCH:
                    pass
            except (psycopg.Error, OSError) as error:
                _log.warning("flare_alert_not_fired", error=str(error).strip())
                await asyncio.sleep(_AGAIN_SECONDS)
                self._wake.set()

    async def fire_due(self) -> int:
        """Fire one batch of what is due; returns how many."""
        async with self._db.transaction() as conn:
            async with conn.cursor(row_factory=class_row(Firing)) as cursor:
                await cursor.execute(_DUE, (_BATCH,))
                due = await cursor.fetchall()
            for firing in due:
                await self._fire(conn, firing)
            if due:
                await conn.execute(_FIRED, ([firing.id for firing in due],))
        return len(due)

    async def _fire(self, conn: Connection, firing: Firing) -> None:
        try:
            mail = bytes(message(firing, self._sender))
        except Exception:
            # The library's parser of addresses fails in many ways. One alert that cannot be written
            # must not keep the others waiting, now and after every restart.
            _log.exception("flare_alert_not_written", alert=firing.alert_id, firing=firing.id)
            return
        await self._record(conn, firing, await asyncio.to_thread(self._spool, firing, mail))

    def _spool(self, firing: Firing, mail: bytes) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{firing.id:012d}-{firing.alert_type}.eml"
        partial = path.with_suffix(".partial")
        partial.write_bytes(mail)
        partial.replace(path)
        return path

    async def _record(self, conn: Connection, firing: Firing, path: Path) -> None:
        about = firing.data.get("id")
        _log.info(
            "flare_alert_fired",
            alert=firing.alert_id,
            project=firing.project_id,
            about=about,
            path=str(path),
        )
        data = {"id": firing.alert_id, "alert_type": firing.alert_type, "about": about}
        await append(conn, firing.project_id, firing.alert_id, "alert.fired", data)


def message(firing: Firing, sender: str) -> EmailMessage:
    """The mail of a firing."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = firing.destination
    mail["Date"] = format_datetime(firing.created_at)
    mail["Message-ID"] = f"<{firing.alert_id}.{firing.id}@flare.localhost>"
    mail["Subject"] = f"[flare] {_one_line(_headline(firing))}"
    lines = [f"Project: {firing.project_name}", f"Alert: {firing.alert_id} ({firing.alert_type})"]
    lines += [f"{name}: {value}" for name, value in _facts(firing.data) if value is not None]
    mail.set_content("\n".join(lines) + "\n")
    return mail


def _headline(firing: Firing) -> str:
    if firing.event_type == "worker.offline":
        return f"Worker {firing.data['id']} is offline"
    said = "is a dead letter" if firing.event_type == "job.dead_letter" else "failed"
    return f"Job {firing.data['job_type']} {said}"


def _facts(data: dict[str, Any]) -> list[tuple[str, Any]]:
    error = data.get("error") or {}
    facts = [
        ("Id", data.get("id")),
        ("Queue", data.get("queue")),
        ("Attempt", data.get("attempt")),
        ("Hostname", data.get("hostname")),
        ("Last seen", data.get("last_seen_at")),
        ("Error type", error.get("type")),
        ("Error", error.get("message")),
    ]
    return [(name, value) for name, value in facts if value]


def _one_line(text: str) -> str:
    """A header is one line, whatever a job type is called."""
    return " ".join(text.split())[:200]
