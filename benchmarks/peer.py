"""The smallest server that answers as the APIs would: a fixed job, execution, chat, key, campaign
or model, so many bytes, or events.

It costs next to nothing, so what is measured is the client. Run as
`python -m benchmarks.peer [--tls FILE] [--close]`; it prints its port and stops when its standard
input ends. FILE holds a key and the certificates for it; only TLS 1.3 is spoken. With `--close`
every answer ends its connection.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
from typing import cast

import uvloop

from benchmarks.contenders.things import CAMPAIGN_ID, CHAT_ANSWER, MODEL_ID, pattern

JOB = {
    "id": "job_01JZ5N0QW8R3YV6T2KXB4HCM9D",
    "state": "succeeded",
    "job_type": "email.send",
    "queue": "email",
    "payload": {"to": "reader@example.com", "template": "welcome", "retries": [1, 2, 3]},
    "created_at": "2026-01-02T03:04:05.678901Z",
    "run_at": None,
    "started_at": "2026-01-02T03:04:05.700001Z",
    "completed_at": "2026-01-02T03:04:06.000001Z",
    "attempt": 1,
    "max_attempts": 3,
    "timeout_seconds": 60,
    "progress": 1.0,
    "error_message": None,
    "error": None,
    "tags": {"env": "test", "team": "mail"},
    "parent_job_id": None,
    "recurring_job_id": None,
    "worker_id": "wrk_host_1_0011223344556677",
    "duration_ms": 300,
}
EXECUTION = {
    "data": {
        "id": "exec_01JZ5N0QW8R3YV6T2KXB4HCM9D",
        "workflow_id": "wf_onboarding",
        "workflow_name": "Onboarding",
        "status": "completed",
        "inputs": {"customer_email": "reader@example.com", "customer_name": "Reader"},
        "outputs": {"mail": "Welcome Reader <reader@example.com>", "retries": [1, 2, 3]},
        "error": None,
        "error_details": None,
        "duration_ms": 300,
        "created_at": "2026-01-02T03:04:05.678Z",
        "started_at": "2026-01-02T03:04:05.700Z",
        "completed_at": "2026-01-02T03:04:06.000Z",
    },
    "meta": {
        "request_id": "01JZ5N0QW8R3YV6T2KXB4HCM9D",
        "timestamp": "2026-01-02T03:04:07.000Z",
    },
}
CHAT = {
    "id": "chatcmpl-01JZ5N0QW8R3YV6T2KXB4HCM9D",
    "object": "chat.completion",
    "created": 1767326700,
    "model": "@cf/meta/llama-3-8b-instruct",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": CHAT_ANSWER},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 31, "completion_tokens": 14, "total_tokens": 45},
    "response": CHAT_ANSWER,
}

ME = {
    "business_id": "prj_01JZ5N0QW8R3YV6T2KXB4HCM9D",
    "scopes": ["data:read", "pages:read", "pages:write", "workflows:read", "workflows:write"],
    "expires_at": None,
}


CAMPAIGN = {
    "id": CAMPAIGN_ID,
    "teamId": "0197f29f-11aa-7b2c-8d3e-5a6b7c8d9e0f",
    "name": "Summer",
    "url": "https://example.com/promo",
    "slug": "k3Jd92LmPq",
    "trackingUrl": "http://127.0.0.1:8787/c/k3Jd92LmPq",
    "status": "active",
    "domainId": None,
    "sourceId": "0197f29f-9c4d-7e21-a0b1-c2d3e4f50617",
    "offers": [
        {"offerId": "0197f29f-aa10-7001-8000-000000000001", "weight": 70},
        {"offerId": "0197f29f-aa10-7001-8000-000000000002", "weight": 30},
    ],
    "sticky": True,
    "cost": {"model": "cpc", "amount": 0.2, "currency": "USD"},
    "currency": "USD",
    "appendClickId": "gf_click_id",
    "passThrough": False,
    "uniqueWindowHours": 24,
    "tags": ["summer", "native"],
    "notes": "",
    "archivedAt": None,
    "createdAt": "2026-01-02T03:04:05.678Z",
    "updatedAt": "2026-01-02T03:04:05.678Z",
    "version": 1,
}

MODEL = {"id": MODEL_ID, "object": "model", "created": 1767326700, "owned_by": "system"}


def json_response(value: object) -> bytes:
    """Return the whole answer to a GET of it."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"X-Request-Id: 01JZ5N0QW8R3YV6T2KXB4HCM9D\r\nX-RateLimit-Limit: 100000\r\n"
        b"X-RateLimit-Remaining: 99999\r\nX-RateLimit-Reset: 1767326700\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body


def token_events(count: int) -> bytes:
    """Return a stream of small events as a language model sends them, and a last one."""
    events = [
        f'data: {{"type":"token","index":{index},"delta":"word{index % 97}"}}\n\n'
        for index in range(count - 1)
    ]
    return "".join([*events, "data: [DONE]\n\n"]).encode()


def job_events(count: int) -> bytes:
    """Return a stream of a job's states with ids and event names, and a last one."""
    detail = json.dumps({**JOB, "payload": None}, separators=(",", ":"))
    events = [f"id: {index}\nevent: progress\ndata: {detail}\n\n" for index in range(1, count)]
    return "".join([*events, f"id: {count}\nevent: state\ndata: [DONE]\n\n"]).encode()


def agent_events(count: int) -> bytes:
    """Return the stream of an agent's run that tells its message piece by piece, and its end."""

    def frame(seq: int, kind: str, data: object) -> str:
        event = {
            "type": kind,
            "seq": seq,
            "session_id": f"as_{count}",
            "ts": "2026-01-02T03:04:05.678Z",
            "data": data,
        }
        return f"id: {seq}\nevent: {kind}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n"

    events = [
        frame(seq, "message.delta", {"message_id": "msg_1", "text": f" word{seq % 97}"})
        for seq in range(1, count)
    ]
    last = frame(count, "session.completed", {"result": {"text": "done"}})
    return "".join(["retry: 2000\n\n", *events, last]).encode()


def completion_events(count: int) -> bytes:
    """Return a stream of a chat completion's chunks, and its end."""

    def chunk(index: int) -> bytes:
        choice = {"index": 0, "delta": {"content": f" word{index % 97}"}, "finish_reason": None}
        event = {
            "id": "chatcmpl-01JZ5N0QW8R3YV6T2KXB4HCM9D",
            "object": "chat.completion.chunk",
            "created": 1767326700,
            "model": MODEL_ID,
            "choices": [choice],
        }
        return b"data: %b\n\n" % json.dumps(event, separators=(",", ":")).encode()

    return b"".join([*map(chunk, range(count - 1)), b"data: [DONE]\n\n"])


def execution_events(count: int) -> bytes:
    """Return a stream of an execution's events with ids and names, and its end."""

    def frame(seq: int, kind: str, **fields: object) -> bytes:
        event = {
            "type": kind,
            "execution_id": "exec_01JZ5N0QW8R3YV6T2KXB4HCM9D",
            "timestamp": "2026-01-02T03:04:05.678Z",
            **fields,
        }
        data = json.dumps(event, separators=(",", ":"))
        return f"id: {seq}\nevent: {kind}\ndata: {data}\n\n".encode()

    events = [
        frame(seq, "node:started", node_id=f"node_{seq % 97}", node_type="transform")
        for seq in range(1, count)
    ]
    return b"".join([*events, frame(count, "execution:completed", outputs={"mail": "sent"})])


EVENT_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n"
)
# As much as a server that writes as fast as it can hands to a socket at a time.
CHUNK_BYTES = 16 * 1024


def chunked(body: bytes) -> bytes:
    """Return a body in the chunked coding."""
    return in_chunks([body[at : at + CHUNK_BYTES] for at in range(0, len(body), CHUNK_BYTES)])


def chunked_by_event(body: bytes) -> bytes:
    """Return events in the chunked coding, a chunk each, as a server that has them one by one."""
    return in_chunks([event + b"\n\n" for event in body.split(b"\n\n")[:-1]])


def in_chunks(pieces: list[bytes]) -> bytes:
    """Return a body of these chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


class Peer(asyncio.Protocol):
    """One connection."""

    job = json_response(JOB)
    execution = json_response(EXECUTION)
    chat = json_response(CHAT)
    me = json_response(ME)
    campaign = json_response(CAMPAIGN)
    model = json_response(MODEL)
    streams: dict[tuple[bytes, bytes], bytes] = {}  # noqa: RUF012 - shared on purpose
    blobs: dict[bytes, bytes] = {}  # noqa: RUF012 - shared on purpose

    def __init__(self, *, closes: bool = False) -> None:
        self._closes = closes
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = body_length(self._buffer[:end])
            if len(self._buffer) < end + 4 + length:
                return
            target = self._buffer[:end].split(b" ", 2)[1]
            self._buffer = self._buffer[end + 4 + length :]
            self._send(self._answer(target))

    def _send(self, answer: bytes) -> None:
        assert self._transport is not None
        if self._closes:
            self._transport.write(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            self._transport.close()
        else:
            self._transport.write(answer)

    def _answer(self, target: bytes) -> bytes:
        if target.startswith(b"/openai"):
            return self.model
        if target.startswith(b"/blob"):
            return blob(target)
        if target.startswith(b"/flare"):
            return self.job
        if target.startswith(b"/ghostflow"):
            return self.campaign
        if target.startswith(b"/v1"):
            return self.chat
        if target.startswith(b"/api/platform/v1/agents/as_"):
            count = target.rpartition(b"as_")[2].partition(b"/")[0]
            return stream(b"/events/agent/" + count)
        if target.startswith(b"/api/platform"):
            return self.me
        if target.startswith(b"/api") and target.endswith(b"/events"):
            return stream(b"/events/execution/" + target.split(b"/")[-2].rpartition(b"_")[2])
        return self.execution if target.startswith(b"/api") else stream(target)


def body_length(head: bytes) -> int:
    """Return how many bytes follow the head of a request."""
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def stream(target: bytes) -> bytes:
    """Return the answer to `/events/<kind>/<count>`, built once."""
    _, _, kind, count = target.split(b"/")
    if (kind, count) not in Peer.streams:
        make, cut = STREAMS[kind]
        Peer.streams[kind, count] = EVENT_HEAD + cut(make(int(count)))
    return Peer.streams[kind, count]


STREAMS = {
    b"token": (token_events, chunked),
    b"job": (job_events, chunked),
    b"agent": (agent_events, chunked),
    b"completion": (completion_events, chunked_by_event),
    b"execution": (execution_events, chunked_by_event),
}


def blob(target: bytes) -> bytes:
    """Return the answer to `/blob/<size>`, built once."""
    if target not in Peer.blobs:
        size = int(target.rpartition(b"/")[2])
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
        Peer.blobs[target] = head + b"Content-Length: %d\r\n\r\n" % size + pattern(size)
    return Peer.blobs[target]


def tls(file: str) -> ssl.SSLContext:
    """Return a context with the key and the certificates of a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(file)
    return context


async def main(arguments: list[str]) -> None:
    """Serve on a free port until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", type=tls)
    parser.add_argument("--close", action="store_true")
    options = parser.parse_args(arguments)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Peer(closes=options.close), "127.0.0.1", 0, ssl=options.tls, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    # The quicker the peer, the more of the time between question and answer is the client's.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1:]))
