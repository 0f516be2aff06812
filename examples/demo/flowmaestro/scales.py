"""The service that the workflow calls: it weighs passages, and counts who asked how often.

A passage's weight is its similarity times one more than the number of the question's words in it.
The first call for one passage is held up, so that the server can be killed in the middle of a step.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_WORD = re.compile(r"[a-z]{4,}")
_HELD_SECONDS = 120.0


@dataclass
class Passage:
    """What the scales know about one passage."""

    document: str
    weight: float
    calls: int = 0
    weighed: int = 0
    keys: set[str] = field(default_factory=set)


class Scales:
    """Listens on a free port of this machine while used as a context manager.

    Args:
        held: Number of the passage whose first call gets no answer before :meth:`release`.

    Attributes:
        url: Where it listens.
        passages: By number, from 1, what was asked.
        is_holding: Whether that call has come.
    """

    def __init__(self, held: int) -> None:
        self.passages: dict[int, Passage] = {}
        self.is_holding = False
        self._held = held
        self._answers: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._came = threading.Event()
        self._released = threading.Event()
        scales = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                key = self.headers.get("Idempotency-Key", "")
                answer = json.dumps(scales.weigh(json.loads(body), key)).encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    self.close_connection = True  # who asked was killed meanwhile

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the demo prints a summary."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/weigh"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def weigh(self, label: dict[str, Any], key: str) -> dict[str, Any]:
        """Weigh a passage; a key that was there before gets the answer that it got then."""
        number = int(label["passage"])
        with self._lock:
            answer = self._answers.get(key)
            if is_new := answer is None:
                answer = self._answers[key] = {**label, "weight": _weight(label)}
            seen = self.passages.setdefault(number, Passage(label["document"], answer["weight"]))
            seen.calls += 1
            seen.weighed += is_new
            seen.keys.add(key)
            holds = number == self._held and seen.calls == 1
        if holds:
            self.is_holding = True
            self._came.set()
            self._released.wait(_HELD_SECONDS)
        return answer

    def wait_until_holding(self, timeout: float) -> bool:
        """Wait until the call that is held up has come, or is given up; tell whether it came."""
        self._came.wait(timeout)
        return self.is_holding

    def give_up(self) -> None:
        """Nobody will call any more."""
        self._came.set()

    def release(self) -> None:
        """Let the held call go on."""
        self._released.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()


def _weight(label: dict[str, Any]) -> float:
    asked, said = (set(_WORD.findall(label[name].lower())) for name in ("question", "text"))
    return round(float(label["similarity"]) * (1 + len(asked & said)), 3)
