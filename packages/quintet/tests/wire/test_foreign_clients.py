"""Clients that users bring along: httpx, httpx2, mock transports, and wrappers of their shape."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import httpx2
import pytest

from quintet import EventRules, RedirectPolicy, open_body
from quintet.errors import (
    BodyTooLarge,
    ClientClosedError,
    ConfigurationError,
    ConnectionFailure,
    ProtocolFailure,
    StatusError,
    StreamIdleTimeout,
    TimeoutFailure,
    TransportError,
)
from quintet.transport.httpx_errors import network_error
from quintet.transport.httpx_objects import to_httpx_response

from .limits import HUNG_SECONDS, LIMITS, eventually
from .peer import (
    EVENTS,
    Connection,
    Peer,
    Script,
    always,
    answer,
    chunked,
    chunked_head,
    in_turn,
    once,
)
from .worlds import GET, KEY, KEYED, POST, SERVICE, STREAM, World

Play = Callable[..., Peer]
LIBRARIES = {"httpx": httpx, "httpx2": httpx2}


class Wrapper:
    """A client of someone's own: no subclass of anything, adds a header to each request."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.sent = 0

    def build_request(self, method: str, url: str, **options: Any) -> Any:
        return self.client.build_request(method, url, **options)

    def send(self, request: Any, **options: Any) -> Any:
        self.sent += 1
        request.headers["X-Wrapped"] = "yes"
        return self.client.send(request, **options)

    def close(self) -> None:
        raise AssertionError("a client that was passed in must not be closed")


class AsyncWrapper:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.sent = 0

    def build_request(self, method: str, url: str, **options: Any) -> Any:
        return self.client.build_request(method, url, **options)

    def send(self, request: Any, **options: Any) -> Any:  # returns an awaitable, is no coroutine
        self.sent += 1
        request.headers["X-Wrapped"] = "yes"
        return self.client.send(request, **options)

    async def aclose(self) -> None:
        raise AssertionError("a client that was passed in must not be closed")


class Foreign:
    """A client of one of the libraries, in the test's world."""

    def __init__(self, world: World, library: str, wrapped: bool) -> None:
        self.world = world
        self.library = LIBRARIES[library]
        kind = self.library.Client if world.blocking else self.library.AsyncClient
        self.native: Any = kind(trust_env=False)
        wrapper: Any = Wrapper if world.blocking else AsyncWrapper
        self.passed: Any = wrapper(self.native) if wrapped else self.native
        self.wrapped = wrapped

    def client(self, url: str, **options: Any) -> Any:
        return self.world.client(url, http_client=self.passed, **options)


@pytest.fixture(params=["httpx", "httpx2", "wrapped"])
async def foreign(world: World, request: pytest.FixtureRequest) -> Any:
    wrapped = request.param == "wrapped"
    made = Foreign(world, "httpx" if wrapped else request.param, wrapped)
    yield made
    await world.close(made.native)


async def test_request_goes_out_once_with_every_header(play: Play, foreign: Foreign) -> None:
    peer = play(always(answer(b'{"ok": 1}', "200 OK", "X-Request-Id: r1")))
    client = foreign.client(peer.url + "/v1")
    response = await foreign.world.do(client.request(KEYED, json={"a": "ä"}, query={"q": "x y"}))
    assert response.json() == {"ok": 1}
    request = peer.requests[0]
    assert request.target == "/v1/thing?q=x%20y"
    assert request.body == '{"a":"ä"}'.encode()
    assert request.header("authorization") == f"Bearer {KEY}"
    assert request.header("idempotency-key")
    assert request.header("user-agent") == "wire/1"
    names = [name.lower() for name, _ in request.headers]
    assert len(names) == len(set(names))
    assert ("x-wrapped" in names) == foreign.wrapped


async def test_client_that_was_passed_in_stays_open(play: Play, foreign: Foreign) -> None:
    peer = play(always(answer()))
    client = foreign.client(peer.url)
    await foreign.world.do(client.request(GET))
    await foreign.world.close(client)
    with pytest.raises(ClientClosedError):
        await foreign.world.do(client.request(GET))
    assert not foreign.native.is_closed
    again = foreign.client(peer.url)
    assert (await foreign.world.do(again.request(GET))).status == 200
    assert len(peer.connections) == 1


async def test_client_that_its_owner_closed_is_named(play: Play, foreign: Foreign) -> None:
    if foreign.wrapped:
        pytest.skip("a wrapper does not tell whether it is closed")
    client = foreign.client(play(always(answer())).url)
    await foreign.world.close(foreign.native)
    with pytest.raises(ClientClosedError, match="http_client"):
        await foreign.world.do(client.request(GET))


@pytest.mark.parametrize(
    ("script", "progress", "kind"),
    [
        (lambda c: c.read_request(), 1, ConnectionFailure),
        (lambda c: (c.read_request(), c.reset()), 1, TransportError),
        (once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), 2, ConnectionFailure),
        (once(b"nonsense\r\n\r\n"), 1, ProtocolFailure),
    ],
)
async def test_failures_tell_how_far_the_exchange_got(
    play: Play, foreign: Foreign, script: Any, progress: int, kind: type[TransportError]
) -> None:
    client = foreign.client(play(script).url)
    with pytest.raises(kind) as caught:
        await foreign.world.do(client.request(POST, json={}))
    assert caught.value.progress == progress
    assert caught.value.outcome_unknown


async def test_refused_connection_is_retried_for_every_method(foreign: Foreign) -> None:
    client = foreign.client("http://127.0.0.1:9", max_retries=2)
    with pytest.raises(ConnectionFailure) as caught:
        await foreign.world.do(client.request(POST))
    assert caught.value.attempts == 3
    assert caught.value.progress == 0


async def test_stale_connection_is_replayed_for_free(play: Play, foreign: Foreign) -> None:
    def impolite(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer())
        connection.read_request()

    peer = play(in_turn(impolite, always(answer())))
    client = foreign.client(peer.url)
    await foreign.world.do(client.request(KEYED))
    response = await foreign.world.do(client.request(KEYED))
    assert response.attempts == 2


def on_a_kept_connection(script: Script) -> Script:
    """Answer one request, then play.

    The libraries lose a connection if a limit passes just when it stands; here it stands before.
    """

    def played(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer())
        script(connection)

    return played


def silent(connection: Connection) -> None:
    connection.read_request()
    connection.hold()


async def test_silent_server_ends_at_the_timeout(play: Play, foreign: Foreign) -> None:
    peer = play(on_a_kept_connection(silent))
    client = foreign.client(peer.url, timeout=0.25)
    await foreign.world.do(client.request(GET, timeout=HUNG_SECONDS))
    began = time.monotonic()
    with pytest.raises(TimeoutFailure, match=r"0\.25 s"):
        await foreign.world.do(client.request(GET))
    assert time.monotonic() - began < HUNG_SECONDS
    assert await peer.all_gone()


async def test_dripping_body_ends_at_the_timeout(play: Play, foreign: Foreign) -> None:
    def drip(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        connection.drip(b"a" * 1000)

    peer = play(on_a_kept_connection(drip))
    client = foreign.client(peer.url, timeout=0.25)
    await foreign.world.do(client.request(GET, timeout=HUNG_SECONDS))
    began = time.monotonic()
    with pytest.raises(TimeoutFailure):
        await foreign.world.do(client.request(GET))
    assert time.monotonic() - began < HUNG_SECONDS
    assert await peer.all_gone()


async def test_body_is_bounded_and_decoded_by_us(play: Play, foreign: Foreign) -> None:
    import gzip

    packed = gzip.compress(b"0" * 5_000_000)
    peer = play(always(answer(packed, "200 OK", "Content-Encoding: gzip")))
    client = foreign.client(peer.url, max_response_bytes=100_000)
    with pytest.raises(BodyTooLarge):
        await foreign.world.do(client.request(GET))
    assert await peer.all_gone()
    client = foreign.client(peer.url)
    assert len((await foreign.world.do(client.request(GET))).body) == 5_000_000


async def test_streamed_body_is_sent_with_its_length(play: Play, foreign: Foreign) -> None:
    peer = play(always(answer()))
    client = foreign.client(peer.url)
    await foreign.world.do(client.request(POST, body=open_body([b"ab", b"c"], length=3)))
    await foreign.world.do(client.request(POST, body=open_body([b"ab", b"c"])))
    assert [request.body for request in peer.requests] == [b"abc", b"abc"]
    assert peer.requests[0].header("content-length") == "3"
    assert peer.requests[1].header("transfer-encoding") == "chunked"


async def test_failure_of_the_callers_own_body_comes_through(play: Play, foreign: Foreign) -> None:
    error = OSError("disk gone")

    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise error

    client = foreign.client(play(always(answer())).url, max_retries=3)
    with pytest.raises(OSError, match="disk gone") as caught:
        await foreign.world.do(client.request(KEYED, body=open_body(pieces())))
    assert caught.value is error


async def test_redirects_are_not_left_to_the_client(play: Play, world: World) -> None:
    kind = httpx.Client if world.blocking else httpx.AsyncClient
    native: Any = kind(follow_redirects=True, trust_env=False)
    elsewhere = play(always(answer(b'"elsewhere"')))
    peer = play(always(answer(b"", "307 Temporary Redirect", f"Location: {elsewhere.url}/x")))
    credentials = lambda: (("X-Project-Key", KEY), ("Authorization", "Bearer " + KEY))  # noqa: E731
    client = world.client(peer.url, http_client=native, credentials=credentials)
    with pytest.raises(StatusError) as caught:
        await world.do(client.request(GET))
    assert caught.value.status == 307
    client = world.client(
        peer.url,
        http_client=native,
        credentials=credentials,
        redirects=RedirectPolicy(follow=True),
    )
    assert (await world.do(client.request(GET))).json() == "elsewhere"
    assert KEY.encode() not in elsewhere.requests[0].raw_head
    await world.close(native)


async def test_events_are_streamed_and_their_silence_noticed(play: Play, foreign: Foreign) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(EVENTS + chunked(b"id: 1\ndata: a\n\n", end=False))
        connection.hold()

    peer = play(on_a_kept_connection(script))
    for limit in LIMITS:
        rules = EventRules(idle_timeout=limit, max_reconnects=0)
        client = foreign.client(peer.url, timeout=limit)
        await foreign.world.do(client.request(GET, timeout=HUNG_SECONDS))
        stream = client.events(STREAM, rules)
        try:
            assert (await foreign.world.next(stream)).data == "a"
        except (StreamIdleTimeout, TimeoutFailure):  # it passed before the event was there
            continue
        with pytest.raises(StreamIdleTimeout):
            await foreign.world.next(stream)
        break
    else:
        pytest.fail("the first event did not come")
    assert await peer.all_gone()


async def test_stream_closed_half_read_closes_its_connection(play: Play, foreign: Foreign) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(chunked_head() + chunked(b"a", end=False))
        connection.hold()

    peer = play(script)
    stream = foreign.client(peer.url).download(GET)
    assert await foreign.world.next(stream) == b"a"
    await foreign.world.close(stream)
    assert await peer.all_gone()


async def test_mock_transport_answers(world: World) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            return httpx.Response(
                200, text="data: 1\n\n", headers={"content-type": "text/event-stream"}
            )
        return httpx.Response(200, json={"path": request.url.path}, headers={"X-Request-Id": "m"})

    kind = httpx.Client if world.blocking else httpx.AsyncClient
    native: Any = kind(transport=httpx.MockTransport(handle))
    client = world.client("http://api.example/v1", http_client=native)
    response = await world.do(client.request(GET))
    assert response.json() == {"path": "/v1/thing"}
    assert response.request_id() == "m"
    assert [e.data for e in await world.collect(client.events(STREAM, EventRules()))] == ["1"]
    await world.close(native)


async def test_mock_transport_that_compresses_is_decoded_once(world: World) -> None:
    import gzip

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, content=gzip.compress(b"[7]"), headers={"Content-Encoding": "gzip"}
        )

    kind = httpx.Client if world.blocking else httpx.AsyncClient
    native: Any = kind(transport=httpx.MockTransport(handle))
    client = world.client("http://api.example/v1", http_client=native)
    assert (await world.do(client.request(GET))).json() == [7]
    await world.close(native)


async def test_event_hook_that_reads_the_body_does_no_harm(play: Play, world: World) -> None:
    seen: list[str] = []

    def look(response: httpx.Response) -> None:
        response.read()
        seen.append(response.text)

    async def alook(response: httpx.Response) -> None:
        await response.aread()
        seen.append(response.text)

    kind = httpx.Client if world.blocking else httpx.AsyncClient
    hook: Any = look if world.blocking else alook
    native: Any = kind(event_hooks={"response": [hook]}, trust_env=False)
    client = world.client(play(always(answer(b"[3]"))).url, http_client=native)
    assert (await world.do(client.request(GET))).json() == [3]
    assert seen == ["[3]"]
    await world.close(native)


@pytest.mark.parametrize("wrong", [object(), 3, "client", httpx])
async def test_object_of_another_shape_is_refused(world: World, wrong: object) -> None:
    with pytest.raises(ConfigurationError, match="http_client"):
        world.client("http://x", http_client=wrong)


async def test_client_of_the_other_world_is_refused(world: World) -> None:
    other: Any = httpx.AsyncClient() if world.blocking else httpx.Client()
    with pytest.raises(ConfigurationError, match="http_client"):
        world.client("http://x", http_client=other)
    await World(not world.blocking).close(other)


async def test_wrapper_of_the_other_world_is_refused_at_the_first_call(world: World) -> None:
    class Disguised:
        def __init__(self, client: Any) -> None:
            self.build_request = client.build_request
            self._client = client

        def send(self, request: Any, **options: Any) -> Any:
            return self._client.send(request, **options)

    other: Any = (
        httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(200)))
        if world.blocking
        else httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200)))
    )
    client = world.client("http://x", http_client=Disguised(other))
    with pytest.raises(ConfigurationError, match="http_client"):
        await world.do(client.request(GET))
    await World(not world.blocking).close(other)


async def test_http_client_and_transport_together_are_refused(world: World) -> None:
    kind = httpx.Client if world.blocking else httpx.AsyncClient
    native: Any = kind()
    with pytest.raises(ConfigurationError, match="not both"):
        world.client("http://x", http_client=native, transport=object())
    await world.close(native)


def test_shared_httpx_client_serves_many_threads(play: Play) -> None:
    def echo(connection: Connection) -> None:
        while True:
            connection.send(answer(json.dumps(connection.read_request().target).encode()))

    peer = play(echo)
    with httpx.Client(trust_env=False) as native:
        client = World(blocking=True).client(peer.url, http_client=native)
        wrong: list[str] = []

        def work(name: int) -> None:
            for number in range(10):
                query = f"{name}-{number}"
                if client.request(GET, query={"n": query}).json() != f"/thing?n={query}":
                    wrong.append(query)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


async def test_cancelled_call_through_a_foreign_client_closes_its_connection(play: Play) -> None:
    peer = play(lambda connection: (connection.read_request(), connection.hold()))
    async with httpx.AsyncClient(trust_env=False) as native:
        client = World(blocking=False).client(peer.url, http_client=native)
        task = asyncio.create_task(client.request(GET))
        await eventually(lambda: bool(peer.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await peer.all_gone()


# The client's own time limits.


async def test_limits_of_the_client_stay_if_the_call_names_none(play: Play, world: World) -> None:
    peer = play(lambda connection: (connection.read_request(), connection.hold()))
    kind = httpx.Client if world.blocking else httpx.AsyncClient
    native: Any = kind(timeout=httpx.Timeout(HUNG_SECONDS, read=0.1), trust_env=False)
    client = world.client(peer.url, http_client=native, timeout=None)
    with pytest.raises(TimeoutFailure) as caught:
        await world.do(client.request(GET))
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)
    await world.close(native)


async def test_limits_of_the_client_give_way_to_those_of_the_call(play: Play, world: World) -> None:
    kind = httpx.Client if world.blocking else httpx.AsyncClient
    native: Any = kind(timeout=0.000_001, trust_env=False)
    client = world.client(play(always(answer())).url, http_client=native)
    assert (await world.do(client.request(GET, timeout=HUNG_SECONDS))).status == 200
    await world.close(native)


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
async def test_pause_in_a_stream_is_bounded_by_the_streams_own_limit(
    play: Play, world: World, library: str
) -> None:
    foreign = Foreign(world, library, wrapped=False)
    rules = EventRules(idle_timeout=HUNG_SECONDS)
    for limit in LIMITS:

        def pause(connection: Connection, limit: float = limit) -> None:
            connection.read_request()
            connection.send(chunked_head("Content-Type: text/event-stream"))
            connection.peer.over.wait(1.6 * limit)
            connection.send(chunked(b"data: a\n\n") + b"0\r\n\r\n")

        client = foreign.client(play(on_a_kept_connection(pause)).url, timeout=limit)
        await world.do(client.request(GET, timeout=HUNG_SECONDS))
        with contextlib.suppress(TimeoutFailure):  # if it passed before the head was there
            events = await world.collect(client.events(STREAM, rules))
            break
    assert [event.data for event in events] == ["a"]
    await world.close(foreign.native)


# Errors and answers as httpx's own.


@pytest.mark.parametrize("engine", ["own", "httpx"])
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (None, httpx.ConnectError),
        (on_a_kept_connection(silent), httpx.ReadTimeout),
        (lambda c: c.read_request(), httpx.RemoteProtocolError),
        (once(b"nonsense\r\n\r\n"), httpx.RemoteProtocolError),
        (lambda c: (c.read_request(), c.reset()), httpx.ReadError),
        (once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), httpx.RemoteProtocolError),
    ],
    ids=["refused", "silent", "closed", "nonsense", "reset", "cut"],
)
async def test_network_errors_are_those_of_httpx_too(
    play: Play, world: World, engine: str, script: Any, kind: type[Exception]
) -> None:
    url = "http://127.0.0.1:9" if script is None else play(script).url
    native: Any = None
    if engine == "httpx":
        kind_of_client = httpx.Client if world.blocking else httpx.AsyncClient
        native = kind_of_client(trust_env=False)
    service = replace(SERVICE, adopt=network_error)
    for limit in LIMITS if kind is httpx.ReadTimeout else (HUNG_SECONDS,):
        client = world.client(url, http_client=native, service=service, timeout=limit)
        if kind is httpx.ReadTimeout:
            await world.do(client.request(GET, timeout=HUNG_SECONDS))
        with pytest.raises((kind, httpx.TimeoutException)) as caught:
            await world.do(client.request(POST))
        if isinstance(caught.value, kind):  # else it passed before anything was read
            break
    assert isinstance(caught.value, kind)
    error: Any = caught.value
    assert isinstance(error, TransportError)
    assert (error.request.method, str(error.request.url)) == ("POST", f"{url}/thing")
    assert KEY not in repr(error.request.headers)
    if native is not None:
        # What the client raised stays reachable; our own limit may have come before its.
        assert type(error.__cause__) in (kind, asyncio.TimeoutError)
        await world.close(native)


async def test_answer_of_an_error_is_one_of_httpx_without_the_key(play: Play, world: World) -> None:
    packed = gzip.compress(b'{"code": "NOPE"}')
    peer = play(always(answer(packed, "422 Odd", "Content-Encoding: gzip", "Set-Cookie: a=1")))
    with pytest.raises(StatusError) as caught:
        await world.do(world.client(peer.url).request(POST))
    native = to_httpx_response(caught.value.response)
    assert native.json() == {"code": "NOPE"}
    assert native.headers["set-cookie"] == "a=1"
    assert KEY not in repr(native.request.headers.raw)


async def test_asgi_application_is_reached_through_a_client() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message.get("more_body"):
                break
        headers = [(b"content-type", b"application/octet-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as native:
        client = World(blocking=False).client("http://app.example", http_client=native)
        body = open_body(io.BytesIO(b"x" * 200_000))
        assert (await client.request(POST, body=body)).body == b"x" * 200_000
