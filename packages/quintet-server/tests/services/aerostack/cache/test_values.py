"""Values over HTTP: as sent, within their bounds, with a time to live."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import Cache

TEXTS = [
    "null",
    "true",
    "9007199254740993",
    "-123456789012345678901234567890123456789",
    "1.10",
    "1e400",
    "-0.0",
    '{ "z" : 1, "a": [1 , 2.50,\n{"b":null}], "z": 2 }',
    '"\\u00e9 é \\ud83d\\ude00 \U0001f600 \\u0000 \\/"',
    "[]",
    '""',
]


@pytest.mark.parametrize("text", TEXTS)
async def test_value_comes_back_as_it_was_sent(cache, text) -> None:
    await cache.set_text("k", text)
    assert await cache.get_text("k") == text
    answer = await cache.send("getMany", '{"keys": ["k"]}')
    assert answer.text == '{"results":[{"key":"k","exists":true,"value":' + text + "}]}"
    many = '{"entries": [{"value" : ' + text + ' ,"key": "m"}]}'
    assert (await cache.send("setMany", many)).json() == {"success": True, "count": 1}
    assert await cache.get_text("m") == text


async def test_miss_is_no_error_and_null_is_a_value(cache) -> None:
    assert (
        await cache.api.post("/cache/get", {"key": "k"})
    ).text == '{"exists":false,"value":null}'
    await cache.ask("set", {"key": "k", "value": None})
    assert await cache.ask("get", {"key": "k"}) == {"exists": True, "value": None}


async def test_value_is_required_though_null_is_allowed(cache) -> None:
    answer = await cache.ask("set", {"key": "k"}, status=400)
    assert answer == {
        "code": "VALIDATION_ERROR",
        "message": "value: is required; null is a value, too",
        "details": {"fieldErrors": {"value": ["is required; null is a value, too"]}},
    }
    body = {"entries": [{"key": "a", "value": 1}, {"key": "b"}]}
    assert (await cache.message("setMany", body)).startswith("entries.1.value: is required")
    assert (await cache.ask("get", {"key": "a"}))["exists"] is False


@pytest.mark.parametrize(
    "text", ["NaN", "-Infinity", "[NaN]", "01", "'a'", '"\\ud800"', "{", "1,", '"\x01"', "[1,]"]
)
async def test_value_that_is_no_json_is_refused(cache, text) -> None:
    answer = await cache.send("set", '{"key":"k","value":' + text + "}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"].startswith("The request body is not valid JSON: ")


async def test_largest_value_is_taken_and_the_next_refused(cache) -> None:
    most = 25 * 1024 * 1024
    largest = '"' + "x" * (most - 2) + '"'
    await cache.set_text("k", largest)
    assert await cache.get_text("k") == largest
    answer = await cache.send("set", '{"key":"k","value":  ' + largest[:-1] + 'x"  }')
    assert answer.status_code == 413
    assert answer.json() == {
        "code": "VALIDATION_ERROR",
        "message": f"value: must be at most {most} bytes of JSON, this is {most + 1}",
        "details": {"reason": "CACHE_SET_FAILED"},
    }


async def test_large_value_of_many_parts_comes_back(cache) -> None:
    text = "[" + ", ".join(f'{{"id" : {n}, "t": "[\\"{n}"}}' for n in range(20_000)) + "]"
    await cache.set_text("k", text)
    assert await cache.get_text("k") == text


async def test_answer_of_many_large_values_is_bounded(started) -> None:
    async with started(cache_answer_max_bytes=1000) as api:
        cache = Cache(api)
        await cache.set_text("k", '"' + "x" * 398 + '"')
        assert len((await cache.ask("getMany", {"keys": ["k", "k"]}))["results"]) == 2
        message = await cache.message("getMany", {"keys": ["k", "k", "k"]}, 413)
        assert "1200 bytes together" in message
        assert "at most 1000" in message


@pytest.mark.parametrize("path", ["get", "set", "delete", "expire", "increment"])
@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", "key: must not be empty"),
        ("a\x00b", "key: must not contain a NUL character"),
        ("é" * 513, "key: must be at most 1024 bytes long in UTF-8, this is 1026"),
        (7, "key: must be a valid string"),
        (None, "key: must be a valid string"),
    ],
)
async def test_key_that_cannot_be_one_is_refused(cache, path, key, says) -> None:
    assert await cache.message(path, {"key": key, "value": 1, "ttl": 5}) == says


async def test_key_of_a_list_that_cannot_be_one_is_named_by_its_place(cache) -> None:
    for path in ("getMany", "deleteMany"):
        assert await cache.message(path, {"keys": ["a", ""]}) == "keys.1: must not be empty"
    body = {"entries": [{"key": "a", "value": 1}, {"key": "", "value": 1}]}
    assert await cache.message("setMany", body) == "entries.1.key: must not be empty"
    body = {"entries": [{"key": "a", "value": 1, "ttl": 0}]}
    assert (await cache.message("setMany", body)).startswith("entries.0.ttl: must be at least 1")


async def test_lists_that_are_too_long_are_refused(cache) -> None:
    entry = {"key": "k", "value": 1}
    for path, field, item, most in (
        ("getMany", "keys", "k", 100),
        ("deleteMany", "keys", "k", 500),
        ("setMany", "entries", entry, 100),
    ):
        await cache.ask(path, {field: [item] * most})
        message = await cache.message(path, {field: [item] * (most + 1)})
        assert message == f"{field}: must have at most {most} items, these are {most + 1}"
        assert await cache.message(path, {}) == f"{field}: is required"


async def test_empty_lists_are_nothing_to_do(cache) -> None:
    assert await cache.ask("getMany", {"keys": []}) == {"results": []}
    assert await cache.ask("setMany", {"entries": []}) == {"success": True, "count": 0}
    answer = await cache.ask("deleteMany", {"keys": []})
    assert answer == {"success": True, "count": 0, "deleted": 0}


async def test_many_keep_order_and_duplicates(cache) -> None:
    await cache.fill("a", "b")
    answer = await cache.ask("getMany", {"keys": ["b", "x", "a", "b"]})
    assert answer["results"] == [
        {"key": "b", "exists": True, "value": 1},
        {"key": "x", "exists": False, "value": None},
        {"key": "a", "exists": True, "value": 1},
        {"key": "b", "exists": True, "value": 1},
    ]
    answer = await cache.ask("deleteMany", {"keys": ["b", "x", "b"]})
    assert answer == {"success": True, "count": 3, "deleted": 1}


async def test_delete_succeeds_with_and_without_an_entry(cache) -> None:
    await cache.fill("k")
    assert await cache.ask("delete", {"key": "k"}) == {"success": True}
    assert await cache.ask("delete", {"key": "k"}) == {"success": True}
    assert (await cache.ask("get", {"key": "k"}))["exists"] is False


async def test_ttl_is_counted_in_the_servers_time(lone_cache, advance) -> None:
    cache = lone_cache
    await cache.ask("set", {"key": "k", "value": 1, "ttl": 100})
    await cache.ask("set", {"key": "cleared", "value": 1, "ttl": 100})
    await cache.ask("set", {"key": "cleared", "value": 1})
    await cache.ask("set", {"key": "never", "value": 1, "ttl": None})
    await advance(98)
    assert await cache.value("k") == 1
    await advance(2)
    for key, exists in (("k", False), ("cleared", True), ("never", True)):
        assert (await cache.ask("get", {"key": key}))["exists"] is exists, key
    assert (await cache.ask("keys"))["keys"] == ["cleared", "never"]


@pytest.mark.parametrize("path", ["set", "expire", "increment"])
@pytest.mark.parametrize(
    ("ttl", "says"),
    [
        (0, "must be at least 1 (second)"),
        (-5, "must be at least 1 (second)"),
        (10**30, "must be at most 3162240000 (seconds, a hundred years)"),
        (1.5, "must be a valid integer"),
        ("60", "must be a valid integer"),
        (True, "must be a valid integer"),
    ],
)
async def test_ttl_that_cannot_be_one_is_refused(cache, path, ttl, says) -> None:
    message = await cache.message(path, {"key": "k", "value": 1, "ttl": ttl})
    assert message.startswith(f"ttl: {says}")


async def test_longest_ttl_is_taken(cache) -> None:
    for path in ("set", "expire"):
        await cache.ask(path, {"key": "k", "value": 1, "ttl": 3_162_240_000})
    assert await cache.value("k") == 1


async def test_expire_needs_an_entry_and_a_ttl(cache) -> None:
    assert await cache.ask("expire", {"key": "k", "ttl": 5}) == {"success": False}
    assert await cache.message("expire", {"key": "k"}) == "ttl: is required"
    await cache.fill("k")
    assert await cache.ask("expire", {"key": "k", "ttl": 5}) == {"success": True}
    listed = (await cache.ask("list"))["keys"]
    assert listed[0]["key"] == "k"
    assert isinstance(listed[0]["expiration"], int)


async def test_projects_do_not_see_each_other(cache) -> None:
    await cache.fill("k")
    async with (await cache.api.other_project()).http as http:
        for path, body, wanted in (
            ("get", {"key": "k"}, {"exists": False, "value": None}),
            ("keys", {}, {"keys": [], "truncated": False}),
            ("expire", {"key": "k", "ttl": 1}, {"success": False}),
            ("increment", {"key": "k"}, {"value": 1}),
            ("flush", {}, {"success": True, "deleted": 1, "truncated": False}),
        ):
            assert (await http.post(f"/cache/{path}", json=body)).json() == wanted
    assert await cache.value("k") == 1


async def test_key_without_the_scope_is_forbidden(cache) -> None:
    other = Cache(await cache.api.with_scopes("database"))
    async with other.api.http:
        for path in ("get", "set", "keys", "flush", "increment"):
            await other.message(path, {"key": "k", "value": 1}, 403)


async def test_body_that_is_no_object_is_refused(cache) -> None:
    for text in ("[]", "1", '"k"', "null"):
        answer = await cache.send("get", text)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), text


async def test_unknown_fields_are_ignored(cache) -> None:
    await cache.ask("set", {"key": "k", "value": 1, "metadata": {"a": 1}})
    assert await cache.value("k") == 1


async def test_write_with_an_idempotency_key_is_done_once(cache) -> None:
    body = '{"key":"k","value":1.0}'
    first = await cache.send("set", body, **{"Idempotency-Key": "a"})
    await cache.ask("set", {"key": "k", "value": 2})
    again = await cache.send("set", body, **{"Idempotency-Key": "a"})
    assert again.content == first.content == b'{"success":true}'
    assert again.headers["idempotent-replay"] == "true"
    assert await cache.value("k") == 2
    other = await cache.send("set", '{"key":"k","value":1.00}', **{"Idempotency-Key": "a"})
    assert other.status_code == 409


async def test_concurrent_calls_over_sockets_keep_their_values_apart(wire) -> None:
    cache = Cache(wire)

    async def one(n: int) -> None:
        await cache.ask("set", {"key": f"k{n}", "value": {"n": n}})
        assert await cache.value(f"k{n}") == {"n": n}
        await cache.ask("delete", {"key": f"k{n}"})

    await asyncio.gather(*(one(n) for n in range(100)))
    assert (await cache.ask("keys"))["keys"] == []
