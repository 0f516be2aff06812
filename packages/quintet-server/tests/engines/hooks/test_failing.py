"""Deliveries that do not arrive: spread waits, counting, switching off, and a service that asks."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from hypothesis import given, strategies as st

from quintet_server.engines.hooks.formats import DeliveryPolicy, HookFormat, Verdict
from quintet_server.engines.hooks.listing import SubscriptionFilter, list_subscriptions
from quintet_server.engines.hooks.subscriptions import Owner, TooManySubscriptions

from .conftest import TYPES, build

OWNER = Owner("flare", "prj_1")


def judge(status: int) -> Verdict:
    if status == 410:
        return Verdict.GONE
    return Verdict.DELIVERED if status < 300 else Verdict.RETRY


@pytest.fixture
def policy() -> DeliveryPolicy:
    """Two attempts, an hour apart, more or less; off after three given up in a row."""
    return DeliveryPolicy(
        max_attempts=2,
        delays_ms=(3_600_000,),
        jitter_ms=0,
        spread=0.2,
        disable_after=3,
        judge=judge,
    )


@pytest.fixture
def hook_format(policy) -> HookFormat:
    return HookFormat(
        TYPES,
        build,
        lambda: "whsec_x",
        policy,
        delivery_headers=lambda delivery, attempt: {"x-which": f"{delivery}/{attempt}"},
        by_hand=frozenset({"hook.test"}),
    )


async def look(hook_bench, subscription):
    return await hook_bench.hooks.subscriptions.get(OWNER, subscription.id)


async def counted(hook_bench, subscription, count):
    async with asyncio.timeout(60):
        while (found := await look(hook_bench, subscription)).failure_count != count:
            await asyncio.sleep(0.005)
    return found


async def test_waits_are_spread_and_the_attempt_is_told(hook_bench, receiver, advance):
    receiver.answers = [receiver.answer(500), receiver.answer(200)]
    chances = iter((1.0,))
    hook_bench.hooks.deliveries._chance = lambda: next(chances)
    subscription = await hook_bench.subscribe()
    await hook_bench.announce()
    delivery = await hook_bench.attempted(subscription, 1)
    waited = delivery.next_attempt_at - delivery.attempts[-1].at
    assert dt.timedelta(0) <= waited - dt.timedelta(hours=1.2) < dt.timedelta(seconds=60)
    await advance(4_400)
    await hook_bench.settled(subscription)
    said = [request.headers["x-which"] for request in receiver.requests]
    assert said == [f"{delivery.id}/1", f"{delivery.id}/2"]


@given(st.integers(1, 9), st.floats(0, 1), st.lists(st.integers(0, 10**6), max_size=4))
def test_spread_waits_stay_within_their_bounds(attempt, chance, delays):
    policy = DeliveryPolicy(delays_ms=tuple(delays), jitter_ms=0, spread=0.2)
    middle = delays[min(attempt, len(delays)) - 1] / 1000 if delays else 0
    waited = policy.wait_seconds(attempt, chance)
    assert 0.8 * middle - 1e-6 <= waited <= 1.2 * middle + 1e-6


async def test_given_up_deliveries_count_and_one_that_arrives_begins_anew(
    hook_bench, receiver, advance
):
    receiver.answers = [receiver.answer(500)]
    subscription = await hook_bench.subscribe()
    for _ in range(2):
        await hook_bench.announce()
    await receiver.wait_for(2)
    for one in await hook_bench.log(subscription):
        await hook_bench.until(subscription, lambda d, n=one.id: await_next(d))
    assert (await look(hook_bench, subscription)).failure_count == 0  # nothing is given up yet
    await advance(4_400)
    await counted(hook_bench, subscription, 2)
    receiver.answers = [receiver.answer(200)]
    await hook_bench.announce()
    found = await counted(hook_bench, subscription, 0)
    assert (found.enabled, found.disabled_reason) == (True, None)


def await_next(delivery) -> bool:
    return delivery.next_attempt_at is not None


async def test_three_given_up_in_a_row_switch_off_until_switched_on_by_hand(hook_bench, receiver):
    receiver.answers = [receiver.answer(500)]
    subscription = await hook_bench.subscribe()
    async with hook_bench.db.connection() as conn:
        await conn.execute("UPDATE hook_subscriptions SET max_attempts = 1")
    for _ in range(4):
        await hook_bench.announce()
    found = await counted_at_least(hook_bench, subscription, 3)
    assert not found.enabled
    assert found.disabled_reason == "3 deliveries in a row were given up"
    await hook_bench.announce()
    async with hook_bench.db.connection() as conn:
        change = hook_bench.hooks.subscriptions.update
        kept = await change(conn, OWNER, subscription.id, description="still off")
        assert (kept.enabled, kept.disabled_reason) == (False, found.disabled_reason)
        again = await change(conn, OWNER, subscription.id, enabled=True)
    assert (again.enabled, again.disabled_reason, again.failure_count) == (True, None, 0)
    assert len(await hook_bench.log(subscription)) == 4


async def counted_at_least(hook_bench, subscription, count):
    async with asyncio.timeout(60):
        while (found := await look(hook_bench, subscription)).failure_count < count:
            await asyncio.sleep(0.005)
    return found


async def test_gone_switches_off_and_what_waits_is_not_sent(hook_bench, receiver, advance):
    receiver.answers = [receiver.answer(500), receiver.answer(410)]
    subscription = await hook_bench.subscribe()
    await hook_bench.announce()
    await hook_bench.attempted(subscription, 1)
    await hook_bench.announce()
    found = await counted(hook_bench, subscription, 1)
    assert not found.enabled
    assert "410" in found.disabled_reason
    await advance(4_400)
    async with asyncio.timeout(60):
        while any(one.state == "pending" for one in await hook_bench.log(subscription)):
            await asyncio.sleep(0.005)
    assert len(receiver.requests) == 2
    assert (await look(hook_bench, subscription)).failure_count == 1  # not sent is not given up


async def test_what_is_sent_by_hand_counts_for_nothing(hook_bench, receiver):
    receiver.answers = [receiver.answer(410)]
    subscription = await hook_bench.subscribe(events=["hook.test", "job.failed"])
    async with hook_bench.db.transaction() as conn:
        await hook_bench.hooks.deliveries.send_test(
            conn, OWNER, subscription.id, type="hook.test", data={}
        )
    assert (await hook_bench.settled(subscription)).state == "failed"
    found = await look(hook_bench, subscription)
    assert (found.enabled, found.failure_count) == (True, 0)
    assert len(receiver.requests) == 1  # asking for its type brings no second one


async def test_deleting_while_deliveries_end_never_meets_them_in_a_circle(hook_bench, receiver):
    """Both lock the subscription before its deliveries; the other way round is a deadlock."""
    receiver.answers = [b"hold"]
    subscription = await hook_bench.subscribe()
    async with hook_bench.db.connection() as conn:
        await conn.execute("UPDATE hook_subscriptions SET max_attempts = 1")
    for _ in range(3):
        await hook_bench.announce()
    await receiver.wait_for(3)
    async with hook_bench.db.transaction() as conn:
        await conn.execute("SET LOCAL deadlock_timeout = '50ms'")
        await conn.execute("SELECT FROM hook_subscriptions FOR UPDATE")
        receiver.hold.set()
        await asyncio.sleep(0.05)
        await hook_bench.hooks.subscriptions.delete(conn, OWNER, subscription.id)
    async with hook_bench.db.connection() as conn:
        cursor = await conn.execute("SELECT count(*) FROM hook_deliveries")
        assert await cursor.fetchone() == (0,)


async def test_owner_has_no_more_than_it_may(hook_bench):
    await hook_bench.subscribe(most=2)
    await hook_bench.subscribe(owner=Owner("flare", "prj_2"))
    await hook_bench.subscribe(most=2)
    with pytest.raises(TooManySubscriptions, match="2"):
        await hook_bench.subscribe(most=2)


async def test_list_is_newest_first_and_filtered(hook_bench):
    made = [await hook_bench.subscribe(description=f"No. {n}", created_by="u") for n in range(4)]
    await hook_bench.subscribe(owner=Owner("flare", "prj_2"))

    async def listed(limit=10, after=None, offset=0, **wanted):
        async with hook_bench.db.connection() as conn:
            found, total = await list_subscriptions(
                conn,
                OWNER,
                SubscriptionFilter(**wanted),
                limit=limit,
                after=after,
                offset=offset,
            )
        return [made.index(one) for one in found], total

    assert await listed() == ([3, 2, 1, 0], 4)
    assert await listed(limit=1, after=(made[2].created_at, made[2].id)) == ([1], 4)
    assert await listed(offset=3) == ([0], 4)
    assert await listed(text="no. 2") == ([2], 1)
    assert await listed(text="%") == ([], 0)
    assert await listed(enabled=False) == ([], 0)
    assert await listed(created_from=made[2].created_at) == ([3, 2], 2)
    assert await listed(updated_to=made[0].updated_at) == ([0], 1)
