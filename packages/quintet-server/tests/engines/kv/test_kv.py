"""What every store of the cache does alike."""

from __future__ import annotations

import asyncio

import pytest

from quintet_server.engines.kv.model import (
    INT64_MAX,
    INT64_MIN,
    KEY_MAX_BYTES,
    AnswerTooLarge,
    Entry,
    NotAnInteger,
    OutOfRange,
)

from .conftest import Shelf

pytestmark = pytest.mark.engines

HUGE = b"9" * 400


# Values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        b"null",
        b'{ "b" : 1,\n "a" : [1.10, 1e2, -0, 0.1000]}',
        b'{"a":1,"a":2}',
        b"123456789012345678901234567890",
        '"\\u0000 \\ud83d\\ude00 \U0001f600 é"'.encode(),
        b'""',
    ],
)
async def test_value_comes_back_byte_for_byte(shelf, value) -> None:
    await shelf.put("k", value)
    assert await shelf.get("k") == value
    assert await shelf.many("k") == [value]


@pytest.mark.parametrize("size", [60_000, 70_000, 3_000_000])
async def test_large_value_comes_back_beside_small_ones(shelf, size) -> None:
    large = b'"' + b"x" * size + b'"'
    await asyncio.gather(shelf.put("large", large), *(shelf.put(f"s{n}", b"1") for n in range(9)))
    answers = await asyncio.gather(shelf.get("s0"), shelf.get("large"), shelf.get("s1"))
    assert answers == [b"1", large, b"1"]


async def test_absent_key_has_no_value(shelf) -> None:
    assert await shelf.get("k") is None
    assert await shelf.many("k", "l") == [None, None]


async def test_spaces_do_not_see_each_other(kv) -> None:
    mine, yours = Shelf(kv), Shelf(kv)
    await mine.put("k", b"1")
    assert await yours.get("k") is None
    assert await yours.names() == []
    assert await kv.delete(yours.space, "k") is False
    assert (await kv.flush(yours.space, prefix="", cap=10)).deleted == 0
    assert await yours.add("k") == 1
    assert await mine.get("k") == b"1"


@pytest.mark.parametrize("key", ["", "a\x00b", "k" * (KEY_MAX_BYTES + 1), "é" * 600, "\ud800"])
async def test_key_that_cannot_be_one_is_refused(shelf, key) -> None:
    for call in (
        shelf.get(key),
        shelf.put(key),
        shelf.many("ok", key),
        shelf.fill("ok", key),
        shelf.add(key),
        shelf.kv.delete(shelf.space, key),
        shelf.kv.expire(shelf.space, key, 1),
    ):
        with pytest.raises(ValueError, match="must"):
            await call
    assert await shelf.get("ok") is None


async def test_longest_and_oddest_keys_work(shelf) -> None:
    keys = [
        "k" * KEY_MAX_BYTES,
        "é" * 512,
        "\n",
        " ",
        "*",
        "[a",
        "(",
        "-",
        "+",
        "\U0010ffff",
        "{x}",
    ]
    await shelf.fill(*keys)
    assert await shelf.names() == sorted(keys)
    assert await shelf.many(*keys) == [b"1"] * len(keys)


# Many -----------------------------------------------------------------------------------------


async def test_many_answers_in_order_with_duplicates(shelf) -> None:
    await shelf.put("a", b"1")
    await shelf.put("b", b"2")
    assert await shelf.many("b", "x", "a", "b") == [b"2", None, b"1", b"2"]
    assert await shelf.many() == []


async def test_many_counts_every_answer_against_the_bound(shelf) -> None:
    await shelf.put("a", b"12345")
    assert await shelf.many("a", "a", max_bytes=10) == [b"12345"] * 2
    with pytest.raises(AnswerTooLarge) as caught:
        await shelf.many("a", "a", "a", max_bytes=14)
    assert caught.value.total_bytes == 15


async def test_set_many_lets_the_last_of_equal_keys_win(shelf, jump) -> None:
    entries = [Entry("a", b"1"), Entry("b", b"2", 500), Entry("a", b"3", 500), Entry("b", b"4")]
    await shelf.kv.set_many(shelf.space, entries)
    assert await shelf.many("a", "b") == [b"3", b"4"]
    await jump(500)
    assert await shelf.many("a", "b") == [None, b"4"]
    await shelf.kv.set_many(shelf.space, [])


async def test_delete_many_counts_what_was_there(shelf, jump) -> None:
    await shelf.fill("a", "b")
    await shelf.put("gone", b"1", 1)
    await jump(1)
    assert await shelf.kv.delete_many(shelf.space, ["a", "a", "x", "gone"]) == 1
    assert await shelf.kv.delete_many(shelf.space, []) == 0
    assert await shelf.names() == ["b"]


async def test_delete_says_whether_there_was_one(shelf) -> None:
    await shelf.put("a")
    asked = [shelf.kv.delete(shelf.space, "a") for _ in range(8)]
    assert sorted(await asyncio.gather(*asked)) == [False] * 7 + [True]


# Time to live ---------------------------------------------------------------------------------


async def test_entry_is_gone_exactly_when_its_time_is_over(shelf, jump) -> None:
    await shelf.put("k", b"7", 100)
    await jump(50)
    assert await shelf.get("k") == b"7"
    assert await shelf.names() == ["k"]
    await jump(50)
    assert await shelf.get("k") is None
    assert await shelf.many("k") == [None]
    assert await shelf.names() == []
    assert await shelf.kv.expire(shelf.space, "k", 10) is False
    assert await shelf.kv.delete(shelf.space, "k") is False


async def test_overwriting_without_ttl_clears_the_expiry(shelf, jump) -> None:
    await shelf.put("k", b"1", 10)
    await shelf.put("k", b"2")
    await jump(20)
    assert await shelf.get("k") == b"2"


async def test_expire_sets_shortens_and_prolongs(shelf, jump) -> None:
    assert await shelf.kv.expire(shelf.space, "k", 10) is False
    await shelf.put("k", b"1")
    assert await shelf.kv.expire(shelf.space, "k", 100_000) is True
    assert await shelf.kv.expire(shelf.space, "k", 1000) is True
    await jump(800)
    assert await shelf.kv.expire(shelf.space, "k", 1000) is True
    await jump(800)
    assert await shelf.get("k") == b"1"
    await jump(200)
    assert await shelf.get("k") is None


async def test_listing_shows_the_second_by_which_a_key_is_gone(shelf, clock) -> None:
    await shelf.put("k", b"1", 600)
    await shelf.put("l", b"1")
    page = await shelf.kv.page(shelf.space, prefix="", after=None, limit=10)
    assert page.keys[1].expiration is None
    assert clock.now() + 540 < page.keys[0].expiration < clock.now() + 601
    assert isinstance(page.keys[0].expiration, int)


async def test_sweeping_removes_only_what_is_over(shelf, jump, db, kv_settings) -> None:
    await asyncio.gather(*(shelf.put(f"a{n}", b"1", 1000) for n in range(30)))
    await shelf.put("later", b"1", 100_000)
    await shelf.put("renewed", b"1", 1000)
    await shelf.put("renewed", b"1")
    await jump(1000)
    assert await shelf.kv.sweep() >= 30
    assert await shelf.names() == ["later", "renewed"]
    assert await shelf.kv.sweep() == 0
    if kv_settings.url is None:
        async with db.connection() as conn:
            cursor = await conn.execute(
                "SELECT count(*) FROM kv_entries WHERE space = %s", (shelf.space,)
            )
            assert (await cursor.fetchone())[0] == 2


# Listing --------------------------------------------------------------------------------------


async def test_prefix_is_taken_literally(shelf) -> None:
    keys = ["a%b", "a_b", "axb", "a\\b", "a*", "a[b", "A%", "ab", "a\U0010ffffz"]
    await shelf.fill(*keys)
    for prefix in ("a%", "a_", "a\\", "a*", "a[", "a", "a\U0010ffff", "", "\ud7ff", "nothing"):
        wanted = sorted(key for key in keys if key.startswith(prefix))
        assert await shelf.names(prefix) == wanted, prefix


async def test_pages_are_stable_while_others_write(shelf) -> None:
    keys = [f"k{n:03}" for n in range(50)]
    await shelf.fill(*keys)
    first = await shelf.kv.page(shelf.space, prefix="k", after=None, limit=20)
    await shelf.fill("k005x", "k030x")  # before and behind the place
    await shelf.kv.delete_many(shelf.space, ["k019", "k040"])
    rest = await shelf.kv.page(shelf.space, prefix="k", after="k019", limit=100)
    found = [listed.key for listed in (*first.keys, *rest.keys)]
    assert found == sorted({*keys, "k030x"} - {"k040"})


@pytest.mark.parametrize("limit", [1, 7, 49, 50, 51])
async def test_pages_join_to_the_whole(shelf, limit) -> None:
    keys = [f"k{n:03}" for n in range(50)]
    await shelf.fill(*keys, "other")
    assert await shelf.walk(limit, "k") == keys


async def test_page_behind_a_key_outside_the_prefix_begins_with_the_prefix(shelf) -> None:
    await shelf.fill("a", "b1", "b2", "c")
    for after, wanted in (("a", ["b1", "b2"]), ("b1", ["b2"]), ("c", [])):
        page = await shelf.kv.page(shelf.space, prefix="b", after=after, limit=10)
        assert [listed.key for listed in page.keys] == wanted, after


async def test_flush_stops_at_its_cap_and_says_so(shelf) -> None:
    await shelf.fill(*(f"a{n}" for n in range(5)), "b")
    flushed = await shelf.kv.flush(shelf.space, prefix="a", cap=3)
    assert (flushed.deleted, flushed.is_truncated) == (3, True)
    flushed = await shelf.kv.flush(shelf.space, prefix="a", cap=3)
    assert (flushed.deleted, flushed.is_truncated) == (2, False)
    assert await shelf.names() == ["b"]
    flushed = await shelf.kv.flush(shelf.space, prefix="", cap=1)
    assert (flushed.deleted, flushed.is_truncated) == (1, False)


async def test_flush_does_not_count_what_is_over(shelf, jump) -> None:
    await shelf.put("a", b"1", 1)
    await shelf.put("b")
    await jump(1)
    assert (await shelf.kv.flush(shelf.space, prefix="", cap=10)).deleted == 1


# Increments -----------------------------------------------------------------------------------


async def test_absent_counter_begins_with_its_initial_value(shelf) -> None:
    assert await shelf.add("a") == 1
    assert await shelf.add("b", 5, initial=100) == 105
    assert await shelf.add("b", -6, initial=7) == 99
    assert await shelf.add("c", 0, initial=-3) == -3
    assert await shelf.get("b") == b"99"


async def test_counter_keeps_its_expiry_and_ttl_is_for_new_ones(shelf, jump) -> None:
    await shelf.add("new", ttl=1000)
    await shelf.put("old", b"5", 1000)
    await shelf.put("endless", b"5")
    await jump(800)
    for key in ("new", "old", "endless"):
        await shelf.add(key, ttl=100_000)
    assert await shelf.many("new", "old", "endless") == [b"2", b"6", b"6"]
    await jump(200)
    assert await shelf.many("new", "old", "endless") == [None, None, b"6"]
    assert await shelf.add("old", ttl=1000) == 1
    await jump(1000)
    assert await shelf.get("old") is None


@pytest.mark.parametrize(
    "value",
    [b'"5"', b"null", b"true", b"1.5", b"1.0", b"1e3", b"[1]", b"{}", b'"' + HUGE * 9 + b'"'],
)
async def test_what_is_no_integer_is_left_alone(shelf, value) -> None:
    await shelf.put("k", value)
    with pytest.raises(NotAnInteger):
        await shelf.add("k")
    assert await shelf.get("k") == value


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (INT64_MAX, 1),
        (INT64_MIN, -1),
        (INT64_MAX + 1, -1),
        (INT64_MIN - 1, 1),
        (10**300, 1),
        (1, INT64_MAX),
    ],
)
async def test_sum_outside_64_bits_is_refused(shelf, value, amount) -> None:
    await shelf.put("k", b"%d" % value)
    with pytest.raises(OutOfRange):
        await shelf.add("k", amount)
    assert await shelf.get("k") == b"%d" % value


async def test_new_counter_outside_64_bits_is_not_begun(shelf) -> None:
    with pytest.raises(OutOfRange):
        await shelf.add("k", 1, initial=INT64_MAX)
    with pytest.raises(OutOfRange):
        await shelf.add("k", INT64_MAX + 1)
    assert await shelf.names() == []


async def test_sums_are_exact_to_the_last_bit(shelf) -> None:
    await shelf.put("k", b"%d" % (2**53))
    assert await shelf.add("k") == 2**53 + 1
    assert await shelf.add("k", INT64_MAX - 2**53 - 1) == INT64_MAX
    assert await shelf.add("m", 2**60, initial=2**53 + 1) == 2**60 + 2**53 + 1
    await shelf.put("z", b"-0")
    assert await shelf.add("z", 0) == 0
    assert await shelf.get("z") == b"0"


async def test_concurrent_increments_all_count(shelf) -> None:
    sums = await asyncio.gather(*(shelf.add("k", ttl=100) for _ in range(300)))
    assert sorted(sums) == list(range(1, 301))


async def test_increments_beside_other_writes_do_not_block_each_other(shelf) -> None:
    async def churn(n: int) -> None:
        await shelf.add(f"k{n % 5}")
        await shelf.kv.set_many(shelf.space, [Entry(f"k{i}", b"1") for i in (4, 3, 2, 1, 0)])
        await shelf.kv.delete_many(shelf.space, [f"k{i}" for i in (2, 4, 1)])
        await shelf.kv.flush(shelf.space, prefix="k", cap=10)

    await asyncio.gather(*(churn(n) for n in range(60)))  # a deadlock ends in an error
