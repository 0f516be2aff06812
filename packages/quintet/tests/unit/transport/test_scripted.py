"""The public fake: answers in order, remembers everything, says what leaks."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from quintet import open_body
from quintet.core.request import Request
from quintet.errors import ClientClosedError, ConnectionFailure
from quintet.transport.scripted import AsyncScriptedTransport, Reply, ScriptedTransport, reply

GET = Request("GET", "http://x/a")


@pytest.fixture(params=[ScriptedTransport, AsyncScriptedTransport])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


async def do(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


async def send(transport: Any, request: Request = GET) -> Any:
    return await do(transport.send(request, None, None))


async def body_of(exchange: Any) -> bytes:
    body = b""
    while piece := await do(exchange.read(None, None)):
        body += piece
    return body


async def test_answers_come_in_the_order_of_the_script(kind: Any) -> None:
    transport = kind([reply(201, json={"a": 1}), reply(404, body=b"no", headers={"X": "1"})])
    first, second = await send(transport), await send(transport)
    assert (first.status, await body_of(first)) == (201, b'{"a": 1}')
    assert first.headers["content-type"] == "application/json"
    assert (second.status, await body_of(second), second.headers["x"]) == (404, b"no", "1")
    assert first.http_version == "HTTP/1.1"


async def test_body_arrives_in_the_scripted_pieces(kind: Any) -> None:
    called: list[int] = []
    chunks = [b"a", b"", lambda: called.append(1) or b"b", ConnectionFailure("cut")]  # type: ignore[func-returns-value]
    exchange = await send(kind([reply(chunks=chunks)]))
    assert await do(exchange.read(None, None)) == b"a"
    assert called == []
    assert await do(exchange.read(None, None)) == b"b"
    with pytest.raises(ConnectionFailure):
        await do(exchange.read(None, None))


async def test_function_that_yields_nothing_is_passed_over(kind: Any) -> None:
    exchange = await send(kind([reply(chunks=[lambda: b"", b"x"])]))
    assert await body_of(exchange) == b"x"


async def test_exception_in_the_script_is_raised(kind: Any) -> None:
    with pytest.raises(ConnectionFailure):
        await send(kind([ConnectionFailure("down")]))


async def test_function_in_the_script_sees_the_request(kind: Any) -> None:
    transport = kind([lambda request: reply(200, json=request.url), lambda request: OSError("x")])
    assert await body_of(await send(transport)) == b'"http://x/a"'
    with pytest.raises(OSError, match="x"):
        await send(transport)


async def test_requests_and_their_bodies_are_remembered(kind: Any) -> None:
    transport = kind([reply()] * 3)
    streamed = Request("POST", "http://x/b", (), open_body([b"a", b"b"]))
    for request in (GET, Request("POST", "http://x/c", (), b"c"), streamed):
        await send(transport, request)
    assert [request.method for request in transport.requests] == ["GET", "POST", "POST"]
    assert transport.bodies == [b"", b"c", b"ab"]


async def test_script_that_runs_out_fails_loudly(kind: Any) -> None:
    transport = kind([])
    with pytest.raises(AssertionError, match="GET http://x/a"):
        await send(transport)
    transport.add(reply(200))
    assert (await send(transport)).status == 200


async def test_open_exchanges_are_counted(kind: Any) -> None:
    transport = kind([reply(), reply()])
    one, two = await send(transport), await send(transport)
    assert transport.open_exchanges == 2
    await do(one.close())
    await do(one.close())
    assert transport.open_exchanges == 1
    await do(two.close())
    assert transport.open_exchanges == 0


async def test_closed_transport_refuses_requests(kind: Any) -> None:
    transport = kind([reply()])
    await do(transport.close())
    assert transport.closed
    with pytest.raises(ClientClosedError):
        await send(transport)


def test_reply_of_nothing_is_an_empty_success() -> None:
    assert reply() == Reply(200, (), ())


def test_reply_keeps_a_content_type_of_its_own() -> None:
    assert reply(json=1, headers=[("content-type", "x/y")]).headers == (("content-type", "x/y"),)
    assert reply(body=b"x").headers == ()
