"""A published client as the tests hold it: its calls, made in its own process and venv."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"
FLARE = "zeridion_flare.FlareClient"
FLOWMAESTRO = {
    "sync": "flowmaestro.FlowMaestroClient",
    "async": "flowmaestro.AsyncFlowMaestroClient",
}


class PublishedError(Exception):
    """An exception of the published package, with everything its users can see of it."""

    def __init__(self, seen: dict[str, Any]) -> None:
        super().__init__(f"{seen['class']}: {seen['text']}")
        self.kind: str = seen["class"]
        self.bases: list[str] = seen["bases"]
        self.seen = seen

    def __getattr__(self, name: str) -> Any:
        try:
            return self.seen[name]
        except KeyError:
            raise AttributeError(name) from None


class Interpreter:
    """The published packages' process; carries out one call at a time."""

    def __init__(self, python: Path, program: str = "client.py") -> None:
        self._child = subprocess.Popen(
            [str(python), "-I", str(PROGRAMS / program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, **order: Any) -> Any:
        """Carry out an order; raises `PublishedError` for what the package raises."""
        self._send(order)
        return self._read()["value"]

    def watch(self, **order: Any) -> Iterator[dict[str, Any]]:
        """Carry out an order that streams, and yield its events as they come."""
        self._send(order)
        while "event" in (reply := self._read()):
            yield reply["event"]

    def call(self, function: str, *, encoded: tuple[str, ...] = (), **kwargs: Any) -> Any:
        """Call a function of a package; arguments named in `encoded` become bytes there."""
        return self.do(function=function, kwargs=kwargs, bytes=encoded)

    def _send(self, order: dict[str, Any]) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(order) + "\n")
        self._child.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        reply: dict[str, Any] = json.loads(self._child.stdout.readline())
        if "error" in reply:
            raise PublishedError(reply["error"])
        return reply

    def close(self) -> None:
        """End the process."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(60)
        self._child.stdout.close()


class PublishedClient:
    """A client class of a published package; every method is passed on.

    Args:
        interpreter: The process it lives in.
        name: Its dotted name, as `zeridion_flare.FlareClient`.
        constructor: What it is made with.
    """

    def __init__(self, interpreter: Interpreter, name: str, **constructor: Any) -> None:
        self._interpreter = interpreter
        self._made = {"client": name, "with": constructor}

    def __getattr__(self, name: str) -> Method:
        return Method(self._interpreter, self._made, name)


class Method:
    """A method of a published client, or the resource that has it."""

    def __init__(self, interpreter: Interpreter, made: dict[str, Any], name: str) -> None:
        self._interpreter = interpreter
        self._order = {**made, "method": name}

    def __getattr__(self, name: str) -> Method:
        return Method(self._interpreter, self._order, f"{self._order['method']}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._interpreter.do(**self._order, args=args, kwargs=kwargs)

    def events(self, *args: Any, until: str | None = None) -> Iterator[dict[str, Any]]:
        """Call a method that streams; the loop over it is left after the event `until`."""
        return self._interpreter.watch(**self._order, args=args, kwargs={}, until=until)
