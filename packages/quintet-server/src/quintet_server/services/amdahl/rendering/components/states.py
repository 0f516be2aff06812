"""What stands in place of data that is not there: empty, failed, or cut.

A page may be read by people who may know nothing of its queries. So a failure is told by its kind;
the server's own message stays in the JSON, which only the page's makers get.
"""

from __future__ import annotations

from quintet_server.services.amdahl.rendering.components.sheet import Node, Sheet
from quintet_server.services.amdahl.rendering.markup import element, escape

_REASONS = {
    "timeout": "The query took too long and was stopped.",
    "invalid_sql": "The query behind it cannot be run as it is written.",
    "unavailable": "The source of the data is not available right now.",
    "rate_limited": "Too many queries were run; try again shortly.",
    "quota_exceeded": "Too many queries were run; try again shortly.",
}
_OTHERWISE = "Something went wrong while it was read."


def failure_of(node: Node) -> str | None:
    """Markup that tells that a query of the node failed; None if all went well."""
    for name, outcome in node.bound.items():
        if outcome is None:
            return _state("This page needs to be repaired", "It shows a query it lacks.", name)
        if outcome.error is not None:
            reason = _REASONS.get(str(outcome.error.get("code")), _OTHERWISE)
            return _state("This could not be loaded", reason, name)
    return None


def empty(reason: str) -> str:
    """There is nothing, and why."""
    return element("div", f"<span>{escape(reason)}</span>", class_="state")


def cut(node: Node) -> list[str]:
    """Notes on queries that had more rows than may be shown."""
    return [
        f"Only the first {outcome.row_count:,} rows of {name} are shown."
        for name, outcome in node.bound.items()
        if outcome is not None and outcome.truncated
    ]


def notes(texts: list[str]) -> str:
    """Small print below a component; nothing if there is nothing to say."""
    return element("p", escape(" ".join(texts)), class_="note") if texts else ""


def no_room(_sheet: Sheet, _node: Node) -> str:
    """The document is as big as it may be."""
    return _state("Not drawn", "This page holds more data than one document can show.")


def unknown(_sheet: Sheet, node: Node) -> str:
    """A component that this server does not draw."""
    if node.type == "Custom":
        return empty("A custom component: its code runs only where the workspace allows it.")
    return empty(f"The component {node.type[:60]} is not known here.")


def _state(what: str, why: str, query: str = "") -> str:
    inside = f"<b>{escape(what)}</b><span>{escape(why)}</span>"
    inside += f"<small>Query: {escape(query)}</small>" if query else ""
    return element("div", inside, class_="state failed", role="note")
