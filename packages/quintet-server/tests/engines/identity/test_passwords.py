"""Passwords: right and wrong ones, the same work for nobody, and the bound of the queue."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet_server.engines.identity import Passwords, PasswordsBusy
from quintet_server.engines.identity.passwords import PASSWORD_MAX_CHARS, normalized
from quintet_server.engines.identity.settings import PasswordSettings

CHEAP = PasswordSettings(memory_bytes=8192, passes_count=1, threads_count=1, waiting_max_count=2)


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    made = Passwords(CHEAP)
    yield made
    await made.stop()


async def test_password_that_was_hashed_is_right_and_others_are_wrong(passwords: Passwords) -> None:
    hashed = await passwords.hash("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert await passwords.verify(hashed, "correct horse")
    assert not await passwords.verify(hashed, "Correct horse")
    assert not await passwords.verify(hashed, "")


async def test_two_hashes_of_one_password_differ_unless_the_salt_is_given(
    passwords: Passwords,
) -> None:
    assert await passwords.hash("correct horse") != await passwords.hash("correct horse")
    salt = b"0123456789abcdef"
    once, again = [await passwords.hash("correct horse", salt=salt) for _ in range(2)]
    assert once == again
    assert await passwords.verify(once, "correct horse")
    assert await passwords.hash("another horse", salt=salt) != once


async def test_default_costs_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PasswordSettings.model_fields:
        monkeypatch.delenv(f"QUINTET_PASSWORD_{name.upper()}", raising=False)
    passwords = Passwords(PasswordSettings())
    try:
        hashed = await passwords.hash("correct horse")
        assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
        assert not passwords.needs_rehash(hashed)
    finally:
        await passwords.stop()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("cafe\u0301 ole", "caf\xe9 ole"),  # one accent, composed or not
        ("\uff21bcdefgh", "Abcdefgh"),  # a letter of full width
        ("with\u00a0space", "with space"),
    ],
)
async def test_password_composed_otherwise_is_the_same(
    passwords: Passwords, typed: str, stored: str
) -> None:
    assert await passwords.verify(await passwords.hash(stored), typed)


async def test_nul_is_a_character_like_any_other(passwords: Passwords) -> None:
    hashed = await passwords.hash("before\x00after")
    assert await passwords.verify(hashed, "before\x00after")
    assert not await passwords.verify(hashed, "before")
    assert not await passwords.verify(hashed, "before\x00other")


async def test_half_of_a_surrogate_pair_is_just_wrong(passwords: Passwords) -> None:
    assert not await passwords.verify(await passwords.hash("12345678"), "1234567\ud800")


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalized(normalized(text)) == normalized(text)


async def test_too_long_a_password_cannot_be_hashed_and_is_nobodys(passwords: Passwords) -> None:
    longest = "x" * PASSWORD_MAX_CHARS
    hashed = await passwords.hash(longest)
    assert await passwords.verify(hashed, longest)
    assert not await passwords.verify(hashed, longest + "x")
    with pytest.raises(ValueError, match="at most 1024 characters"):
        await passwords.hash(longest + "x")


async def test_nobody_has_any_password(passwords: Passwords) -> None:
    assert not await passwords.verify(None, "correct horse")
    assert not await passwords.verify(None, "the password of nobody")
    assert not await passwords.verify("no hash at all", "correct horse")


async def test_nobody_costs_as_much_as_somebody() -> None:
    settings = PasswordSettings(memory_bytes=8 * 1024 * 1024, passes_count=2, threads_count=1)
    passwords = Passwords(settings)
    hashed = await passwords.hash("correct horse")
    await passwords.verify(None, "wrong")  # makes the hash of nobody

    async def seconds(of: str | None) -> float:
        began = time.process_time()
        await passwords.verify(of, "wrong")
        return time.process_time() - began

    # The least of some, taken in turns: what else the machine does only makes it more.
    pairs = [(await seconds(hashed), await seconds(None)) for _ in range(8)]
    await passwords.stop()
    somebody, nobody = (min(times) for times in zip(*pairs, strict=True))
    assert 0.5 < nobody / somebody < 2


async def test_other_costs_ask_for_a_new_hash(passwords: Passwords) -> None:
    hashed = await passwords.hash("correct horse")
    assert not passwords.needs_rehash(hashed)
    dearer = Passwords(CHEAP.model_copy(update={"passes_count": 2}))
    assert dearer.needs_rehash(hashed)
    assert dearer.needs_rehash("no hash at all")
    assert await dearer.verify(hashed, "correct horse")
    await dearer.stop()


class _Stuck:
    """Holds the thread of `passwords` until it is let go."""

    def __init__(self, passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        self.began = threading.Event()
        really = passwords._matches

        def matches(*args: Any) -> bool:
            self.began.set()
            assert self.go.wait(60)
            return really(*args)

        monkeypatch.setattr(passwords, "_matches", matches)


async def test_full_queue_refuses_at_once_and_has_room_again_afterwards(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = await passwords.hash("correct horse")
    stuck = _Stuck(passwords, monkeypatch)
    taken = [asyncio.create_task(passwords.verify(hashed, "correct horse")) for _ in range(3)]
    await asyncio.to_thread(stuck.began.wait, 60)
    with pytest.raises(PasswordsBusy) as refused:
        await passwords.verify(hashed, "correct horse")
    assert 1 <= refused.value.retry_after <= 30
    with pytest.raises(PasswordsBusy):
        await passwords.hash("correct horse")
    stuck.go.set()
    assert await asyncio.gather(*taken) == [True] * 3
    assert await passwords.verify(hashed, "correct horse")


async def test_caller_who_leaves_gives_no_room_before_the_work_is_done(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = _Stuck(passwords, monkeypatch)
    waiting = [asyncio.create_task(passwords.verify(None, "x")) for _ in range(3)]
    await asyncio.to_thread(stuck.began.wait, 60)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    with pytest.raises(PasswordsBusy):
        await passwords.verify(None, "x")
    stuck.go.set()
    async with asyncio.timeout(60):
        while passwords._taken:
            await asyncio.sleep(0.001)
    assert not await passwords.verify(None, "x")


async def test_turns_of_one_name_come_one_after_another_and_others_at_once(
    passwords: Passwords,
) -> None:
    inside: list[str] = []
    may_leave = asyncio.Event()

    async def take(name: str) -> None:
        async with passwords.turn(name):
            inside.append(name)
            await may_leave.wait()

    tasks = [asyncio.create_task(take(name)) for name in ("a", "a", "b")]
    async with asyncio.timeout(60):
        while len(inside) < 2:
            await asyncio.sleep(0)
    assert inside == ["a", "b"]
    may_leave.set()
    await asyncio.gather(*tasks)
    assert inside == ["a", "b", "a"]
    assert not passwords._turns


async def test_too_many_who_wait_for_a_turn_are_refused(passwords: Passwords) -> None:
    async with passwords.turn("a"):

        async def take() -> None:
            async with passwords.turn("a"):
                pass

        waiting = [asyncio.create_task(take()) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(PasswordsBusy):
            await take()
    await asyncio.gather(*waiting)
    assert not passwords._turns
