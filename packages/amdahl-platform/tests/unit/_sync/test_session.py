# Generated from tests/unit/_async/test_session.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The session: what code that was written for one does with it."""

from __future__ import annotations

import gc
import json
import warnings

import pytest

from amdahl import (
    AmdahlClient,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    DecodeError,
    MisuseError,
)
from quintet.errors import ConnectionFailure
from quintet.testing import FakeClock, check_secret_hygiene

from .rig import BASE, KEY, client, frame, header, ok, refused, reply, sent, stream

LATIN = {"Content-Type": "text/plain; charset=latin-1"}
EVENTS = [frame("session.started", 1), frame("session.completed", 2, {"result": None})]


def test_stream_can_be_read_by_a_reader_of_event_streams() -> None:
    am, transport = client(stream(*EVENTS))
    url = f"{am.base_url}/agents/as_1/stream"
    response = am.session.get(url, stream=True, timeout=None)
    response.raise_for_status()
    seen = []
    reader = pytest.importorskip("sseclient").SSEClient(response)
    seen = [json.loads(each.data) for each in reader.events()]
    assert [event["type"] for event in seen] == ["session.started", "session.completed"]
    assert header(transport, "Authorization") == f"Bearer {KEY}"
    assert header(transport, "Accept-Encoding") == "identity"
    response.close()
    assert transport.open_exchanges == 0


def test_pieces_come_as_they_arrive() -> None:
    seen: list[bytes] = []

    def second() -> bytes:
        assert seen == [b"one"]
        return b"second"

    am, _ = client(stream(b"one", second))
    response = am.session.get("/x", stream=True)
    for piece in response:
        seen.append(piece)
    assert seen == [b"one", b"second"]
    am, _ = client(stream(b"abcde"))
    response = am.session.get("/x", stream=True)
    assert [piece for piece in response.iter_content(2)] == [b"ab", b"cd", b"e"]


def test_error_is_raised_when_asked_for_and_typed() -> None:
    am, transport = client(refused(401, "unauthenticated", "Bad key"))
    response = am.session.get("/me", stream=True)
    assert (response.status_code, response.ok) == (401, False)
    assert [piece for piece in response] == [response.read()]
    assert response.json()["error"]["code"] == "unauthenticated"
    with pytest.raises(AuthenticationError, match="Bad key"):
        response.raise_for_status()
    assert transport.open_exchanges == 0


def test_answer_is_read_at_once_unless_it_is_a_stream() -> None:
    am, transport = client(ok({"a": 1}), reply(200, body=b"no JSON"), reply(204))
    response = am.session.post(BASE + "/things", json={"b": 2}, params={"q": "1"})
    assert transport.open_exchanges == 0
    assert (response.json(), response.ok, response.status_code) == ({"a": 1}, True, 200)
    assert transport.requests[0].url == BASE + "/things?q=1"
    assert json.loads(transport.bodies[0]) == {"b": 2}
    assert "200" in repr(response)
    response = am.session.get("/things")
    with pytest.raises(DecodeError):
        response.json()
    assert [piece for piece in am.session.get("/things")] == []


def test_headers_of_the_session_reach_every_call() -> None:
    am, transport = client(ok({}), ok({}), stream(*EVENTS), ok({}), ok({}))
    am.session.headers.update({"X-Tenant": "t1", "Content-Type": "application/json"})
    assert dict(am.session.headers) == {"X-Tenant": "t1"}
    am.get("/me")
    am.with_options(max_retries=0).get("/me")
    am.agents.stream("as_1").until_end()
    am.session.get("/me")
    assert [header(transport, "x-tenant", n) for n in range(4)] == ["t1"] * 4
    assert header(transport, "Content-Type", 0) is None
    del am.session.headers["x-tenant"]
    assert len(am.session.headers) == 0
    am.get("/me")
    assert header(transport, "x-tenant") is None


def test_every_method_is_there_and_the_answer_is_at_hand() -> None:
    am, transport = client(
        ok({"a": 1}), ok({"a": 1}), reply(204), reply(200, body=b"caf\xe9", headers=LATIN)
    )
    response = am.session.patch("/pages/1", json={"name": "x"})
    assert sent(transport) == ("PATCH", "/pages/1", {"name": "x"})
    assert (response.content, response.text) == (response.read(), '{"a": 1}')
    assert response.json() == {"a": 1}
    am.session.put("/things/1", json={})
    assert sent(transport)[0] == "PUT"
    assert am.session.delete("/pages/1").text == ""
    assert sent(transport) == ("DELETE", "/pages/1", None)
    assert am.session.get("/x").text == "café"


def test_body_of_a_stream_is_at_hand_once_it_was_read() -> None:
    am, _ = client(stream(b"one"))
    response = am.session.get("/x", stream=True)
    with pytest.raises(MisuseError, match="read"):
        _ = response.text
    response.read()
    assert (response.text, response.content) == ("one", b"one")


def test_key_of_one_call_goes_over_the_sessions_and_the_clients() -> None:
    am, transport = client(ok({}), ok({}), ok({}))
    am.session.headers.update({"Authorization": "Bearer of-the-session"})
    am.get("/me", headers={"authorization": "Bearer of-the-call"})
    am.session.get("/me", headers={"AUTHORIZATION": "Bearer of-the-call"})
    seen = [header(transport, "Authorization", n) for n in range(2)]
    assert seen == ["Bearer of-the-call"] * 2
    del am.session.headers["authorization"]
    am.get("/me")
    assert header(transport, "Authorization") == f"Bearer {KEY}"
    for name in ("Authorization", "content-type", "Idempotency-Key", "Last-Event-ID"):
        with pytest.raises(ConfigurationError, match=name):
            client(headers={name: "x"})


def test_key_can_be_replaced_in_the_session_and_is_not_shown() -> None:
    am, transport = client(ok({}))
    am.session.headers["Authorization"] = "Bearer another-secret-key"
    am.get("/me")
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
def test_key_goes_to_its_own_service_only(url: str) -> None:
    am, transport = client()
    with pytest.raises(MisuseError):
        am.session.get(url)
    assert not transport.requests


def test_failure_without_an_answer_is_raised_at_once() -> None:
    am, _ = client(ConnectionFailure("refused", progress=0), max_retries=0)
    with pytest.raises(ConnectionFailedError):
        am.session.get("/me")


def test_response_closes_itself() -> None:
    am, transport = client(stream(b"one", AssertionError("read on")))
    with am.session.get("/x", stream=True) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
    assert transport.open_exchanges == 0


def test_client_is_made_like_the_guides() -> None:
    am = AmdahlClient(base_url=BASE, api_key=KEY, timeout=30.0)
    assert (am.base_url, am.timeout) == (BASE, 30.0)
    am = AmdahlClient(BASE, KEY, 5.0, clock=FakeClock())
    assert am.timeout == 5.0
    assert repr(am) == f"{type(am).__name__}(base_url={BASE!r})"


def test_close_is_there_under_both_names() -> None:
    am, transport = client()
    am.close()
    assert transport.closed


def test_stream_that_is_dropped_half_read_is_silent_and_closed() -> None:
    am, transport = client(stream(*EVENTS))

    def read_one() -> bytes:
        response = am.session.get("/agents/as_1/stream", stream=True)
        for piece in response:
            return piece
        return b""

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert read_one() == EVENTS[0]
        gc.collect()
    assert [str(each.message) for each in caught] == []
    assert transport.open_exchanges == 0
