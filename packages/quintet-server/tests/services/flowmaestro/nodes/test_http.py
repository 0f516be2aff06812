"""The http node against a real server on this machine that can send anything, or nothing."""

from __future__ import annotations

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from quintet_server.engines.hooks.target import guarded_client
from quintet_server.services.flowmaestro.nodes import http
from quintet_server.services.flowmaestro.nodes.http_exchange import Limits, exchange
from quintet_server.services.flowmaestro.nodes.http_request import Outgoing
from quintet_server.services.flowmaestro.nodes.model import NodeError


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def answer(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Fine", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


RESET = b"reset"
HOLD = b"hold"


@dataclass
class Peer:
    """Sends the bytes of `answers`, the last one for ever; remembers what came."""

    answers: list[bytes] = field(
        default_factory=lambda: [answer(200, b"ok", content_type="text/plain")]
    )
    requests: list[Request] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip("\r\n").split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, target, _ = first.split(" ")
            self.requests.append(Request(method, target, headers, body))
            sent = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if sent == RESET:
                writer.transport.abort()
                return
            if sent.startswith(HOLD):
                writer.write(sent.removeprefix(HOLD))
                await reader.read()
                self.hung_up.set()
                return
            writer.write(sent)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up.set()
        finally:
            writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    async with server:
        yield peer


@pytest_asyncio.fixture(loop_scope="session")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with guarded_client(allow_private=True) as client:
        yield client


Send = Callable[..., Any]


@pytest.fixture
def send(run, client, peer) -> Send:
    async def send(config: dict[str, Any], data: Any = None) -> Any:
        config = {"url": f"{peer.url}/p", **config}
        return (await run("http", config, data or {}, http=client)).output

    return send


@pytest.fixture
def refused(failure, client, peer) -> Send:
    async def refused(config: dict[str, Any], data: Any = None, **parts: Any) -> NodeError:
        config = {"url": f"{peer.url}/p", **config}
        return await failure("http", config, data or {}, **{"http": client, **parts})

    return refused


async def test_http_output_has_status_headers_and_parsed_data(send, peer):
    peer.answers = [answer(201, b'{"a": [1]}', content_type="application/json", x_one="1")]
    output = await send({})
    assert output.pop("responseTime") >= 0
    assert output == {
        "status": 201,
        "statusText": "Fine",
        "headers": {
            "content-length": "10",
            "connection": "close",
            "content-type": "application/json",
            "x-one": "1",
        },
        "data": {"a": [1]},
    }


@pytest.mark.parametrize(
    ("body", "content_type", "data"),
    [
        (b'{"a": 1}', "application/problem+json; charset=utf-8", {"a": 1}),
        (b'{"a": 1}', "text/plain", '{"a": 1}'),
        (b"{broken", "application/json", "{broken"),
        (b"", "application/json", ""),
        ("grün".encode("latin-1"), "text/plain; charset=iso-8859-1", "grün"),
        ("grün".encode(), "text/plain; charset=nonsense", "grün"),
        (b"\xff\x00", "application/octet-stream", "\ufffd\ufffd"),
    ],
)
async def test_http_data_is_json_where_it_is_declared_and_text_else(
    send, peer, body, content_type, data
):
    peer.answers = [answer(200, body, content_type=content_type)]
    assert (await send({}))["data"] == data


@pytest.mark.parametrize("status", [302, 404, 500, 503])
async def test_http_any_status_is_a_success_and_redirects_are_not_followed(send, peer, status):
    peer.answers = [answer(status, b"", location="http://127.0.0.1:1/secret")]
    output = await send({"retryCount": 3})
    assert output["status"] == status
    assert output["headers"]["location"] == "http://127.0.0.1:1/secret"
    assert len(peer.requests) == 1


async def test_http_sends_method_query_headers_and_interpolates_them(send, peer):
    await send(
        {
            "method": "delete",
            "url": f"{peer.url}/items/{{{{id}}}}?a=1#top",
            "queryParams": [{"key": "q", "value": "{{text}}"}, {"key": "", "value": "x"}],
            "headers": {"X-Id": "{{id}}", "X-List": "{{list}}"},
        },
        {"id": 7, "text": "a&b =ü", "list": [1, "x"]},
    )
    [request] = peer.requests
    assert request.method == "DELETE"
    assert request.target == "/items/7?a=1&q=a%26b+%3D%C3%BC"
    assert request.headers["x-id"] == "7"
    assert request.headers["x-list"] == '[1,"x"]'


@pytest.mark.parametrize(
    ("auth", "credentials", "header", "value"),
    [
        ("basic", "u:p:q", "authorization", f"Basic {base64.b64encode(b'u:p:q').decode()}"),
        ("bearer", "{{t}}", "authorization", "Bearer tok"),
        ("apiKey", "k", "x-api-key", "k"),
        ("api_key", "k", "x-api-key", "k"),
    ],
)
async def test_http_auth_types(send, peer, auth, credentials, header, value):
    config = {"authType": auth, "authCredentials": credentials, "headers": {header: "other"}}
    await send(config, {"t": "tok"})
    assert peer.requests[0].headers[header] == value


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"authType": "bearer"}, "authCredentials is required for bearer"),
        ({"authType": "basic", "authCredentials": "nouser"}, "must be user:password"),
        ({"headers": {"a b": "1"}}, "'a b' is no header name"),
        ({"headers": {"X-A": "{{lines}}"}}, "the value of X-A has line breaks"),
        ({"headers": {"Host": "x"}}, "Host is set by the server"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "is set by the server"),
        ({"url": "ftp://x/"}, "must begin with http"),
        ({"url": "{{nothing}}/x"}, "url"),
        ({"url": "http://user:secretpw@127.0.0.1/"}, "contains credentials"),
        ({"method": "POST", "body": "{{quote}}"}, "body is not valid JSON"),
        ({"method": "POST", "bodyType": "form", "body": '{"a"'}, "body is not valid JSON"),
    ],
)
async def test_http_requests_that_cannot_be_sent_are_refused(refused, peer, config, told):
    error = await refused(config, {"lines": "a\r\nX-Evil: 1", "quote": 'say "x'})
    assert told in error.message
    assert not error.retryable
    assert peer.requests == []


@pytest.mark.parametrize(
    ("config", "body", "content_type"),
    [
        ({"body": '{"a": "{{a}}"}'}, {"a": 'x "y" \\'}, "application/json"),
        ({"body": '{"n": {{n}}, "l": {{l}}}'}, {"n": 5, "l": [1]}, "application/json"),
        ({"body": "{{o}}"}, {"k": 1}, "application/json"),
        ({"body": {"a": "{{l}}", "b": "n={{n}}"}}, {"a": [1], "b": "n=5"}, "application/json"),
        ({"body": '{"a": 1}', "headers": {"content-type": "x/y"}}, {"a": 1}, "x/y"),
    ],
)
async def test_http_json_bodies(send, peer, config, body, content_type):
    data = {"a": 'x "y" \\', "n": 5, "l": [1], "o": {"k": 1}}
    await send({"method": "POST", **config}, data)
    [request] = peer.requests
    assert orjson.loads(request.body) == body
    assert request.headers["content-type"] == content_type


@pytest.mark.parametrize(
    ("config", "body", "content_type"),
    [
        (
            {"bodyType": "form", "body": "a=1&b={{n}}"},
            b"a=1&b=5",
            "application/x-www-form-urlencoded",
        ),
        (
            {"bodyType": "form", "body": '{"a": "{{t}}"}'},
            b"a=x+%26",
            "application/x-www-form-urlencoded",
        ),
        ({"bodyType": "form", "body": {"a": "{{n}}"}}, b"a=5", "application/x-www-form-urlencoded"),
        (
            {"bodyType": "form", "body": [{"key": "a", "value": "{{t}}"}]},
            b"a=x+%26",
            "application/x-www-form-urlencoded",
        ),
        ({"bodyType": "raw", "body": "n={{n}}"}, b"n=5", "text/plain; charset=utf-8"),
    ],
)
async def test_http_form_and_raw_bodies(send, peer, config, body, content_type):
    await send({"method": "PUT", **config}, {"n": 5, "t": "x &"})
    [request] = peer.requests
    assert request.body == body
    assert request.headers["content-type"] == content_type


async def test_http_get_sends_no_body_and_no_idempotency_key(send, peer):
    await send({"body": '{"a": 1}'})
    [request] = peer.requests
    assert request.body == b""
    assert "content-type" not in request.headers
    assert "idempotency-key" not in request.headers


async def test_http_write_carries_the_same_key_at_every_attempt(run, client, peer, monkeypatch):
    monkeypatch.setattr(http, "exchange", _impatient(http.exchange))
    peer.answers = [RESET, RESET, answer(200, b"1", content_type="application/json")]
    config = {"url": peer.url, "method": "POST", "body": "{}", "retryCount": 2}
    result = await run("http", config, {}, http=client)
    assert result.output["data"] == 1
    assert [one.headers["idempotency-key"] for one in peer.requests] == ["exec_1:n"] * 3


async def test_http_write_keeps_the_users_key(send, peer):
    await send({"method": "POST", "headers": {"Idempotency-Key": "mine"}})
    assert peer.requests[0].headers["idempotency-key"] == "mine"


def _impatient(real: Any) -> Any:
    async def no_sleep(_seconds: float) -> None:
        return

    return lambda *args, **kwargs: real(*args, **{"sleep": no_sleep, **kwargs})


async def test_http_transport_failures_are_retried_with_growing_delays(call_of, client, peer):
    peer.answers = [RESET, RESET, RESET, RESET, RESET, answer(200, b"ok")]
    request = Outgoing("GET", peer.url, (), b"", ())
    limits = Limits(timeout_seconds=5, retry_count=5, max_bytes=1000, allow_private=True)
    delays: list[float] = []
    told: list[tuple[int, float]] = []

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    output = await exchange(
        client,
        request,
        limits,
        sleep=sleep,
        retrying=lambda attempt, delay, _error: told.append((attempt, delay)),
    )
    assert output["status"] == 200
    assert delays == [1, 2, 4, 8, 10]
    assert told == [(2, 1), (3, 2), (4, 4), (5, 8), (6, 10)]


async def test_http_that_fails_to_the_end_is_retryable_and_says_how(client, peer):
    peer.answers = [RESET]
    request = Outgoing("GET", f"{peer.url}/?key=verysecret", (), b"", ("verysecret",))
    limits = Limits(timeout_seconds=5, retry_count=0, max_bytes=1000, allow_private=True)
    with pytest.raises(NodeError) as caught:
        await exchange(client, request, limits)
    assert caught.value.retryable
    assert caught.value.code == "connection_failed"
    assert caught.value.message.startswith("GET to 127.0.0.1 failed: ")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"])
async def test_http_slow_answer_times_out_at_every_attempt_anew(client, peer, begun):
    peer.answers = [HOLD + begun, answer(200, b"late")]
    request = Outgoing("GET", peer.url, (), b"", ())
    # Five, as on a busy machine 0.2 s may be too short for an answer that comes at once.
    limits = Limits(timeout_seconds=0.2, retry_count=5, max_bytes=1000, allow_private=True)

    async def sleep(_seconds: float) -> None:
        return

    output = await exchange(client, request, limits, sleep=sleep)
    assert output["data"] == "late"
    limits = replace(limits, retry_count=0)
    peer.answers = [HOLD + begun]
    with pytest.raises(NodeError, match=r"no complete answer within 0\.2 s"):
        await exchange(client, request, limits)


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000,
        answer(200, gzip.compress(b"x" * 10_000_000), content_encoding="gzip"),
        answer(200, b"x" * 5000),
    ],
    ids=["endless", "bomb", "large"],
)
async def test_http_huge_answer_is_refused_and_not_retried(client, peer, sent):
    peer.answers = [sent]
    request = Outgoing("GET", peer.url, (), b"", ())
    limits = Limits(timeout_seconds=5, retry_count=3, max_bytes=1000, allow_private=True)
    with pytest.raises(NodeError, match="more than 1000 bytes") as caught:
        await exchange(client, request, limits)
    assert caught.value.code == "output_too_large"
    assert len(peer.requests) == 1


async def test_http_compressed_answer_is_read(send, peer):
    peer.answers = [answer(200, gzip.compress(b'{"a": 1}'), content_encoding="gzip")]
    assert (await send({"headers": {"accept-encoding": "gzip"}}))["data"] == {"a": 1}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://2130706433:{port}/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
    ],
)
async def test_http_private_addresses_are_refused_unless_allowed(failure, peer, url):
    async with guarded_client() as client:
        error = await failure(
            "http",
            {"url": url.format(port=peer.port), "retryCount": 5},
            {},
            http=client,
            allow_private_targets=False,
        )
    assert error.code == "target_refused"
    assert not error.retryable
    assert peer.requests == []


async def test_http_name_that_leads_to_a_private_address_is_refused(failure, peer):
    async def resolver(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with guarded_client(resolver=resolver) as client:
        config = {"url": f"http://example.org:{peer.port}/"}
        error = await failure("http", config, {}, http=client, allow_private_targets=False)
    assert error.code == "target_refused"
    assert peer.requests == []


async def test_http_nothing_listening_fails_retryably(refused):
    error = await refused({"url": "http://127.0.0.1:1/"})
    assert error.retryable
    assert error.code == "connection_failed"


async def test_http_cookies_of_one_request_do_not_travel_with_the_next(send, peer):
    peer.answers = [answer(200, b"", set_cookie="session=tenant1; Path=/")]
    await send({})
    await send({})
    assert "cookie" not in peer.requests[1].headers


async def test_http_cancelled_hangs_up(run, client, peer):
    peer.answers = [HOLD]
    task = asyncio.ensure_future(run("http", {"url": peer.url}, {}, http=client))
    while not peer.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(60):
        await peer.hung_up.wait()


async def test_http_secrets_are_not_in_any_message(refused, peer):
    peer.answers = [b"hunter22 is no status line\r\n\r\n"]
    error = await refused(
        {
            "authType": "bearer",
            "authCredentials": "hunter22",
            "headers": {"X-Other": "swordfish"},
            "queryParams": {"key": "opensesame"},
        }
    )
    for secret in ("hunter22", "swordfish", "opensesame"):
        assert secret not in error.message


async def test_http_output_variable_names_the_answer(run, client, peer):
    config = {"url": peer.url, "outputVariable": "r"}
    result = await run("http", config, {}, http=client)
    assert result.output["r"]["status"] == 200
    assert result.variables["r"]["data"] == "ok"


async def test_http_tells_of_each_retry(call_of, client, peer, monkeypatch):
    monkeypatch.setattr(http, "exchange", _impatient(http.exchange))
    peer.answers = [RESET, answer(200, b"")]
    call = call_of("http", {"url": peer.url, "retryCount": 1}, {}, http=client)
    told: list[Any] = []
    call.emit = lambda type, data: told.append((type, data["attempt"], data["next_retry_in"]))
    await http.execute(call)
    assert told == [("node.retry", 2, 1000)]
