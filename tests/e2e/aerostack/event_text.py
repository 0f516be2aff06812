"""The data of an event stream, as the simplest reader sees it."""

from __future__ import annotations

__all__ = ["events_of"]


def events_of(text: str) -> list[str]:
    """Return the data of each event; comments are passed over."""
    frames = text.removesuffix("\n\n").split("\n\n")
    return [frame.removeprefix("data: ") for frame in frames if not frame.startswith(":")]
