"""Networks that report, and a source on this machine that is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest_asyncio

from ..conftest import Api
from ..objects import Objects


@dataclass
class Source:
    """Answers with the statuses of `statuses`, the last one for ever; remembers what came."""

    statuses: list[int] = field(default_factory=lambda: [200])
    lines: list[str] = field(default_factory=list)
    port: int = 0

    def url(self, query: str) -> str:
        return f"http://127.0.0.1:{self.port}/told?{query}"

    @property
    def queries(self) -> list[dict[str, list[str]]]:
        """The queries of what came, in their order."""
        return [
            parse_qs(urlsplit(line.split(" ")[1]).query, keep_blank_values=True)
            for line in self.lines
        ]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.lines.append(head.split("\r\n")[0])
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            more = f"location: {self.url('moved')}\r\n" if 300 <= status < 400 else ""
            text = f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n{more}connection: close\r\n\r\n"
            writer.write(text.encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def objects(api: Api) -> Objects:
    return await Objects.of(api)


@pytest_asyncio.fixture(loop_scope="session")
async def source() -> AsyncIterator[Source]:
    source = Source()
    server = await asyncio.start_server(source.serve, "127.0.0.1", 0)
    source.port = server.sockets[0].getsockname()[1]
    yield source
    server.close()
    await server.wait_closed()
