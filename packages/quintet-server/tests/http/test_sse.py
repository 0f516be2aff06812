"""Event streams on the wire."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from quintet_server.http.sse import sse_frame
from quintet_server.settings import HttpSettings, Settings

from .conftest import make_probe


@pytest.fixture
def stream() -> str:
    """The name of a stream with nothing in it."""
    return uuid.uuid4().hex


def lines(answer: httpx.Response) -> Iterator[str]:
    return (line for line in answer.iter_lines() if line)


def emit(client: httpx.Client, stream: str, type: str, **more: Any) -> int:
    answer = client.post("/emit", json={"stream": stream, "type": type, **more})
    return int(answer.json()["seq"])


def test_stream_sends_past_and_new_events_and_ends_after_the_terminal_one(
    client: httpx.Client, stream: str
) -> None:
    first = emit(client, stream, "one", data={"n": 1})
    with client.stream("GET", f"/streams/{stream}") as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        assert "content-length" not in answer.headers
        assert "x-request-id" in answer.headers
        got = lines(answer)
        assert [next(got) for _ in range(4)] == [
            ":",
            f"id: {first}",
            "event: one",
            'data: {"n":1}',
        ]
        emit(client, stream, "hidden")
        last = emit(client, stream, "done", data={}, end=True)
        assert list(got) == [f"id: {last}", "event: done", "data: {}"]


def test_stream_resumes_after_last_event_id(client: httpx.Client, stream: str) -> None:
    first = emit(client, stream, "one")
    emit(client, stream, "two", end=True)
    with client.stream(
        "GET", f"/streams/{stream}", headers={"Last-Event-ID": str(first)}
    ) as answer:
        assert [line for line in lines(answer) if line.startswith("event")] == ["event: two"]


@pytest.mark.parametrize("junk", ["", "abc", "-1", "9" * 40, "1.5", "\u0661"])
def test_junk_last_event_id_replays_from_the_start(
    client: httpx.Client, stream: str, junk: str
) -> None:
    emit(client, stream, "one", end=True)
    headers = [(b"last-event-id", junk.encode())]
    with client.stream("GET", f"/streams/{stream}", headers=headers) as answer:
        assert "event: one" in list(lines(answer))


def test_silence_is_filled_with_comments(start_server: Any) -> None:
    settings = replace(Settings(), http=HttpSettings(sse_heartbeat_seconds=0.01))
    server = start_server([make_probe()], settings)
    headers = {"X-API-Key": server.keys["amdahl"]}
    url = f"{server.url}/probe/streams/quiet"
    with httpx.stream("GET", url, headers=headers, trust_env=False, timeout=60) as answer:
        got = lines(answer)
        assert [next(got) for _ in range(3)] == [":", ":", ":"]


def test_client_that_leaves_ends_the_stream_on_the_server(
    lone_probe: Any, lone_client: httpx.Client
) -> None:
    with lone_client.stream("GET", "/streams/s") as answer:
        got = lines(answer)
        next(got)
        assert streams_open(lone_probe) == 1
        assert len(lone_probe.runtime.follower._groups) == 1
    for _ in range(1000):
        if streams_open(lone_probe) == 0:
            break
    assert streams_open(lone_probe) == 0
    assert lone_probe.runtime.follower._groups == {}


def test_stopping_server_ends_streams_so_that_clients_go_elsewhere(
    lone_probe: Any, lone_client: httpx.Client
) -> None:
    with lone_client.stream("GET", "/streams/s") as answer:
        got = lines(answer)
        next(got)
        lone_probe.begin_stop()
        assert list(got) == []  # a clean end, not a broken connection


def test_reader_too_slow_is_cut_off(start_server: Any) -> None:
    settings = replace(Settings(), http=HttpSettings(sse_write_seconds=0.2))
    server = start_server([make_probe(body_limit=lambda *_: 10**7)], settings)
    headers = {"X-API-Key": server.keys["amdahl"]}
    with (
        httpx.Client(
            base_url=f"{server.url}/probe", headers=headers, trust_env=False, timeout=30
        ) as client,
        client.stream("GET", "/streams/s") as answer,
    ):
        got = answer.iter_raw()
        next(got)
        for _ in range(30):  # far more than the buffers between us hold
            server.call(flood(server))
        for _ in range(2000):
            if streams_open(server) == 0:
                break
        assert streams_open(server) == 0
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in got:
                pass


async def flood(server: Any) -> None:
    from quintet_server.store import event_log

    async with server.runtime.db.transaction() as conn:
        await event_log.append(conn, "p", "s", "big", {"x": "y" * 1_000_000})


def streams_open(server: Any) -> int:
    text = httpx.get(f"{server.url}/metrics", trust_env=False, timeout=60).text
    [line] = [line for line in text.splitlines() if line.startswith("quintet_http_streams ")]
    return int(float(line.split()[1]))


def test_frame_is_one_line_of_json_whatever_the_data() -> None:
    frame = sse_frame({"text": "a\nb\r\nc\u2028"}, event="one", id=7)
    id_, event, data, *rest = frame.decode().split("\n")
    assert (id_, event, rest) == ("id: 7", "event: one", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == {"text": "a\nb\r\nc\u2028"}
