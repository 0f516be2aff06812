"""An HTTP target that services and consumers lead to: it answers as it is told and remembers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest_asyncio


@dataclass(frozen=True)
class Received:
    """What came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Told:
    """What to answer; `hang`: nothing, until the other side gives up."""

    status: int = 200
    body: bytes = b'{"done": true}'
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    hang: bool = False


class ScriptedTarget:
    """Answers with `script` in turn, the last one for ever."""

    def __init__(self) -> None:
        self.script: list[Told] = [Told()]
        self.requests: list[Received] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def tell(self, *script: Told) -> None:
        self.script = list(script)

    async def wait_for(self, count: int) -> list[Received]:
        async with asyncio.timeout(60):
            while len(self.requests) < count:
                await asyncio.sleep(0.005)
        return self.requests

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip("\r\n").split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = first.split(" ")
            told = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            self.requests.append(Received(method, path, headers, body))
            if told.hang:
                await reader.read()
            else:
                more = "".join(f"{name}: {value}\r\n" for name, value in told.headers.items())
                frame = f"content-length: {len(told.body)}\r\nconnection: close\r\n"
                writer.write(f"HTTP/1.1 {told.status} X\r\n{more}{frame}\r\n".encode())
                writer.write(told.body)
                await writer.drain()
        writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def target() -> AsyncIterator[ScriptedTarget]:
    scripted = ScriptedTarget()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    yield scripted
    server.close()
