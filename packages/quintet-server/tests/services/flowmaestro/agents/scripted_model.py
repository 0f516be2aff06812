"""An OpenAI-compatible server on a real socket that says what a test has written down.

A script is a list of steps: text is a piece of the answer, :class:`asyncio.Event` waits,
`call(...)` asks for a tool, an integer is an error status instead of an answer, :data:`CUT` breaks
the connection. Requests without a script are answered with `ok`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from quintet_server.server import bind, url_of
from quintet_server.settings import ServerSettings

CUT = object()
NAME = "scripted"


class Broken(Exception):
    """Leaves an answer unfinished."""


def call(name: str, id: str = "call_1", /, **arguments: Any) -> dict[str, Any]:
    """The model asks for a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"index": 0, "id": id, "type": "function", "function": function}


class ScriptedModel:
    """Answers by script; `requests` are the bodies it was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.scripts: deque[list[Any]] = deque()
        self.requests: list[dict[str, Any]] = []
        self.left = 0  # answers whose reader hung up
        self.hooks = 0  # requests to `/v1/hook`
        self._hook_free = asyncio.Event()
        self.usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}

    def says(self, *steps: Any) -> None:
        """The next answer."""
        self.scripts.append(list(steps))

    def reset(self) -> None:
        self.scripts.clear()
        self.requests.clear()
        self.left = self.hooks = 0
        self._hook_free.set()

    def hold_hook(self) -> None:
        """Let requests to `/v1/hook` wait."""
        self._hook_free.clear()

    def release_hook(self) -> None:
        self._hook_free.set()

    async def hook(self, _request: Request) -> Response:
        self.hooks += 1
        await self._hook_free.wait()
        return JSONResponse({"done": True})

    def shown(self, number: int = -1) -> list[tuple[str, str]]:
        """Role and content of the messages of a request."""
        return [(one["role"], one["content"]) for one in self.requests[number]["messages"]]

    async def models(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": NAME, "object": "model"}]})

    async def chat(self, request: Request) -> Response:
        self.requests.append(await request.json())
        script = self.scripts.popleft() if self.scripts else ["ok"]
        if script and isinstance(script[0], int):
            return JSONResponse({"error": {"message": "scripted refusal"}}, script[0])
        return StreamingResponse(self._pieces(script), media_type="text/event-stream")

    async def _pieces(self, script: list[Any]) -> AsyncIterator[bytes]:
        reason = "stop"
        try:
            for step in script:
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif step is CUT:
                    raise Broken
                elif isinstance(step, dict):
                    reason = "tool_calls"
                    yield _chunk({"tool_calls": [step]})
                else:
                    yield _chunk({"content": step})
        except asyncio.CancelledError:
            self.left += 1
            raise
        yield _chunk({}, reason)
        yield _frame({"choices": [], "model": NAME, "usage": self.usage})
        yield b"data: [DONE]\n\n"


def _chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return _frame({"model": NAME, "choices": [choice]})


def _frame(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


@contextlib.asynccontextmanager
async def listening(app: Starlette) -> AsyncIterator[str]:
    """Serve an application on a socket; yields its URL."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none")
    with bind(ServerSettings(port=0)) as listener:
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await server.ready.wait()
        yield url_of(listener)
        server.should_exit = server.force_exit = True
        await serving


@contextlib.asynccontextmanager
async def scripted_model() -> AsyncIterator[ScriptedModel]:
    """A scripted model that listens."""
    model = ScriptedModel()
    app = Starlette(
        routes=[
            Route("/v1/models", model.models),
            Route("/v1/hook", model.hook),
            Route("/v1/chat/completions", model.chat, methods=["POST"]),
        ]
    )
    async with listening(app) as url:
        model.url = f"{url}/v1"
        yield model


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield
