"""A credential is on the wire and nowhere else."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator

import pytest

from quintet import ClientOptions, EventRules, RedirectPolicy
from quintet.core.request import Request
from quintet.errors import TimeoutFailure
from quintet.testing import check_secret_hygiene

from .limits import LIMITS
from .peer import Peer, always, answer, in_turn, once
from .worlds import GET, KEY, KEYED, POST, STREAM, World

Play = Callable[..., Peer]


@pytest.mark.parametrize(
    "script",
    [
        always(answer(b'{"error": {"code": "x", "message": "no"}}', "401 Unauthorized")),
        always(answer(b"<html>", "200 OK", "Content-Encoding: gzip")),
        once(b"nonsense\r\n\r\n"),
        lambda connection: connection.read_request(),
        lambda connection: (connection.read_request(), connection.hold()),
        always(answer(b"x" * 2000)),
    ],
)
@pytest.mark.parametrize("kind", ["request", "events", "download"])
async def test_no_error_and_no_log_shows_the_credential(
    play: Play,
    world: World,
    caplog: pytest.LogCaptureFixture,
    script: Callable[..., object],
    kind: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    peer = play(script)
    for limit in LIMITS:
        client = world.client(peer.url, timeout=limit, max_response_bytes=1000, max_retries=1)
        with pytest.raises(Exception) as caught:
            if kind == "request":
                await world.do(client.request(KEYED, json={"a": 1}))
                raise AssertionError("the call did not fail")
            if kind == "events":
                await world.collect(client.events(STREAM, EventRules(idle_timeout=limit)))
            else:
                await world.collect(client.download(POST, max_bytes=1000, idle_timeout=limit))
        if peer.requests:  # else it passed before anything was said
            break
    assert peer.requests[0].header("authorization") == f"Bearer {KEY}"
    assert caplog.text
    check_secret_hygiene(KEY, caught.value, caplog.text, client, client.options, *world.seen)
    chain, error = [], caught.value
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    check_secret_hygiene(KEY, *chain)


async def test_what_a_client_consists_of_does_not_show_the_credential(
    play: Play, world: World
) -> None:
    client = world.client(play(always(answer())).url)
    response = await world.do(client.request(GET))
    parts = [client, *vars(client).values(), response]
    plan = client._planner.plan(GET, policy=client.options.retry, timeout=1.0, deadline=None)
    check_secret_hygiene(KEY, plan, plan.request, *parts)


def test_options_do_not_show_a_credential_that_rides_in_them() -> None:
    options = ClientOptions(base_url="http://x", headers={"X-Api-Key": KEY})
    check_secret_hygiene(KEY, repr(options))


async def test_debug_log_names_each_attempt_without_query_and_header(
    play: Play, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="quintet")
    peer = play(always(answer(b"{}", "200 OK", "X-Request-Id: req-9")))
    await world.do(world.client(peer.url).request(GET, query={"token": "hunter2"}))
    lines = [record.getMessage() for record in caplog.records if record.name == "quintet"]
    assert len(lines) == 1
    assert "GET" in lines[0]
    assert "/thing -> 200" in lines[0]
    assert "req-9" in lines[0]
    assert "hunter2" not in lines[0]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 T", "308 P"])
async def test_no_credential_follows_a_redirect_to_another_origin(
    play: Play, world: World, status: str
) -> None:
    elsewhere = play(always(answer(b'"elsewhere"')))
    peer = play(
        in_turn(
            always(answer(b"", status, f"Location: {elsewhere.url}/x?y=1")), always(answer(b"{}"))
        )
    )
    carried = ("Authorization", "X-Project-Key", "Cookie", "X-Secret-Token", "Proxy-Authorization")
    client = world.client(
        peer.url,
        credentials=lambda: tuple((name, KEY) for name in carried),
        redirects=RedirectPolicy(follow=True),
        headers={"X-Harmless": "stays"},
    )
    assert (await world.do(client.request(GET))).json() == "elsewhere"
    (request,) = elsewhere.requests
    assert KEY.encode() not in request.raw_head
    assert request.header("x-harmless") == "stays"
    for name in carried:
        assert peer.requests[0].header(name) == KEY
        assert request.header(name) is None


async def test_credentials_follow_a_redirect_within_the_origin(play: Play, world: World) -> None:
    peer = play(always(answer(b"")))
    peer.script = lambda connection: [
        connection.send(
            answer(b"", "308 Permanent", "Location: /other")
            if connection.read_request().target == "/thing"
            else answer(b"[1]")
        )
        for _ in range(2)
    ]
    client = world.client(peer.url, redirects=RedirectPolicy(follow=True))
    assert (await world.do(client.request(GET))).json() == [1]
    assert peer.requests[1].header("authorization") == f"Bearer {KEY}"
    assert [(seen.number, seen.status) for seen in world.seen] == [(1, 308), (1, 200)]


class Ticking:
    """A clock that goes on by one with every look at it."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        self.time += 1
        return self.time


async def test_no_local_variable_of_a_failure_shows_the_credential(
    play: Play, world: World
) -> None:
    """Tools that report crashes show what is in every frame; wherever the time runs out."""
    peer = play(always(answer(b"x" * 2000, "200 OK", "Content-Type: text/plain")))
    request = Request("POST", f"{peer.url}/thing", (("Authorization", f"Bearer {KEY}"),), b"body")
    phases = set()
    for until in range(1, 16):
        clock = Ticking()
        engine = world.engine(clock)
        try:
            await world.do(engine.send(request, float(until), 1.0))
        except TimeoutFailure as late:
            phases.add(late.phase)
            for variable in locals_of(late):
                assert KEY not in variable
        await world.do(engine.close())
    assert len(phases) > 1


def locals_of(error: BaseException) -> Iterator[str]:
    """Yield what the variables of this library show in the frames of an error and its causes."""
    seen: BaseException | None = error
    while seen is not None:
        for frame, _ in traceback.walk_tb(seen.__traceback__):
            if "/src/quintet/" in frame.f_code.co_filename:
                yield from (f"{name} = {value!r}" for name, value in frame.f_locals.items())
        seen = seen.__cause__ or seen.__context__
