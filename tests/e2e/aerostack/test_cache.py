"""Every operation of `sdk.cache` on the server."""

from __future__ import annotations

import asyncio
import time

import pytest

from aerostack import SDK, errors, models
from tests.e2e.aerostack.faces import Face
from tests.support.aerostack import AerostackServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]

VALUES: list[object] = [
    None,
    True,
    0,
    2**63,
    -(2**80) - 1,
    1.5,
    "",
    "blå 🐋 \x00\u2028",
    [],
    {"a": [None, {"b": 2**53 + 1}]},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_value_comes_back_as_it_went(face: Face, sdk: SDK, value: object) -> None:
    assert (await face.do(sdk.cache.cache_set, {"key": "k", "value": value})).success is True
    found = await face.do(sdk.cache.cache_get, {"key": "k"})
    assert found == models.CacheGetResponseBody(exists=True, value=value)
    assert type(found.value) is type(value)


async def test_miss_is_an_answer_and_no_error(face: Face, sdk: SDK) -> None:
    found = await face.do(sdk.cache.cache_get, {"key": "nothing"})
    assert (found.exists, found.value) == (False, None)


async def test_entry_ends_with_its_time(face: Face, sdk: SDK, server: AerostackServer) -> None:
    await face.do(sdk.cache.cache_set, {"key": "short", "value": 1, "ttl": 60})
    await face.do(sdk.cache.cache_set, {"key": "kept", "value": 1, "ttl": 60})
    await face.do(sdk.cache.cache_set, {"key": "kept", "value": 2})
    server.advance(61)
    assert (await face.do(sdk.cache.cache_get, {"key": "short"})).exists is False
    assert (await face.do(sdk.cache.cache_get, {"key": "kept"})).value == 2


async def test_entry_is_deleted(face: Face, sdk: SDK) -> None:
    await face.do(sdk.cache.cache_set, {"key": "k", "value": 1})
    assert (await face.do(sdk.cache.cache_delete, {"key": "k"})).success is True
    assert (await face.do(sdk.cache.cache_get, {"key": "k"})).exists is False


async def test_keys_are_listed_in_pages_with_their_expiry(face: Face, sdk: SDK) -> None:
    before = int(time.time())
    await face.do(
        sdk.cache.cache_set_many,
        {"entries": [{"key": f"user:{n}", "value": n, "ttl": 600} for n in range(3)]},
    )
    await face.do(sdk.cache.cache_set, {"key": "other", "value": 1})
    first = await face.do(sdk.cache.cache_list, {"prefix": "user:", "limit": 2})
    assert [each.key for each in first.keys] == ["user:0", "user:1"]
    assert all(before + 600 <= each.expiration <= before + 660 for each in first.keys)
    assert first.list_complete is False
    rest = await face.do(
        sdk.cache.cache_list, {"prefix": "user:", "limit": 2, "cursor": first.cursor}
    )
    assert [each.key for each in rest.keys] == ["user:2"]
    assert (rest.list_complete, rest.cursor) == (True, None)
    everything = await face.do(sdk.cache.cache_list)
    assert [(each.key, each.expiration is None) for each in everything.keys] == [
        ("other", True),
        ("user:0", False),
        ("user:1", False),
        ("user:2", False),
    ]
    names = await face.do(sdk.cache.cache_keys, {"prefix": "user:"})
    assert (names.keys, names.truncated) == (["user:0", "user:1", "user:2"], False)


async def test_many_are_set_read_and_deleted_at_once(face: Face, sdk: SDK) -> None:
    stored = await face.do(
        sdk.cache.cache_set_many,
        {"entries": [{"key": "a", "value": None}, {"key": "b", "value": [1]}]},
    )
    assert (stored.success, stored.count) == (True, 2)
    found = await face.do(sdk.cache.cache_get_many, {"keys": ["b", "c", "a", "b"]})
    assert [(each.key, each.value, each.exists) for each in found.results] == [
        ("b", [1], True),
        ("c", None, False),
        ("a", None, True),
        ("b", [1], True),
    ]
    deleted = await face.do(sdk.cache.cache_delete_many, {"keys": ["a", "b", "c"]})
    assert (deleted.success, deleted.count, deleted.deleted) == (True, 3, 2)


async def test_flush_empties_a_prefix_or_the_project(face: Face, sdk: SDK) -> None:
    entries = [{"key": key, "value": 1} for key in ("a:1", "a:2", "b:1", "b:2", "c")]
    await face.do(sdk.cache.cache_set_many, {"entries": entries})
    flushed = await face.do(sdk.cache.cache_flush, {"prefix": "a:"})
    assert (flushed.success, flushed.deleted) == (True, 2)
    assert (await face.do(sdk.cache.cache_flush)).deleted == 3
    assert (await face.do(sdk.cache.cache_keys)).keys == []


async def test_expire_gives_an_entry_its_time(
    face: Face, sdk: SDK, server: AerostackServer
) -> None:
    await face.do(sdk.cache.cache_set, {"key": "k", "value": 1})
    assert (await face.do(sdk.cache.cache_expire, {"key": "k", "ttl": 30})).success is True
    assert (await face.do(sdk.cache.cache_expire, {"key": "none", "ttl": 30})).success is False
    server.advance(31)
    assert (await face.do(sdk.cache.cache_get, {"key": "k"})).exists is False


async def test_counter_counts_and_loses_nothing(face: Face, sdk: SDK) -> None:
    increment = sdk.cache.cache_increment
    assert (await face.do(increment, {"key": "n"})).value == 1
    assert (await face.do(increment, {"key": "n", "amount": -5})).value == -4
    start = {"key": "m", "amount": 2, "initial_value": 40, "ttl": 60}
    assert (await face.do(increment, start)).value == 42
    await asyncio.gather(*(sdk.cache.cache_increment_async({"key": "n"}) for _ in range(20)))
    assert (await face.do(sdk.cache.cache_get, {"key": "n"})).value == 16


async def test_counter_of_something_else_is_refused(face: Face, sdk: SDK) -> None:
    await face.do(sdk.cache.cache_set, {"key": "k", "value": "five"})
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.cache.cache_increment, {"key": "k"})
    assert (caught.value.status_code, caught.value.data.code) == (400, "VALIDATION_ERROR")
    assert (await face.do(sdk.cache.cache_get, {"key": "k"})).value == "five"


async def test_other_project_sees_nothing(face: Face, sdk: SDK, server: AerostackServer) -> None:
    await face.do(sdk.cache.cache_set, {"key": "k", "value": "mine"})
    other = face.sdk(server.project())
    assert (await face.do(other.cache.cache_get, {"key": "k"})).exists is False
    await face.do(other.cache.cache_flush)
    assert (await face.do(sdk.cache.cache_get, {"key": "k"})).value == "mine"
