"""Zeridion Flare, described to the contract checks."""

from __future__ import annotations

from typing import Any

from quintet.testing import reply
from quintet.testing.contract import Adaptor, Call, StreamCall
from zeridion_flare import AsyncFlareClient, FlareClient
from zeridion_flare.errors import FlareError

KEY = "zf_test_sk_0123456789abcdef"
JOB: dict[str, Any] = {
    "id": "job_1",
    "job_type": "SendMail",
    "state": "pending",
    "payload": {},
    "tags": [],
    "created_at": "2026-01-01T00:00:00Z",
}
EVENTS = (
    b'id: 1\nevent: state\ndata: {"id": "job_1", "state": "running"}\n\n'
    b": beat\n\n"
    b'id: 2\nevent: progress\ndata: {"id": "job_1", "progress": 0.5}\n\n'
    b'id: 3\nevent: state\ndata: {"id": "job_1", "state": "succeeded"}\n\n'
)


def adaptor(client: Any, blocking: bool) -> Adaptor:
    def make(**options: Any) -> Any:
        return client(api_key=KEY, base_url="https://flare.example", **options)

    return Adaptor(
        name="zeridion_flare",
        blocking=blocking,
        make=make,
        error=FlareError,
        key=KEY,
        read=Call(lambda flare: flare.get_job("job_1"), reply(200, json=JOB)),
        write=Call(
            lambda flare: flare.create_job(job_type="SendMail", payload={"to": "a@b.example"}),
            reply(201, json=JOB),
        ),
        unsafe=Call(
            lambda flare: flare.poll_workers(worker_id="w1", capacity=1),
            reply(200, json={"jobs": []}),
        ),
        stream=StreamCall(lambda flare: flare.job_events("job_1"), EVENTS, ("1", "2", "3")),
        retried=(408, 425, 429, 500, 502, 503, 504),
        given_up=(400, 401, 402, 403, 404, 409, 413, 422),
    )


ADAPTORS = [adaptor(FlareClient, True), adaptor(AsyncFlareClient, False)]
