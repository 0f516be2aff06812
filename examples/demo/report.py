"""What the demo says: one console for all, and the table at its end."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["Report", "console", "how_many"]

console = Console(highlight=False)


def how_many(count: int, noun: str) -> str:
    """How many there are: ``1 row``, ``2 rows``."""
    return f"{count} {noun}{'s'[: count != 1]}"


class Report:
    """Collects what happened; each line says whether that is how it should be."""

    def __init__(self) -> None:
        self._table = Table(title="What happened", title_justify="left", box=box.SIMPLE_HEAD)
        self._table.add_column("")
        for header in ("what", "outcome", "how often"):
            self._table.add_column(header, overflow="fold")
        self._mistakes = 0

    def part(self, name: str) -> None:
        """Begin the lines of another service."""
        self._table.add_section()
        self._table.add_row("", f"[bold]{escape(name)}[/]")

    def line(self, what: str, outcome: str, times: object = "", *, fine: bool = True) -> None:
        """Add a line; ``fine`` tells whether it is what a working system would show."""
        mark = "[green]✓[/]" if fine else "[red]✗[/]"
        self._mistakes += not fine
        self._table.add_row(mark, escape(what), escape(outcome), escape(str(times)))

    def left_out(self, what: str, reason: str) -> None:
        """Add a line for what could not be shown here; that is no mistake."""
        self._table.add_row("–", escape(what), f"left out: {escape(reason)}")

    @property
    def is_fine(self) -> bool:
        """Whether every line is as it should be."""
        return not self._mistakes

    def show(self) -> None:
        """Print the table."""
        console.print()
        console.print(self._table)
