"""A proxy before the real server that lets requests through and cuts off their answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


class Cutter:
    """`cuts` says how many answers are lost; `keys` are the idempotency keys of what it saw."""

    def __init__(self) -> None:
        self.url = ""
        self.cuts = 0
        self.keys: list[str | None] = []
        self.answers: list[httpx.Response] = []


@contextmanager
def cutting(url: str) -> Iterator[Cutter]:
    """Stand on a free port before the server at `url`."""
    cutter = Cutter()

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in ("host", "content-length", "connection")
            }
            cutter.keys.append(self.headers.get("Idempotency-Key"))
            found = httpx.request(
                self.command,
                url + self.path,
                content=body,
                headers=headers,
                trust_env=False,
                timeout=60,
            )
            cutter.answers.append(found)
            if cutter.cuts > 0:
                cutter.cuts -= 1
                self.close_connection = True
                return
            self.send_response(found.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(found.content)))
            self.end_headers()
            self.wfile.write(found.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cutter.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield cutter
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(5)
