"""Discs packed around a middle without overlapping.

Each disc goes where it touches two that are neighbours on the outline and lies nearest to the
middle. What it covers of the outline can be touched no more, so the outline stays short, and the
work for each disc small. The outline runs clockwise (with y upwards): outside is at its left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Circle(NamedTuple):
    """A disc in the plane."""

    x: float
    y: float
    radius: float


_TOLERANCE = 1e-7
_SKIPPED_MAX_COUNT = 2


class _Found(NamedTuple):
    disc: Circle
    after: int
    """Of the outline: the disc behind which it goes."""
    skipped: int
    """How many of the outline it covers."""


def packed(radii: Sequence[float]) -> list[Circle]:
    """Places for discs of these radii (above zero), the first in the middle; in the same order."""
    placed: list[Circle] = []
    outline: list[Circle] = []
    for radius in radii:
        if len(placed) < 2:
            disc = Circle(placed[0].radius + radius if placed else 0.0, 0.0, radius)
            outline.append(disc)
        else:
            found = _nearest(outline, placed, radius)
            disc = found.disc
            # Turned so that the pair it touches is at the ends.
            turned = [*outline[found.after :], *outline[: found.after]]
            outline = [turned[0], disc, *turned[1 + found.skipped :]]
        placed.append(disc)
    return placed


def _nearest(outline: Sequence[Circle], placed: Sequence[Circle], radius: float) -> _Found:
    best, nearest = None, math.inf
    for after, skipped, disc in _candidates(outline, radius):
        far = disc.x * disc.x + disc.y * disc.y
        if far < nearest and _is_free(disc, placed):
            best, nearest = _Found(disc, after, skipped), far
    if best is not None:
        return best
    # Beyond the right edge there is always room. Whose edge it is may have left the outline.
    right = max(placed, key=lambda disc: disc.x + disc.radius)
    after = max(range(len(outline)), key=lambda index: outline[index].x + outline[index].radius)
    return _Found(Circle(right.x + right.radius + radius, right.y, radius), after, 0)


def _candidates(outline: Sequence[Circle], radius: float) -> Iterator[tuple[int, int, Circle]]:
    count = len(outline)
    for after, a in enumerate(outline):
        for skipped in range(min(_SKIPPED_MAX_COUNT, count - 2) + 1):
            b = outline[(after + 1 + skipped) % count]
            disc = _touching(a, b, radius)
            if disc is not None:
                yield after, skipped, disc


def _touching(a: Circle, b: Circle, radius: float) -> Circle | None:
    """Where a disc at the left of the way from `a` to `b` touches both; None if it cannot."""
    dx, dy = b.x - a.x, b.y - a.y
    distance = math.hypot(dx, dy)
    to_a, to_b = a.radius + radius, b.radius + radius
    if distance > to_a + to_b or distance == 0:
        return None
    along = (distance * distance + to_a * to_a - to_b * to_b) / (2 * distance)
    aside = math.sqrt(max(0.0, to_a * to_a - along * along))
    ux, uy = dx / distance, dy / distance
    return Circle(a.x + along * ux - aside * uy, a.y + along * uy + aside * ux, radius)


def _is_free(disc: Circle, placed: Sequence[Circle]) -> bool:
    x, y, radius = disc
    for other in reversed(placed):
        reach = radius + other.radius - _TOLERANCE
        dx, dy = other.x - x, other.y - y
        if dx * dx + dy * dy < reach * reach:
            return False
    return True
