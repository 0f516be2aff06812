"""Others' servers, played on this machine: the page behind the links, and the source's counter."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

_PAGE = b"<!doctype html><title>Tea</title><h1>Tea, by post</h1><p>There is a button here.</p>"


class Listener:
    """Answers every GET on a free port of this machine while used as a context manager.

    Attributes:
        url: Where it listens.
        targets: What was asked for, path and query, in the order it came.
    """

    def __init__(self) -> None:
        self.targets: list[str] = []
        self._arrived = threading.Condition()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body leave together: the connection is kept

            def do_GET(self) -> None:
                listener.note(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(_PAGE)))
                self.end_headers()
                self.wfile.write(_PAGE)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the demo prints a summary."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def note(self, target: str) -> None:
        """Remember a request."""
        with self._arrived:
            self.targets.append(target)
            self._arrived.notify_all()

    def wait_for(self, count: int, timeout: float) -> bool:
        """Wait until so many requests have come; tell whether they have."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.targets) >= count, timeout)

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
