"""A webhook receiver on this machine, a service that announces things, and the engine."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from quintet_server.engines.hooks.engine import Hooks
from quintet_server.engines.hooks.formats import DeliveryPolicy, HookFormat
from quintet_server.engines.hooks.settings import HookSettings
from quintet_server.engines.hooks.subscriptions import Owner
from quintet_server.store import event_log

SERVICE = "flare"
OWNER = Owner(SERVICE, "prj_1")
TYPES = frozenset({"job.created", "job.succeeded", "job.failed"})


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with the bytes of `answers`, the last one for ever; remembers what came."""

    answers: list[bytes] = field(default_factory=lambda: [b"HTTP/1.1 204 No Content\r\n\r\n"])
    requests: list[Request] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    port: int = 0
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @staticmethod
    def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
        lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    @staticmethod
    def verified_by(request: Request) -> Any:
        """A function that tells whether a secret signed this request."""
        stamp, *signatures = request.headers["x-signature"].split(",")
        signed = stamp.removeprefix("t=").encode() + b"." + request.body

        def check(secret: str) -> bool:
            mine = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
            return f"v1={mine}" in signatures

        return check

    async def wait_for(self, count: int) -> list[Request]:
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip("\r\n").split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            async with self.arrived:
                self.requests.append(Request(first.split(" ")[1], headers, body))
                self.arrived.notify_all()
            if answer == b"hold":
                await self.hold.wait()
            else:
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    yield receiver
    receiver.hold.set()
    server.close()
    await server.wait_closed()


def build(event: Any, subscription: Any, now: Any) -> tuple[bytes, dict[str, str]]:
    """Like the Flare service: signed over time and body, one signature per secret."""
    body = orjson.dumps(
        {"id": event_log.event_ulid(event.created_at, event.seq), "type": event.type}
    )
    stamp = int(now.timestamp())
    signatures = (
        hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        for secret in subscription.secrets
    )
    return body, {"x-signature": f"t={stamp}," + ",".join(f"v1={one}" for one in signatures)}


@pytest.fixture
def hook_settings() -> HookSettings:
    return HookSettings()


@pytest.fixture
def allow_private() -> bool:
    return True


@pytest.fixture
def policy() -> DeliveryPolicy:
    """As by default, a thousand times slower: no wait ends but by a jump of the clock."""
    policy = DeliveryPolicy(jitter_ms=0)
    return replace(policy, delays_ms=tuple(ms * 1000 for ms in policy.delays_ms))


@pytest.fixture
def hook_format(policy) -> HookFormat:
    numbers = iter(range(1, 100))
    return HookFormat(TYPES, build, lambda: f"whsec_{next(numbers)}", policy)


@pytest.fixture
async def hooks(queue, hook_settings, allow_private, hook_format) -> AsyncIterator[Hooks]:
    hooks = Hooks(queue, hook_settings, allow_private_targets=allow_private)
    hooks.formats.register(SERVICE, hook_format)
    await hooks.start()
    yield hooks
    await hooks.stop()


class HookBench:
    def __init__(self, hooks: Hooks, receiver: Receiver, queue: Any) -> None:
        self.hooks = hooks
        self.receiver = receiver
        self.db = queue.db

    async def subscribe(self, **fields: Any) -> Any:
        values = {"url": self.receiver.url, "events": ["*"], **fields}
        owner = values.pop("owner", OWNER)
        async with self.db.transaction() as conn:
            return await self.hooks.subscriptions.create(conn, owner, **values)

    async def announce(self, type: str = "job.created", project: str = "prj_1") -> int:
        async with self.db.transaction() as conn:
            return await event_log.append(conn, project, "job_1", type, {"id": "job_1"})

    async def log(self, subscription: Any, **options: Any) -> Any:
        return await self.hooks.deliveries.list(OWNER, subscription.id, **options)

    async def settled(self, subscription: Any) -> Any:
        """The newest delivery once it is decided."""
        return await self.until(subscription, lambda one: one.state != "pending")

    async def until(self, subscription: Any, test: Any) -> Any:
        while True:
            log = await self.log(subscription)
            if log and test(log[0]):
                return log[0]
            await asyncio.sleep(0.005)

    async def attempted(self, subscription: Any, count: int) -> Any:
        """The newest delivery once it has this many attempts and its job waits again."""
        return await self.until(
            subscription,
            lambda one: (
                len(one.attempts) >= count
                and (one.state != "pending" or one.next_attempt_at is not None)
            ),
        )


@pytest.fixture
def make_hook_bench(receiver, queue):
    return lambda hooks: HookBench(hooks, receiver, queue)


@pytest.fixture
def hook_bench(hooks, make_hook_bench) -> HookBench:
    return make_hook_bench(hooks)
