"""Reads that many ask for at once."""

from __future__ import annotations

import asyncio

import pytest

from quintet_server.store.shared_reads import SharedReads


class Reading:
    """A database that answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: list[asyncio.Future[int]] = []

    async def __call__(self, key: str) -> int:
        self.asked.append(key)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        return await answer


async def turn() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def reading() -> Reading:
    return Reading()


@pytest.fixture
def reads(reading: Reading) -> SharedReads[str, int]:
    return SharedReads(reading)


async def test_all_who_ask_for_a_key_meanwhile_share_one_read(
    reads: SharedReads[str, int], reading: Reading
) -> None:
    asking = [asyncio.create_task(reads.get(key)) for key in ("a", "b", "a", "a", "b")]
    await turn()
    assert reading.asked == ["a", "b"]
    for number, answer in enumerate(reading.answers):
        answer.set_result(number)
    assert await asyncio.gather(*asking) == [0, 1, 0, 0, 1]


async def test_read_goes_on_when_whoever_began_it_goes_away(
    reads: SharedReads[str, int], reading: Reading
) -> None:
    first, second = (asyncio.create_task(reads.get("a")) for _ in range(2))
    await turn()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    reading.answers[0].set_result(7)
    assert await second == 7
    assert first.cancelled()
    assert reading.asked == ["a"]


async def test_failure_is_everybodys_and_the_next_begins_anew(
    reads: SharedReads[str, int], reading: Reading
) -> None:
    asking = [asyncio.create_task(reads.get("a")) for _ in range(3)]
    await turn()
    reading.answers[0].set_exception(OSError("gone"))
    failures = await asyncio.gather(*asking, return_exceptions=True)
    assert [str(failure) for failure in failures] == ["gone"] * 3
    again = asyncio.create_task(reads.get("a"))
    await turn()
    reading.answers[1].set_result(1)
    assert await again == 1


@pytest.mark.parametrize("forgotten", [None, "a"])
async def test_who_asks_after_a_change_does_not_get_what_was_read_before(
    reads: SharedReads[str, int], reading: Reading, forgotten: str | None
) -> None:
    before = asyncio.create_task(reads.get("a"))
    await turn()
    reads.forget(forgotten)
    after = asyncio.create_task(reads.get("a"))
    await turn()
    reading.answers[0].set_result(0)
    assert await before == 0
    # The end of the first is not the end of the second, which is shared on.
    late = asyncio.create_task(reads.get("a"))
    await turn()
    reading.answers[1].set_result(1)
    assert await asyncio.gather(after, late) == [1, 1]
    assert reading.asked == ["a", "a"]


async def test_read_of_another_key_is_shared_on_when_one_is_forgotten(
    reads: SharedReads[str, int], reading: Reading
) -> None:
    before = asyncio.create_task(reads.get("a"))
    await turn()
    reads.forget("b")
    after = asyncio.create_task(reads.get("a"))
    await turn()
    reading.answers[0].set_result(0)
    assert await asyncio.gather(before, after) == [0, 0]
