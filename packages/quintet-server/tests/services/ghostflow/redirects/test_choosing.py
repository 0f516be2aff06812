"""Weights, and who stays where."""

from __future__ import annotations

import uuid
from collections import Counter
from random import Random
from uuid import UUID

from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.clicks.macros import compile_template
from quintet_server.services.ghostflow.redirects.choosing import any_draw, choose, visitor_draw
from quintet_server.services.ghostflow.redirects.links import Offer, Pool, Target

SECRET = b"s" * 32
CAMPAIGN = UUID(int=7)


def pool(*weights: int) -> Pool:
    return Pool.of(
        [
            Offer(
                id=UUID(int=number),
                target=Target(compile_template("https://offers.example/"), frozenset()),
                weight=weight,
                is_active=True,
                countries=frozenset(),
                network_id=None,
                payout="",
                cap=None,
            )
            for number, weight in enumerate(weights)
        ]
    )


def of_visitor(offers: Pool, visitor: int, closed: frozenset[int] = frozenset()) -> int | None:
    found = choose(
        offers,
        lambda offer: offer.id.int not in closed,
        visitor_draw(SECRET, CAMPAIGN, UUID(int=visitor)),
    )
    return None if found is None else found.id.int


def test_visitor_gets_the_offer_at_the_place_of_its_number() -> None:
    import hmac

    offers = pool(1, 2, 3)
    for visitor in range(50):
        digest = hmac.digest(SECRET, CAMPAIGN.bytes + UUID(int=visitor).bytes, "sha256")
        place = int.from_bytes(digest[:8]) % 6
        assert of_visitor(offers, visitor) == [0, 1, 1, 2, 2, 2][place]


@given(
    weights=st.lists(st.integers(1, 1000), min_size=1, max_size=6),
    visitor=st.integers(0, 2**128 - 1),
    data=st.data(),
)
def test_visitor_keeps_the_offer_while_it_can_be_had(
    weights: list[int], visitor: int, data: st.DataObject
) -> None:
    offers = pool(*weights)
    usual = of_visitor(offers, visitor)
    closed = frozenset(data.draw(st.sets(st.integers(0, len(weights) - 1))))
    found = of_visitor(offers, visitor, closed)
    assert found == of_visitor(offers, visitor, closed)
    if len(closed) == len(weights):
        assert found is None
    elif usual not in closed:
        assert found == usual
    else:
        assert found not in closed


def test_weight_of_a_closed_offer_is_shared_in_proportion() -> None:
    offers = pool(50, 30, 10, 10)
    people = 20_000
    chance = Random(1)
    visitors = [chance.getrandbits(128) for _ in range(people)]
    everybody = Counter(of_visitor(offers, visitor) for visitor in visitors)
    without = Counter(of_visitor(offers, visitor, frozenset([0])) for visitor in visitors)
    at_random = Counter(
        found.id.int
        for _ in visitors
        if (found := choose(offers, lambda _: True, any_draw(chance)))
    )
    for counted, shares in (
        (everybody, {0: 0.5, 1: 0.3, 2: 0.1, 3: 0.1}),
        (at_random, {0: 0.5, 1: 0.3, 2: 0.1, 3: 0.1}),
        (without, {1: 0.6, 2: 0.2, 3: 0.2}),
    ):
        assert counted.keys() == shares.keys()
        for offer, share in shares.items():
            assert abs(counted[offer] / people - share) < 0.02


def test_visitor_number_depends_on_team_and_campaign() -> None:
    visitor = uuid.UUID(int=5)
    numbers = {
        visitor_draw(secret, campaign, visitor)(2**60)
        for secret in (SECRET, b"t" * 32)
        for campaign in (CAMPAIGN, UUID(int=8))
    }
    assert len(numbers) == 4


def test_no_offer_is_no_choice() -> None:
    assert of_visitor(pool(), 1) is None
