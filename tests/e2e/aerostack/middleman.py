"""Somebody between an SDK and the server who loses answers, refuses, or hangs up, as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Deed = Callable[[BaseHTTPRequestHandler, httpx.Response | None], None]
"""What is done with a request; with the server's answer if it was passed on."""


class Middleman:
    """Does the next deed with each request; passes it on when there is none left.

    `seen` are the headers of all requests, `answers` those of the server.
    """

    def __init__(self, api: str) -> None:
        self.api = api
        self.url = ""
        self.deeds: list[tuple[bool, Deed]] = []
        self.seen: list[dict[str, str]] = []
        self.answers: list[httpx.Response] = []

    def lose(self, status: int = 503) -> None:
        """The server does it, and the answer says that it is busy."""
        self.deeds.append((True, lambda to, _: answer(to, status, {"code": "INTERNAL_ERROR"})))

    def hang_up(self) -> None:
        """The server does it, and no answer comes."""
        self.deeds.append((True, lambda to, _: to.connection.close()))

    def refuse(self, status: int, body: Any, **headers: str) -> None:
        """The server hears nothing of it."""
        self.deeds.append((False, lambda to, _: answer(to, status, body, **headers)))


def answer(to: BaseHTTPRequestHandler, status: int, body: Any, **headers: str) -> None:
    """Answer with JSON; underscores in names of headers are dashes."""
    content = json.dumps({"message": "says the middleman", **body}).encode()
    to.send_response(status)
    to.send_header("Content-Type", "application/json")
    to.send_header("Content-Length", str(len(content)))
    for name, value in headers.items():
        to.send_header(name.replace("_", "-"), value)
    to.end_headers()
    to.wfile.write(content)


@contextmanager
def between(api: str) -> Iterator[Middleman]:
    """Stand on a free port before the server at `api`."""
    middleman = Middleman(api)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            middleman.seen.append({name.lower(): value for name, value in self.headers.items()})
            passed_on, deed = middleman.deeds.pop(0) if middleman.deeds else (True, None)
            found = self._passed_on(body) if passed_on else None
            if deed is not None:
                deed(self, found)
            elif found is not None:
                self._hand_back(found)

        def _passed_on(self, body: bytes) -> httpx.Response:
            url = middleman.api + self.path.removeprefix("/v1")
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in ("host", "content-length", "connection")
            }
            found = httpx.post(url, content=body, headers=headers, trust_env=False, timeout=60)
            middleman.answers.append(found)
            return found

        def _hand_back(self, found: httpx.Response) -> None:
            self.send_response(found.status_code)
            for name, value in found.headers.items():
                if name not in ("content-length", "transfer-encoding", "connection", "date"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(found.content)))
            self.end_headers()
            self.wfile.write(found.content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    middleman.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield middleman
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
