"""What the storm's workflows call, and where its webhooks arrive: everything is written down.

`python -m tests.ledger.flowmaestro.receiver LEDGER SECRET` prints the port it listens on, on
127.0.0.1. A line per request, one write each, before it is answered:

* `POST /effects {"order", "step", …}`: an effect with its `Idempotency-Key`;
* `POST /webhooks`: a delivery, and whether its signature is that of the secret.

`POST /hold` keeps every effect that is written down from now on waiting for its answer, `POST /go`
lets them all have it.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flowmaestro.webhooks import verify_webhook

HOLD_SECONDS = 10.0
# So that there is always something in flight.
SLOWEST_SECONDS = 0.02


class Ledger:
    """The file, and whether answers are held."""

    def __init__(self, path: str, secret: str) -> None:
        self.secret = secret
        self.go_on = threading.Event()
        self.go_on.set()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, line: dict[str, Any]) -> None:
        """One line, whole or not at all."""
        os.write(self._file, json.dumps(line).encode() + b"\n")


def handler(ledger: Ledger) -> type[BaseHTTPRequestHandler]:
    """The requests, for a server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:  # killed while sending: nothing was asked for
                self.close_connection = True
                return
            match self.path:
                case "/effects":
                    self._answer(200, self._effect(json.loads(body)))
                case "/webhooks":
                    self._webhook(body)
                    self._answer(200, {})
                case "/hold":
                    ledger.go_on.clear()
                    self._answer(200, {})
                case "/go":
                    ledger.go_on.set()
                    self._answer(200, {})
                case _:
                    self._answer(404, {})

        def _effect(self, body: dict[str, Any]) -> dict[str, Any]:
            key = self.headers.get("Idempotency-Key", "")
            is_held = not ledger.go_on.is_set()
            ledger.write({"kind": "effect", "key": key, "held": is_held, **body})
            time.sleep(random.random() * SLOWEST_SECONDS)
            ledger.go_on.wait(HOLD_SECONDS)
            return {"receipt": f"{body['order']}-{body['step']}"}

        def _webhook(self, body: bytes) -> None:
            genuine = verify_webhook(body, dict(self.headers.items()), ledger.secret)
            told = json.loads(body) if genuine else {}
            ledger.write(
                {
                    "kind": "webhook",
                    "id": told.get("id", ""),
                    "event": told.get("event", ""),
                    "execution_id": told.get("data", {}).get("execution_id", ""),
                    "is_genuine": genuine,
                }
            )

        def _answer(self, status: int, value: dict[str, Any]) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    return Handler


class Server(ThreadingHTTPServer):
    """Callers that are killed in the middle are what this is about, and no news."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that broke."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def main(path: str, secret: str) -> None:
    """Serve until killed."""
    server = Server(("127.0.0.1", 0), handler(Ledger(path, secret)))
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
