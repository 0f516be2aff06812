"""Following clicks as they come: each is shown once, in the order they happened.

The service lists clicks newest first. A click that happened just before another may be written just
after it; so each look goes back some seconds behind the newest click of the look before, and what
is new there is told by its id. Clicks that are handed in later, with a time further back, do not
show up: they are in lists and reports.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ghostflow.cli import screen
from ghostflow.cli.periods import read_instant
from ghostflow.cli.wording import line_of
from ghostflow.errors import (
    APIConnectionError,
    APITimeoutError,
    GhostFlowError,
    RateLimitedError,
    ServerError,
)
from ghostflow.pages import Page

OVERLAP = timedelta(seconds=10)
"""Group commits and clocks of several servers are apart by far less."""
PAGE_SIZE, LARGEST_PAGE = 200, 1000
_MOST_PAGES = 200
_LONGEST_WAIT = 30.0
_BEGINNING = datetime.min.replace(tzinfo=timezone.utc)

Click = Mapping[str, Any]
Fetch = Callable[[int, "str | None"], Page[Any]]
"""Gives a page of clicks, newest first: called with its size and a cursor."""


class Seen:
    """Which clicks were there before: the recent ones by id, all others by their time."""

    def __init__(self) -> None:
        self._ids: dict[str, datetime] = {}
        self._newest = _BEGINNING
        self._horizon = _BEGINNING

    def add(self, click: Click) -> bool:
        """Note a click; tell whether it is new."""
        at, name = _time_of(click), str(click.get("id"))
        self._newest = max(self._newest, at)
        if at < self._horizon or name in self._ids:
            return False
        self._ids[name] = at
        return True

    def is_past(self, click: Click) -> bool:
        """Tell whether nothing new can come behind a click."""
        return _time_of(click) < self._horizon

    def settle(self) -> None:
        """Take what was noted up to now for known."""
        if self._newest > _BEGINNING:
            self._horizon = max(self._horizon, self._newest - OVERLAP)
        self._ids = {name: at for name, at in self._ids.items() if at >= self._horizon}


def follow(
    fetch: Fetch,
    show: Callable[[Click], None],
    *,
    first: int,
    every: float,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Show the last clicks and then each new one, until Ctrl-C; return 0.

    What passes, such as a service that is restarted, is told once and waited for.

    Args:
        first: How many of the last clicks to begin with.
        every: Seconds between two looks.
    """
    shown = 0
    try:
        seen, last = begin(fetch, first)
        for click in last:
            show(click)
        wait, is_troubled = every, False
        while True:
            sleep(wait)
            try:
                fresh = look(fetch, seen)
            except (APIConnectionError, APITimeoutError, RateLimitedError, ServerError) as error:
                if not is_troubled:
                    screen.print_error(f"{line_of(error)}; still trying")
                wait, is_troubled = _longer(wait, error), True
                continue
            wait, is_troubled = every, False
            for click in fresh:
                show(click)
                shown += 1
    except KeyboardInterrupt:
        screen.tell(f"\n{shown:,} new {'click' if shown == 1 else 'clicks'}")
        return 0


def begin(fetch: Fetch, first: int) -> tuple[Seen, list[Click]]:
    """Return what is known from the start, and the last ``first`` clicks, oldest first."""
    seen = Seen()
    page = fetch(min(max(first, PAGE_SIZE), LARGEST_PAGE), None)
    last = list(reversed(page[:first]))
    since = _time_of(page[0]) - OVERLAP if page else _BEGINNING
    for _ in range(_MOST_PAGES):
        for click in page:
            seen.add(click)
        if not page or page.next_cursor is None or _time_of(page[-1]) < since:
            break
        page = fetch(LARGEST_PAGE, page.next_cursor)
    seen.settle()
    return seen, last


def look(fetch: Fetch, seen: Seen) -> list[Click]:
    """Return what is new, oldest first."""
    fresh: list[Click] = []
    cursor: str | None = None
    size = PAGE_SIZE
    for _ in range(_MOST_PAGES):
        page = fetch(size, cursor)
        fresh += [click for click in page if seen.add(click)]
        cursor = page.next_cursor
        if cursor is None or not page or seen.is_past(page[-1]):
            break
        size = LARGEST_PAGE
    seen.settle()
    return sorted(fresh, key=lambda click: (_time_of(click), str(click.get("id"))))


def _time_of(click: Click) -> datetime:
    return read_instant(click.get("at")) or _BEGINNING


def _longer(wait: float, error: GhostFlowError) -> float:
    asked = getattr(error, "retry_after", None) or 0.0
    return max(min(wait * 2, _LONGEST_WAIT), asked)
