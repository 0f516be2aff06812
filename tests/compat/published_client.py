"""The published client as the tests hold it: its calls, made in its own process and venv."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"


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
    """The published package's process; carries out one call at a time."""

    def __init__(self, python: Path) -> None:
        self._child = subprocess.Popen(
            [str(python), "-I", str(PROGRAMS / "client.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, **order: Any) -> Any:
        """Carry out an order; raises `PublishedError` for what the package raises."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(order) + "\n")
        self._child.stdin.flush()
        reply = json.loads(self._child.stdout.readline())
        if "error" in reply:
            raise PublishedError(reply["error"])
        return reply["value"]

    def close(self) -> None:
        """End the process."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(10)
        self._child.stdout.close()


class PublishedClient:
    """`zeridion_flare.FlareClient` of the published package; every method is passed on."""

    def __init__(self, interpreter: Interpreter, **constructor: Any) -> None:
        self._interpreter = interpreter
        self._constructor = constructor

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return self._interpreter.do(
                do="call", client=self._constructor, method=method, args=args, kwargs=kwargs
            )

        return call
