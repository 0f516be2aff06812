"""The fake service itself, where tests of the worker depend on it."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from .service import FakeFlare

pytestmark = pytest.mark.wire
BODY = b'{"worker_id": "w", "capacity": 1, "wait_seconds": 30}'
HEAD = f"POST /flare/v1/workers/poll HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n"


def test_poll_of_a_client_that_has_gone_gets_no_job(flare: FakeFlare) -> None:
    address = urlsplit(flare.url)
    with flare.changed:  # so that the poll is looked at when its client has gone
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(HEAD.encode() + BODY)
        flare.enqueue()
    flare.wait_for(lambda: flare.gone_polls)
    assert [item["id"] for item in flare.queue] == ["job_1"]
