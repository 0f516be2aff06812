"""The events of an agent's run as lines for people, as they come."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from amdahl import AgentStream
from examples.demo.report import console

_LABEL_CHARS = 74


class Narrator:
    """Prints events, and keeps what can be checked.

    Attributes:
        numbers: The number of each event, in the order in which they came.
        types: The type of each.
        text: What the agent said.
    """

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.types: list[str] = []
        self.text = ""
        self._began = time.monotonic()

    def follow(self, stream: AgentStream) -> None:
        """Print the events of a stream until it ends."""
        with stream as events:
            for event in events:
                self.numbers.append(event["seq"])
                self.types.append(event["type"])
                self._tell(event["type"], event["data"])

    def _tell(self, kind: str, data: Mapping[str, Any]) -> None:
        match kind:
            case "session.started":
                self._line("[dim]▷[/]", f"{data['profile_id']} begins")
            case "tool_complete":
                mark = "[green]✓[/]" if data["ok"] else "[red]✗[/]"
                label = escape(str(data["label"])[:_LABEL_CHARS])
                self._line(mark, f"{label} [dim]– {escape(str(data['summary'])[:40])}[/]")
            case "message.delta":
                if not self.text:
                    console.print()
                self.text += data["text"]
                console.print(data["text"], end="", style="cyan", markup=False, soft_wrap=True)
            case "message.completed":
                console.print("\n")
            case "session.awaiting_input":
                self._line("[yellow]?[/]", f"waits: {data['pending_input']['type']}")
            case "session.resumed":
                self._line("[dim]▷[/]", "goes on")
            case "artifact.created":
                made = data["artifact"]
                self._line("[green]✓[/]", f"{made['artifact_type']}: {escape(made['title'])}")
            case "session.completed" | "session.failed" | "session.canceled":
                self._line("[dim]■[/]", kind)

    def _line(self, mark: str, text: str) -> None:
        seconds = time.monotonic() - self._began
        console.print(f"{seconds:6.2f} s {mark} {text}", no_wrap=True, overflow="ellipsis")
