"""Which offer a click goes to.

By weight: a visitor is a number, the same on every visit, and the weights divide the range of such
numbers among the offers. If the offer cannot be had just now, another number is drawn among the
rest, and so on. So its weight is shared by the others in proportion, and whoever had another offer
keeps it. Nothing here knows whether a robot clicked.
"""

from __future__ import annotations

import hmac
from bisect import bisect_right
from collections.abc import Callable
from random import Random
from uuid import UUID

from quintet_server.services.ghostflow.redirects.links import Offer, Pool

__all__ = ["Draw", "any_draw", "choose", "visitor_draw"]

Draw = Callable[[int], int]
"""A number from 0 up to, and without, the given one."""


def visitor_draw(team_secret: bytes, campaign_id: UUID, visitor_id: UUID) -> Draw:
    """Draws that are the same on every visit."""
    told = campaign_id.bytes + visitor_id.bytes

    def draw(below: int) -> int:
        nonlocal told
        told = hmac.digest(team_secret, told, "sha256")
        return int.from_bytes(told[:8]) % below

    return draw


def any_draw(chance: Random) -> Draw:
    """Draws that have nothing to do with each other."""
    return chance.randrange


def choose(pool: Pool, can_be_had: Callable[[Offer], bool], draw: Draw) -> Offer | None:
    """An offer that can be had, or None if there is none.

    Args:
        pool: The offers for the visitor's country.
        can_be_had: Asked only of offers that are drawn.
        draw: Where the numbers come from.
    """
    while pool.offers:
        place = bisect_right(pool.sums, draw(pool.sums[-1])) if len(pool.offers) > 1 else 0
        offer = pool.offers[place]
        if can_be_had(offer):
            return offer
        pool = Pool.of([*pool.offers[:place], *pool.offers[place + 1 :]])
    return None
