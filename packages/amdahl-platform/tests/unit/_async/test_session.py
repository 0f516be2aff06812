"""The session: what code that was written for one does with it."""

from __future__ import annotations

import gc
import json
import warnings

import pytest

from amdahl import (
    AsyncAmdahlClient,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    DecodeError,
    MisuseError,
)
from quintet._acompat import ASYNC
from quintet.errors import ConnectionFailure
from quintet.testing import FakeClock, check_secret_hygiene

from .rig import BASE, KEY, client, frame, header, ok, refused, reply, sent, stream

LATIN = {"Content-Type": "text/plain; charset=latin-1"}
EVENTS = [frame("session.started", 1), frame("session.completed", 2, {"result": None})]


async def test_stream_can_be_read_by_a_reader_of_event_streams() -> None:
    am, transport = client(stream(*EVENTS))
    url = f"{am.base_url}/agents/as_1/stream"
    response = await am.session.get(url, stream=True, timeout=None)
    response.raise_for_status()
    seen = []
    if ASYNC:
        text = b"".join([piece async for piece in response])
        seen = [json.loads(line[6:]) for line in text.decode().split("\n") if line[:5] == "data:"]
    else:
        reader = pytest.importorskip("sseclient").SSEClient(response)
        seen = [json.loads(each.data) for each in reader.events()]
    assert [event["type"] for event in seen] == ["session.started", "session.completed"]
    assert header(transport, "Authorization") == f"Bearer {KEY}"
    assert header(transport, "Accept-Encoding") == "identity"
    await response.aclose()
    assert transport.open_exchanges == 0


async def test_pieces_come_as_they_arrive() -> None:
    seen: list[bytes] = []

    def second() -> bytes:
        assert seen == [b"one"]
        return b"second"

    am, _ = client(stream(b"one", second))
    response = await am.session.get("/x", stream=True)
    async for piece in response:
        seen.append(piece)
    assert seen == [b"one", b"second"]
    am, _ = client(stream(b"abcde"))
    response = await am.session.get("/x", stream=True)
    assert [piece async for piece in response.iter_content(2)] == [b"ab", b"cd", b"e"]


async def test_error_is_raised_when_asked_for_and_typed() -> None:
    am, transport = client(refused(401, "unauthenticated", "Bad key"))
    response = await am.session.get("/me", stream=True)
    assert (response.status_code, response.ok) == (401, False)
    assert [piece async for piece in response] == [await response.read()]
    assert (await response.json())["error"]["code"] == "unauthenticated"
    with pytest.raises(AuthenticationError, match="Bad key"):
        response.raise_for_status()
    assert transport.open_exchanges == 0


async def test_answer_is_read_at_once_unless_it_is_a_stream() -> None:
    am, transport = client(ok({"a": 1}), reply(200, body=b"no JSON"), reply(204))
    response = await am.session.post(BASE + "/things", json={"b": 2}, params={"q": "1"})
    assert transport.open_exchanges == 0
    assert (await response.json(), response.ok, response.status_code) == ({"a": 1}, True, 200)
    assert transport.requests[0].url == BASE + "/things?q=1"
    assert json.loads(transport.bodies[0]) == {"b": 2}
    assert "200" in repr(response)
    response = await am.session.get("/things")
    with pytest.raises(DecodeError):
        await response.json()
    assert [piece async for piece in await am.session.get("/things")] == []


async def test_headers_of_the_session_reach_every_call() -> None:
    am, transport = client(ok({}), ok({}), stream(*EVENTS), ok({}), ok({}))
    am.session.headers.update({"X-Tenant": "t1", "Content-Type": "application/json"})
    assert dict(am.session.headers) == {"X-Tenant": "t1"}
    await am.get("/me")
    await am.with_options(max_retries=0).get("/me")
    await am.agents.stream("as_1").until_end()
    await am.session.get("/me")
    assert [header(transport, "x-tenant", n) for n in range(4)] == ["t1"] * 4
    assert header(transport, "Content-Type", 0) is None
    del am.session.headers["x-tenant"]
    assert len(am.session.headers) == 0
    await am.get("/me")
    assert header(transport, "x-tenant") is None


async def test_every_method_is_there_and_the_answer_is_at_hand() -> None:
    am, transport = client(
        ok({"a": 1}), ok({"a": 1}), reply(204), reply(200, body=b"caf\xe9", headers=LATIN)
    )
    response = await am.session.patch("/pages/1", json={"name": "x"})
    assert sent(transport) == ("PATCH", "/pages/1", {"name": "x"})
    assert (response.content, response.text) == (await response.read(), '{"a": 1}')
    assert await response.json() == {"a": 1}
    await am.session.put("/things/1", json={})
    assert sent(transport)[0] == "PUT"
    assert (await am.session.delete("/pages/1")).text == ""
    assert sent(transport) == ("DELETE", "/pages/1", None)
    assert (await am.session.get("/x")).text == "café"


async def test_body_of_a_stream_is_at_hand_once_it_was_read() -> None:
    am, _ = client(stream(b"one"))
    response = await am.session.get("/x", stream=True)
    with pytest.raises(MisuseError, match="read"):
        _ = response.text
    await response.read()
    assert (response.text, response.content) == ("one", b"one")


async def test_key_of_one_call_goes_over_the_sessions_and_the_clients() -> None:
    am, transport = client(ok({}), ok({}), ok({}))
    am.session.headers.update({"Authorization": "Bearer of-the-session"})
    await am.get("/me", headers={"authorization": "Bearer of-the-call"})
    await am.session.get("/me", headers={"AUTHORIZATION": "Bearer of-the-call"})
    seen = [header(transport, "Authorization", n) for n in range(2)]
    assert seen == ["Bearer of-the-call"] * 2
    del am.session.headers["authorization"]
    await am.get("/me")
    assert header(transport, "Authorization") == f"Bearer {KEY}"
    for name in ("Authorization", "content-type", "Idempotency-Key", "Last-Event-ID"):
        with pytest.raises(ConfigurationError, match=name):
            client(headers={name: "x"})


async def test_key_can_be_replaced_in_the_session_and_is_not_shown() -> None:
    am, transport = client(ok({}))
    am.session.headers["Authorization"] = "Bearer another-secret-key"
    await am.get("/me")
    assert header(transport, "Authorization") == "Bearer another-secret-key"
    check_secret_hygiene("another-secret-key", am.session, am.session.headers, am)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/api/platform/v1/me",
        "https://amdahl.example/api/platform/v10/me",
        "https://amdahl.example.evil.example/api/platform/v1/me",
        "//elsewhere.example/me",
        "http://amdahl.example/api/platform/v1/me",
        BASE + "/../../../admin",
    ],
)
async def test_key_goes_to_its_own_service_only(url: str) -> None:
    am, transport = client()
    with pytest.raises(MisuseError):
        await am.session.get(url)
    assert not transport.requests


async def test_failure_without_an_answer_is_raised_at_once() -> None:
    am, _ = client(ConnectionFailure("refused", progress=0), max_retries=0)
    with pytest.raises(ConnectionFailedError):
        await am.session.get("/me")


async def test_response_closes_itself() -> None:
    am, transport = client(stream(b"one", AssertionError("read on")))
    async with await am.session.get("/x", stream=True) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
    assert transport.open_exchanges == 0


async def test_client_is_made_like_the_guides() -> None:
    am = AsyncAmdahlClient(base_url=BASE, api_key=KEY, timeout=30.0)
    assert (am.base_url, am.timeout) == (BASE, 30.0)
    am = AsyncAmdahlClient(BASE, KEY, 5.0, clock=FakeClock())
    assert am.timeout == 5.0
    assert repr(am) == f"{type(am).__name__}(base_url={BASE!r})"


async def test_close_is_there_under_both_names() -> None:
    am, transport = client()
    if ASYNC:
        await am.close()  # type: ignore[func-returns-value]
    else:
        am.close()
    assert transport.closed


async def test_stream_that_is_dropped_half_read_is_silent_and_closed() -> None:
    am, transport = client(stream(*EVENTS))

    async def read_one() -> bytes:
        response = await am.session.get("/agents/as_1/stream", stream=True)
        async for piece in response:
            return piece
        return b""

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert await read_one() == EVENTS[0]
        gc.collect()
        if ASYNC:
            import asyncio

            for _ in range(10):
                await asyncio.sleep(0)
    assert [str(each.message) for each in caught] == []
    assert transport.open_exchanges == 0
