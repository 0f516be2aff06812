"""Generate text with the small model: `python -m benchmarks.contenders.chat WHO WHERE`.

The count is of tokens, asked for in answers of at most a hundred. `engine` is the server's chat
engine, with the model in a process of its own; `xllamacpp` is the library that runs the model, told
the same settings, in this process; for both, WHERE is the folder with the model. `stack` is an
agent of the FlowMaestro service, streamed by the SDK: WHERE is its URL, the key is in the
environment, and each question begins otherwise, so that nothing read before helps.
All stream, and all answer with what they generated.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.contender import serve

PROMPT = "Tell me a very long story about the sea, in many chapters."
SYSTEM = "You are a helpful assistant."
ANSWER_TOKENS = 100
AGENT = "agent_teller"
Work = Callable[[int], Mapping[str, Any]]


class Seen:
    """What came: tokens, and how long the first piece of each answer took."""

    def __init__(self) -> None:
        self.tokens = 0
        self.first: list[float] = []
        self._begun: float | None = None

    def begin(self) -> None:
        """An answer is asked for."""
        self._begun = time.perf_counter()

    def piece(self) -> None:
        """A piece of it came."""
        if self._begun is not None:
            self.first.append(time.perf_counter() - self._begun)
            self._begun = None

    def result(self) -> dict[str, Any]:
        """For the parent."""
        return {"tokens": self.tokens, "first": sum(self.first) / len(self.first)}


def engine(data_dir: Path) -> Work:
    """Ours."""
    import structlog

    from quintet_server.engines.chat.engine import Chat
    from quintet_server.engines.chat.model import ChatEnd, ChatMessage, ChatRequest
    from quintet_server.engines.chat.settings import AiSettings

    # Standard output is for the parent.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    loop = asyncio.new_event_loop()
    chat = Chat(AiSettings(base_url=None, parallel_count=1, load_at_start=True), data_dir)
    loop.run_until_complete(chat.start())
    messages = (ChatMessage("user", PROMPT),)

    async def generate(count: int) -> dict[str, Any]:
        seen, seed = Seen(), 0
        while seen.tokens < count:
            seed += 1
            seen.begin()
            request = ChatRequest(messages, max_tokens=ANSWER_TOKENS, seed=seed)
            async for piece in chat.stream(request):
                seen.piece()
                if isinstance(piece, ChatEnd):
                    seen.tokens += piece.usage.completion_tokens
        return seen.result()

    return lambda count: loop.run_until_complete(generate(count))


def stack(url: str) -> Work:
    """All of it: SDK, HTTP, event log, run, chat engine, model."""
    from flowmaestro import FlowMaestroClient

    client = FlowMaestroClient(base_url=url)
    numbers = itertools.count(1)

    def work(count: int) -> dict[str, Any]:
        seen = Seen()
        while seen.tokens < count:
            prompt = f"{next(numbers)}. {PROMPT}"
            thread = client.agents.create_thread(AGENT)["data"]["id"]
            seen.begin()
            for event in client.threads.send_message_stream(thread, prompt):
                if event["type"] == "message:token":
                    seen.piece()
                elif event["type"] == "message:completed":
                    seen.tokens += event["usage"]["completion_tokens"]
        return seen.result()

    return work


def xllamacpp(data_dir: Path) -> Work:
    """The baseline."""
    import xllamacpp as library

    from quintet_server.engines.chat.settings import spare_cores

    params = library.CommonParams()
    params.model.path = str(data_dir / "models" / "smollm2.gguf")
    params.n_ctx, params.n_parallel, params.kv_unified = 4096, 1, False
    params.n_batch = params.n_ubatch = 128
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = spare_cores()
    params.verbosity, params.ui, params.cache_ram_mib = -1, False, 0
    server = library.Server(params)
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}]

    def work(count: int) -> dict[str, Any]:
        seen, seed = Seen(), 0

        def piece(chunk: dict[str, Any]) -> None:
            if chunk["choices"] and chunk["choices"][0]["delta"].get("content"):
                seen.piece()
            if usage := chunk.get("usage"):
                seen.tokens += usage["completion_tokens"]

        while seen.tokens < count:
            seed += 1
            seen.begin()
            options = {"max_tokens": ANSWER_TOKENS, "seed": seed, "cache_prompt": False}
            shape = {"temperature": 0.2, "repeat_penalty": 1.1}
            stream = {"stream": True, "stream_options": {"include_usage": True}}
            server.handle_chat_completions(
                {"messages": messages, **options, **shape, **stream}, piece
            )
        return seen.result()

    return work


if __name__ == "__main__":
    if sys.argv[1] == "stack":
        serve(stack(sys.argv[2]))
    else:
        serve({"engine": engine, "xllamacpp": xllamacpp}[sys.argv[1]](Path(sys.argv[2])))
