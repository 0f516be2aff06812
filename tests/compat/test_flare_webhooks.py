"""The published `verify_webhook`, unmodified, on deliveries that our server really made."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from tests.compat.published_client import Interpreter, PublishedClient
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = [pytest.mark.compat, pytest.mark.xdist_group("published")]

VERIFY = "zeridion_flare.verify_webhook"


class Receiver:
    """Keeps every delivery: its body as it came, and its headers."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.deliveries.append((body, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def of(self, job: dict[str, Any], kind: str) -> tuple[str, dict[str, str]]:
        """Return the delivery of an event of a job; waits until it comes."""

        def look() -> tuple[str, dict[str, str]] | None:
            for body, headers in list(self.deliveries):
                event = json.loads(body)
                if event["type"] == kind and event["data"]["id"] == job["id"]:
                    return body, headers
            return None

        found = until(look)
        assert found is not None
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def api(server: ServerProcess) -> Iterator[httpx.Client]:
    """Plain HTTP: the published client has no webhook methods."""
    headers = {"Authorization": f"Bearer {server.key('flare')}"}
    with httpx.Client(base_url=f"{server.url}/flare/v1", headers=headers, timeout=60) as client:
        yield client


def test_delivery_is_verified_by_the_published_function(
    published: PublishedClient,
    interpreter: Interpreter,
    receiver: Receiver,
    api: httpx.Client,
    queue: str,
) -> None:
    hook = api.post("/webhooks", json={"url": receiver.url, "events": "*"}).json()
    try:
        job = published.create_job({"job_type": "hooked", "queue": queue})
        body, headers = receiver.of(job, "job.created")
    finally:
        api.delete(f"/webhooks/{hook['id']}")
    assert headers["zeridion-signature"] == headers["x-zeridion-signature"]

    def verify(**changes: Any) -> bool:
        given = {
            "payload": body,
            "signature_header": headers["x-zeridion-signature"],
            "secret": hook["secret"],
            "tolerance_seconds": 300,
        }
        found: bool = interpreter.call(VERIFY, encoded=("payload",), **{**given, **changes})
        return found

    assert verify()
    assert not verify(payload=body + " ")
    assert not verify(secret=hook["secret"] + "x")
    event = json.loads(body)
    assert event["id"].startswith("wh_evt_")
    assert event["data"]["state"] == "pending"
    assert "payload" not in event["data"]


def test_delivery_after_a_rotation_is_verified_with_the_old_and_the_new_secret(
    published: PublishedClient,
    interpreter: Interpreter,
    receiver: Receiver,
    api: httpx.Client,
    queue: str,
) -> None:
    hook = api.post("/webhooks", json={"url": receiver.url, "events": ["job.cancelled"]}).json()
    try:
        rotated = api.post(f"/webhooks/{hook['id']}/rotate-secret").json()
        job = published.create_job({"job_type": "hooked", "queue": queue})
        published.cancel_job(job["id"])
        body, headers = receiver.of(job, "job.cancelled")
    finally:
        api.delete(f"/webhooks/{hook['id']}")
    assert rotated["secret"] != hook["secret"]
    for secret in (hook["secret"], rotated["secret"]):
        assert interpreter.call(
            VERIFY,
            encoded=("payload",),
            payload=body,
            signature_header=headers["zeridion-signature"],
            secret=secret,
            tolerance_seconds=300,
        )
