"""An OpenAI-compatible service on a socket whose answers can be foreseen: it repeats, in words.

The answer to a conversation is `You said: ` and the last user message, one word per chunk.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAME = "scripted"


class ModelServer:
    """Where it listens, and the requests it was sent; clearing `go_on` holds answers half-way.

    `hung_up` is set when a reader leaves in the middle of an answer.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[dict[str, Any]] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.hung_up = threading.Event()


def answer_to(messages: list[dict[str, Any]]) -> str:
    """What is said to a conversation."""
    last = [message["content"] for message in messages if message["role"] == "user"][-1]
    return f"You said: {last}"


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """Serve on a free port of this machine."""
    model = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._json({"object": "list", "data": [{"id": NAME, "object": "model"}]})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            sent = self.rfile.read(length)
            if len(sent) < length:  # killed while asking
                self.close_connection = True
                return
            body = json.loads(sent)
            model.requests.append(body)
            text = answer_to(body["messages"])
            words = [word + " " for word in text.split(" ")]
            words[-1] = words[-1].removesuffix(" ")
            usage = {"prompt_tokens": 5, "completion_tokens": len(words)}
            usage["total_tokens"] = sum(usage.values())
            if not body.get("stream"):
                message = {"role": "assistant", "content": text}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                self._json({"model": NAME, "choices": [choice], "usage": usage})
                return
            self.close_connection = True
            try:
                self._stream(words, usage)
            except ConnectionError:
                model.hung_up.set()

        def _stream(self, words: list[str], usage: dict[str, int]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for number, word in enumerate(words):
                if number == len(words) // 2:
                    model.go_on.wait(100)
                self._chunk([{"index": 0, "delta": {"content": word}, "finish_reason": None}])
            self._chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}])
            self._chunk([], usage=usage)
            self.wfile.write(b"data: [DONE]\n\n")

        def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> None:
            frame = json.dumps({"model": NAME, "choices": choices, **more})
            self.wfile.write(f"data: {frame}\n\n".encode())
            self.wfile.flush()

        def _json(self, value: dict[str, Any]) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield model
    finally:
        model.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
