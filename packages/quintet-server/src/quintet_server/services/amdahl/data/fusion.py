"""One ranking out of several: reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["fused"]

_K = 60
"""How much the very first places count above the rest; the paper's constant."""


def fused(rankings: Sequence[Sequence[str]]) -> dict[str, float]:
    """Scores of what stands in any ranking, best first; 1 for what leads them all.

    Only places count: scores of different kinds cannot be compared. Equal scores come in the
    order in which the rankings have them.
    """
    most = len(rankings) / (_K + 1)
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, id in enumerate(dict.fromkeys(ranking), 1):
            scores[id] = scores.get(id, 0.0) + 1 / (_K + place) / most
    return dict(sorted(scores.items(), key=lambda item: -item[1]))
