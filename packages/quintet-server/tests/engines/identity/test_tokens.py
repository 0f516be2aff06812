"""Tokens: what they say, how long they hold, and keys that change under them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from quintet_server.engines.identity import TokenExpired, TokenInvalid, Tokens
from quintet_server.engines.identity.settings import TokenSettings
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus

Advance = Callable[[float], Awaitable[None]]
MakeTokens = Callable[..., Awaitable[Tokens]]

CLAIMS = {"sub": "user", "email": "ada@example.com", "pid": "prj_1"}


@pytest.fixture
async def clock(db: Database, bus: NotifyBus) -> Clock:
    clock = Clock(db, bus)
    await clock.start()
    return clock


@pytest.fixture
async def make(db: Database, bus: NotifyBus, clock: Clock) -> AsyncIterator[MakeTokens]:
    """`await make(lifetime_seconds=…)`: as another process of the server would have."""
    made: list[Tokens] = []
    async with db.connection() as conn:
        await conn.execute("TRUNCATE identity_token_keys")

    async def start(**settings: Any) -> Tokens:
        tokens = Tokens(db, bus, clock, TokenSettings(**settings))
        await tokens.start()
        made.append(tokens)
        return tokens

    yield start
    for tokens in made:
        await tokens.stop()


def part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return decoded


async def moved(clock: Clock, advance: Advance, seconds: float) -> None:
    before = clock.shift_seconds
    await advance(seconds)
    async with asyncio.timeout(60):
        while clock.shift_seconds == before:
            await asyncio.sleep(0.001)


async def keys_of(db: Database) -> list[tuple[Any, ...]]:
    async with db.connection() as conn:
        found = await conn.execute(
            "SELECT kid, secret, verifies_until FROM identity_token_keys ORDER BY created_at, kid"
        )
        return await found.fetchall()


async def test_token_says_what_was_claimed_and_until_when(make: MakeTokens, clock: Clock) -> None:
    tokens = await make()
    token, expires_at = await tokens.issue(CLAIMS)
    claims = await tokens.verify(token)
    assert {name: claims[name] for name in CLAIMS} == CLAIMS
    assert claims.keys() == {*CLAIMS, "iat", "exp", "jti"}
    assert claims["exp"] == expires_at.timestamp() == claims["iat"] + 86_400
    assert abs(claims["iat"] - clock.now()) < 5
    assert expires_at.tzinfo is UTC
    header = part(token, 0)
    assert header == {"alg": "HS256", "typ": "JWT", "kid": header["kid"]}


async def test_every_token_has_an_id_of_its_own_unless_given(make: MakeTokens) -> None:
    tokens = await make()
    ids = {part((await tokens.issue(CLAIMS))[0], 1)["jti"] for _ in range(3)}
    assert len(ids) == 3
    token, _ = await tokens.issue({**CLAIMS, "jti": "mine"})
    assert (await tokens.verify(token))["jti"] == "mine"


async def test_token_expires_by_the_databases_clock(
    make: MakeTokens, clock: Clock, advance: Advance
) -> None:
    tokens = await make()
    token, _ = await tokens.issue(CLAIMS, 60)
    await moved(clock, advance, 55)
    assert await tokens.verify(token)
    await moved(clock, advance, 6)
    with pytest.raises(TokenExpired):
        await tokens.verify(token)
    fresh, expires_at = await tokens.issue(CLAIMS, 60)
    assert await tokens.verify(fresh)
    assert expires_at > datetime.fromtimestamp(clock.now(), UTC)


async def forged(db: Database, header: dict[str, Any], claims: dict[str, Any]) -> str:
    [[kid, secret, _]] = await keys_of(db)
    key = OctKey.import_key(secret)
    return jwt.encode({"alg": "HS256", "typ": "JWT", "kid": kid, **header}, claims, key)


async def test_changed_and_foreign_tokens_are_refused(make: MakeTokens, db: Database) -> None:
    tokens = await make()
    token, _ = await tokens.issue(CLAIMS)
    head, body, signature = token.split(".")
    [[kid, _, _]] = await keys_of(db)

    def encoded(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    unsigned = f"{encoded({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{body}."
    other_key = OctKey.import_key(b"x" * 32)
    cases = [
        "",
        "x",
        "a.b.c",
        "é.é.é",
        "x" * 10_000,
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{head}.{encoded({**CLAIMS, 'exp': 9e9})}.{signature}",
        unsigned,
        jwt.encode(
            {"alg": "HS256", "typ": "JWT", "kid": kid}, {**CLAIMS, "exp": 9_999_999_999}, other_key
        ),
        jwt.encode({"alg": "HS256"}, {"exp": 9_999_999_999}, other_key),
        jwt.encode({"alg": "HS256", "kid": "0" * 26}, {"exp": 9_999_999_999}, other_key),
        await forged(db, {}, {"sub": "no end"}),
    ]
    for case in cases:
        with pytest.raises(TokenInvalid):
            await tokens.verify(case)
    headers = [
        *({"alg": alg, "typ": "JWT", "kid": kid} for alg in ("HS384", "HS512", "none", 5, None)),
        *({"alg": "HS256", "typ": "JWT", "kid": kid, "crit": crit} for crit in (5, ["exp"], None)),
        *({"alg": "HS256", "typ": "JWT", "kid": odd} for odd in (None, 5, [kid], {}, "x", "")),
        *([], "x", 5, None),
    ]
    for header in headers:
        with pytest.raises(TokenInvalid):
            await tokens.verify(f"{encoded(header)}.{body}.{signature}")
    assert await tokens.verify(token)


async def test_processes_share_one_key(make: MakeTokens, db: Database) -> None:
    first, second = await asyncio.gather(make(), make())
    assert len(await keys_of(db)) == 1
    token, _ = await first.issue(CLAIMS)
    assert await second.verify(token)


async def test_rotation_signs_anew_and_old_tokens_hold_until_they_expire(
    make: MakeTokens, db: Database, clock: Clock, advance: Advance
) -> None:
    tokens = await make(lifetime_seconds=3600)
    old, _ = await tokens.issue(CLAIMS)
    await tokens.rotate()
    async with asyncio.timeout(60):
        while part((await tokens.issue(CLAIMS))[0], 0)["kid"] == part(old, 0)["kid"]:
            await asyncio.sleep(0.001)
    assert await tokens.verify(old)
    assert [key[2] is None for key in await keys_of(db)] == [False, True]
    await moved(clock, advance, 3601)
    with pytest.raises(TokenExpired):
        await tokens.verify(old)


async def test_rotation_keeps_an_old_key_as_long_as_its_longest_token(
    make: MakeTokens, db: Database, clock: Clock, advance: Advance
) -> None:
    """Also when whoever rotates knows nothing of the lifetimes the server uses."""
    server, command = await make(lifetime_seconds=30 * 86_400), await make()
    old, _ = await server.issue(CLAIMS)
    await command.rotate()
    await moved(clock, advance, 29 * 86_400)
    await command.rotate()  # deletes what is over
    assert await server.verify(old)
    await moved(clock, advance, 2 * 86_400)
    left = await command.rotate()
    assert part(old, 0)["kid"] not in {key.kid for key in left}
    with pytest.raises(TokenInvalid):
        await server.verify(old)


async def test_revoking_ends_every_token_at_once(make: MakeTokens, db: Database) -> None:
    tokens, other = await make(), await make()
    old, _ = await tokens.issue(CLAIMS)
    assert await other.verify(old)
    [left] = await tokens.rotate(revoke=True)
    assert [key[0] for key in await keys_of(db)] == [left.kid]
    for process in (tokens, other):
        async with asyncio.timeout(60):
            while process._keys is not None and part(old, 0)["kid"] in process._keys.by_kid:
                await asyncio.sleep(0.001)
        with pytest.raises(TokenInvalid):
            await process.verify(old)
    assert await other.verify((await tokens.issue(CLAIMS))[0])


async def test_token_of_a_key_not_heard_of_yet_is_verified(
    make: MakeTokens, db: Database, clock: Clock
) -> None:
    signer = await make()
    deaf = Tokens(db, _DeafBus(), clock)
    await deaf.start()
    assert await deaf.verify((await signer.issue(CLAIMS))[0])
    await signer.rotate()
    async with asyncio.timeout(60):
        while signer._keys is not None:
            await asyncio.sleep(0.001)
    token, _ = await signer.issue(CLAIMS)
    assert part(token, 0)["kid"] not in deaf._keys.by_kid  # type: ignore[union-attr]
    assert await deaf.verify(token)


async def test_process_that_hears_nothing_asks_every_time(
    make: MakeTokens, db: Database, clock: Clock
) -> None:
    signer = await make()
    cut_off = Tokens(db, _DeafBus(is_connected=False), clock)
    await cut_off.start()
    old, _ = await cut_off.issue(CLAIMS)
    await signer.rotate(revoke=True)
    assert part((await cut_off.issue(CLAIMS))[0], 0)["kid"] != part(old, 0)["kid"]
    with pytest.raises(TokenInvalid):
        await cut_off.verify(old)


async def test_rotations_at_the_same_time_leave_one_key_that_signs(
    make: MakeTokens, db: Database
) -> None:
    tokens = await make()
    await asyncio.gather(*(tokens.rotate() for _ in range(5)))
    keys = await keys_of(db)
    assert len(keys) == 6
    assert [key[2] for key in keys].count(None) == 1


async def test_key_replaced_while_a_longer_lifetime_is_noted_signs_no_more(
    make: MakeTokens, db: Database, clock: Clock
) -> None:
    tokens = await make()
    deaf = Tokens(db, _DeafBus(), clock)
    await deaf.start()
    old, _ = await deaf.issue(CLAIMS)
    await tokens.rotate()
    token, _ = await deaf.issue(CLAIMS, 40 * 86_400)
    assert part(token, 0)["kid"] != part(old, 0)["kid"]


class _DeafBus(NotifyBus):
    """A bus whose notifications do not arrive, and which knows it or not."""

    def __init__(self, *, is_connected: bool = True) -> None:
        super().__init__()
        if is_connected:
            self._connected.set()
