"""A webhook receiver: checks every signature and keeps what it was told."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

IsGenuine = Callable[[bytes, Mapping[str, str], str], bool]
"""Told the raw body, the headers and the secret."""


class Receiver:
    """Listens on a free port of this machine while used as a context manager.

    Args:
        is_genuine: What the service's SDK has for checking a signature.
        name_field: Where the body says which event it is.

    Attributes:
        url: Where it listens.
        secret: Of the subscription; set it once the subscription exists.
        counts: Genuine events by type.
        forged: How many requests carried no valid signature.
    """

    def __init__(self, is_genuine: IsGenuine, name_field: str) -> None:
        self.secret = ""
        self.counts: Counter[str] = Counter()
        self.forged = 0
        self._is_genuine = is_genuine
        self._name_field = name_field
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                genuine = receiver.take(body, dict(self.headers.items()))
                self.send_response(204 if genuine else 400)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the demo prints a summary."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def take(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Note an event if its signature is genuine; tell whether it is."""
        genuine = self._is_genuine(body, headers, self.secret)
        with self._arrived:
            if genuine:
                self.counts[json.loads(body)[self._name_field]] += 1
            else:
                self.forged += 1
            self._arrived.notify_all()
        return genuine

    def wait_for(self, event_type: str, count: int, timeout: float) -> bool:
        """Wait until so many events of a type have arrived; tell whether they have."""
        with self._arrived:
            return self._arrived.wait_for(lambda: self.counts[event_type] >= count, timeout)

    def __enter__(self) -> Receiver:
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
