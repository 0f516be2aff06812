"""A webhook receiver: checks every signature and keeps what it was told."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from zeridion_flare import verify_webhook


class Receiver:
    """Listens on a free port of this machine while used as a context manager.

    Attributes:
        secret: Of the subscription; set it once the subscription exists.
        counts: Genuine events by type.
        forged: How many requests carried no valid signature.
    """

    def __init__(self) -> None:
        self.secret = ""
        self.counts: Counter[str] = Counter()
        self.forged = 0
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                genuine = receiver.take(body, self.headers.get("zeridion-signature") or "")
                self.send_response(204 if genuine else 400)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the demo prints a summary."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/flare"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def take(self, body: bytes, header: str) -> bool:
        """Note an event if its signature is genuine; tell whether it is."""
        genuine = verify_webhook(payload=body, header=header, secret=self.secret)
        with self._arrived:
            if genuine:
                self.counts[json.loads(body)["type"]] += 1
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
