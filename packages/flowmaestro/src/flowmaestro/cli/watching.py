"""Following an execution live."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flowmaestro._sync.client import FlowMaestroClient
from flowmaestro.cli import screen

EXIT_NOT_COMPLETED = 4


def watch(client: FlowMaestroClient, execution_id: str, *, as_json: bool) -> int:
    """Show an execution's events until it has ended; return 0 if it completed, else 4.

    What happens goes to standard error, the outputs to standard output.
    """
    try:
        with client.executions.stream(execution_id) as events:
            for event in events:
                if as_json:
                    screen.print_json(event)
                elif line := describe(event):
                    screen.tell(line)
    except KeyboardInterrupt:
        screen.tell(f"it goes on without you; flowmaestro watch {execution_id}")
        raise
    final = events.final
    if final is None or final["type"] != "execution:completed":
        return EXIT_NOT_COMPLETED
    if not as_json:
        screen.print_value(final.get("outputs"))
    return 0


def describe(event: Mapping[str, Any]) -> str:
    """Return one line about an event, ``""`` if it is not worth one."""
    make = _LINES.get(event["type"])
    return "" if make is None else make(event)


def _node(event: Mapping[str, Any]) -> str:
    name, node_id = event.get("node_name"), event.get("node_id")
    label = str(name or node_id or "?")
    return label if not name or name == node_id else f"{label} ({node_id})"


def _started(event: Mapping[str, Any]) -> str:
    total = event.get("total_nodes")
    nodes = f", {total} nodes" if total is not None else ""
    return f"started    {event.get('workflow_name') or event.get('execution_id')}{nodes}"


def _completed_node(event: Mapping[str, Any]) -> str:
    spent = event.get("duration_ms")
    time = f"  {spent:.0f} ms" if isinstance(spent, (int, float)) else ""
    return f"done       {_node(event)}{time}"


def _paused(event: Mapping[str, Any]) -> str:
    context = event.get("pause_context")
    asked = context.get("prompt") if isinstance(context, Mapping) else None
    return (
        f"paused     {asked or event.get('reason') or 'it waits for a person'}\n"
        f"           flowmaestro resume {event.get('execution_id')} INPUT"
    )


_LINES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "execution:started": _started,
    "node:started": lambda event: f"running    {_node(event)}  {event.get('node_type') or ''}",
    "node:completed": _completed_node,
    "node:failed": lambda event: f"failed     {_node(event)}: {event.get('error')}",
    "node:retry": lambda event: f"again      {_node(event)}: {event.get('error')}",
    "node:skipped": lambda event: f"skipped    {_node(event)}",
    "execution:paused": _paused,
    "execution:resumed": lambda event: "resumed",
    "execution:completed": lambda event: "completed",
    "execution:failed": lambda event: f"failed     {event.get('error')}",
    "execution:cancelled": lambda event: "cancelled",
}
