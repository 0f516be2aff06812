"""A server that speaks the OpenAI format by script, on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from quintet_server.engines.chat.engine import Chat
from quintet_server.engines.chat.model import ChatDelta, ChatEnd, ChatMessage, ChatRequest
from quintet_server.engines.chat.settings import AiSettings


def ask(text: str = "hello", **fields: Any) -> ChatRequest:
    """A request with one message of a user, unless ``messages`` are given."""
    return ChatRequest(fields.pop("messages", (ChatMessage("user", text),)), **fields)


async def collect(chat: Chat, request: ChatRequest) -> tuple[list[str], ChatEnd]:
    """All pieces, and the end, which has to be the last thing that comes."""
    seen = [piece async for piece in chat.stream(request)]
    end = seen.pop()
    assert isinstance(end, ChatEnd)
    assert all(isinstance(piece, ChatDelta) and piece.text for piece in seen)
    texts = [piece.text for piece in seen if isinstance(piece, ChatDelta)]
    assert "".join(texts) == end.text
    return texts, end


def chunk(content: str | None = None, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    delta = {**({"content": content} if content is not None else {}), **delta}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "model": "upstream-1-2026", "choices": [choice]}


USAGE = {
    "choices": [],
    "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
}
HOLD = "hold"
CUT = "cut"
DONE = "[DONE]"
Script = list[Any]


def answer(*pieces: str, finish: str = "stop") -> Script:
    """The script of an ordinary stream."""
    return [*(chunk(piece) for piece in pieces), chunk(finish=finish), USAGE, DONE]


@dataclass
class Failure:
    """The script of an answer that is no stream."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Stub:
    """Answers request after request with a script, the last one for ever; remembers what came.

    A script is a list of chunks: dicts and text become events, bytes are sent as they are, HOLD
    waits for ``release``, CUT ends the connection in the middle.
    """

    scripts: list[Script | Failure] = field(default_factory=lambda: [answer("Hel", "lo")])
    models: list[str] | None = field(default_factory=lambda: ["upstream-1", "upstream-2"])
    asked: list[Asked] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    list_release: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared by who wants the list of models to wait."""
    open: int = 0
    most_open: int = 0
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def chats(self) -> list[Asked]:
        return [one for one in self.asked if one.path == "/v1/chat/completions"]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip("\r\n").split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            asked = Asked(first.split(" ")[1], headers, json.loads(body) if body else None)
            self.asked.append(asked)
            if asked.path == "/v1/models":
                await self.list_release.wait()
                self._plain(writer, self._listed())
            elif asked.path == "/v1/chat/completions":
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                await self._chat(reader, writer, script)
            else:
                self._plain(writer, Failure(404))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _listed(self) -> Failure:
        if self.models is None:
            return Failure(404)
        return Failure(200, {"object": "list", "data": [{"id": name} for name in self.models]})

    @staticmethod
    def _plain(writer: asyncio.StreamWriter, script: Failure) -> None:
        body = script.body if isinstance(script.body, bytes) else json.dumps(script.body).encode()
        headers = {"content-type": "application/json", "content-length": len(body)}
        headers |= {"connection": "close"} | script.headers
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {script.status} X\r\n{head}\r\n".encode() + body)

    async def _chat(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, script: Script | Failure
    ) -> None:
        if isinstance(script, Failure):
            self._plain(writer, script)
            return
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        watch = asyncio.create_task(self._watch(reader))
        try:
            await self._stream(writer, script)
        finally:
            watch.cancel()
            self.open -= 1

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):  # unread bytes turn a hang-up into a reset
            await reader.read(1)
        self.hung_up.set()

    async def _stream(self, writer: asyncio.StreamWriter, script: Script) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        )
        for step in script:
            if step == HOLD:
                await writer.drain()
                await self.release.wait()
                continue
            if step == CUT:
                await writer.drain()
                return
            if isinstance(step, bytes):
                data = step
            else:
                text = step if isinstance(step, str) else json.dumps(step)
                data = f"data: {text}\n\n".encode()
            writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        writer.write(b"0\r\n\r\n")


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    stub = Stub()
    stub.list_release.set()
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    stub.port = server.sockets[0].getsockname()[1]
    yield stub
    stub.release.set()
    stub.list_release.set()
    server.close()
    await server.wait_closed()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever model the machine is set up with, the tests do not use it."""
    for name in ("BASE_URL", "API_KEY", "MODEL"):
        monkeypatch.delenv(f"AI_{name}", raising=False)
        monkeypatch.delenv(f"QUINTET_AI_{name}", raising=False)
    monkeypatch.delenv("QUINTET_AI_MODEL_PATH", raising=False)


@pytest.fixture
def waits() -> list[float]:
    """How long the engine wanted to wait between attempts; it did not."""
    return []


MakeChat = Callable[..., Chat]


@pytest.fixture
async def make_chat(tmp_path: Path, waits: list[float]) -> AsyncIterator[MakeChat]:
    """``make_chat(**settings)``: an engine on an empty data folder, stopped after the test."""
    made: list[Chat] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    def make(data_dir: Path | None = None, **settings: Any) -> Chat:
        made.append(Chat(AiSettings(**settings), data_dir or tmp_path / "data", sleep=sleep))
        return made[-1]

    yield make
    for chat in made:
        await chat.stop()


@pytest.fixture
def chat(make_chat: MakeChat, stub: Stub) -> Chat:
    """An engine that asks the stub."""
    return make_chat(base_url=stub.url, api_key="sk-secret", model="upstream-1")
