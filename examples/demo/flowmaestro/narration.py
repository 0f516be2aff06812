"""The events of an execution as lines for people: one per event of a node."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from examples.demo.report import console

Event = Mapping[str, Any]
_ROUND = re.compile(r"\[(\d+)\]/")
_NAME_WIDTH = 27


class Narrator:
    """Prints events as they come, and keeps which steps began, ended and began anew.

    Attributes:
        completed: How often each step was said to be completed.
        recovered: Steps that began anew because their process had died.
    """

    def __init__(self) -> None:
        self.completed: Counter[str] = Counter()
        self.recovered: set[str] = set()
        self._began = time.monotonic()

    def tell(self, event: Event) -> None:
        """Print a line for an event of a node; others say nothing new."""
        kind = event["type"]
        step = str(event.get("step") or event.get("node_id"))
        if kind == "node:started":
            if event.get("recovered"):
                self.recovered.add(step)
                note = f"[yellow]again, attempt {event['attempt']}: it was cut off[/]"
                self._line("[yellow]↻[/]", step, event, note)
            else:
                self._line("[dim]▷[/]", step, event, "", dim=True)
        elif kind == "node:completed":
            self.completed[step] += 1
            self._line("[green]✓[/]", step, event, escape(_gist(event)))
        elif kind == "node:skipped":
            self._line("[dim]–[/]", step, event, "skipped", dim=True)
        elif kind == "node:retry":
            self._line("[yellow]↻[/]", step, event, f"retry: {escape(str(event['error']))}")
        elif kind == "node:failed":
            word = "failed, and the workflow goes on" if event.get("handled") else "failed"
            self._line("[red]✗[/]", step, event, f"{word}: {escape(str(event['error']))}")

    def aside(self, text: str) -> None:
        """Print what happens beside the execution."""
        console.print(f"[bold red]{self._clock()} ⚡ {text}[/]", soft_wrap=True)

    def _line(self, mark: str, step: str, event: Event, note: str, *, dim: bool = False) -> None:
        found = _ROUND.search(step)
        name = f"  round {int(found[1]) + 1}: " if found else ""
        name = f"{name + event['node_name']:<{_NAME_WIDTH}.{_NAME_WIDTH}}"
        text = f"{escape(name)} {note}".rstrip()
        style = "dim" if dim else None
        console.print(
            f"{self._clock()} {mark} {text}", style=style, no_wrap=True, overflow="ellipsis"
        )

    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:6.2f} s"


def _gist(event: Event) -> str:
    """What a node's output comes to, in a few words."""
    output = event.get("output") or {}
    match event["node_type"]:
        case "knowledgeBaseQuery":
            answer = _inner(output)
            if not answer["success"]:
                return str(answer["error"])
            best = answer["data"]["topResult"]
            nearest = f", nearest in {best['documentName']}" if best else ""
            return f"{answer['data']['count']} found{nearest}"
        case "conditional":
            told = (output[name] for name in ("leftValue", "operator", "rightValue"))
            return f"{output['branch']}, as {' '.join(map(str, told))}"
        case "wait":
            return f"{output['actualWaitDuration']} ms"
        case "http":
            answer = _inner(output)
            return f"HTTP {answer['status']}, weight {answer['data']['weight']}"
        case "loop":
            return f"{output['iterations']} rounds"
        case "llm":
            answer = _inner(output)
            return f"{answer['usage']['completionTokens']} tokens from {answer['model']}"
        case "transform":
            value = _inner(output)
            return f"{len(value)} of them" if isinstance(value, list) else ""
        case "input":
            return str(_inner(output))
    return ""


def _inner(output: Mapping[str, Any]) -> Any:
    """The one value of an output that has a name of its own."""
    return next(iter(output.values()), None)
