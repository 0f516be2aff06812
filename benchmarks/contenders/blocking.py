"""Ways to fetch a thing by blocking: a socket, HTTP libraries, our engine and our client alone.

Each takes the thing and the base URL and returns a function that fetches it once: sends the
request, looks at the status, decodes the JSON. Whether TLS is trusted is said by `SSL_CERT_FILE`.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from benchmarks.contenders.things import Thing

Fetch = Callable[[], Any]


def check(status: int) -> None:
    """Refuse what is no success."""
    if not 200 <= status < 300:
        raise RuntimeError(f"the peer answered {status}")


def constant_request(thing: Thing, authority: str) -> bytes:
    """Return the bytes that ask for it."""
    lines = [f"{thing.method} {thing.path} HTTP/1.1", f"Host: {authority}"]
    lines += [f"{name}: {value}" for name, value in thing.headers.items()]
    if thing.body is None:
        return ("\r\n".join(lines) + "\r\n\r\n").encode()
    body = json.dumps(thing.body)
    last = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
    return ("\r\n".join([*lines, last]) + "\r\n\r\n" + body).encode()


def raw_socket(thing: Thing, base: str) -> Fetch:
    """The floor: a request made of constant bytes, an answer cut at its length."""
    parts = urlsplit(base)
    context = ssl.create_default_context() if parts.scheme == "https" else None

    def connect() -> socket.socket:
        made = socket.create_connection(("127.0.0.1", parts.port or 0))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(made, server_hostname="127.0.0.1") if context else made

    connection = connect()
    constant = constant_request(thing, parts.netloc)

    def fetch() -> Any:
        nonlocal connection
        if connection.fileno() < 0:
            connection = connect()
        connection.sendall(constant)
        head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
        length = int(head.rpartition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        if b"Connection: close" in head:
            connection.close()
        return json.loads(body)

    return fetch


def http_client(thing: Thing, base: str) -> Fetch:
    """The standard library."""
    from http.client import HTTPConnection, HTTPSConnection

    parts = urlsplit(base)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind("127.0.0.1", parts.port, timeout=30)

    def fetch() -> Any:
        connection.request(thing.method, thing.path, thing.content, thing.all_headers)
        response = connection.getresponse()
        check(response.status)
        return json.loads(response.read())

    return fetch


def plain_urllib3(thing: Thing, base: str) -> Fetch:
    """Its pool manager."""
    import urllib3

    pool = urllib3.PoolManager(headers=thing.all_headers, timeout=30)

    def fetch() -> Any:
        response = pool.request(thing.method, f"{base}{thing.path}", body=thing.content)
        check(response.status)
        return response.json()

    return fetch


def plain_requests(thing: Thing, base: str) -> Fetch:
    """A session, as a guide without a package shows it: the text, its JSON."""
    import requests

    session = requests.Session()
    session.headers.update({**thing.headers, "Content-Type": "application/json"})

    def fetch() -> Any:
        response = session.request(thing.method, f"{base}{thing.path}", json=thing.body, timeout=30)
        text = response.text
        payload = json.loads(text) if text else None
        if not response.ok:
            raise RuntimeError(f"{response.status_code}: {payload}")
        return payload

    return fetch


def requests_with_limits(thing: Thing, base: str) -> Fetch:
    """What a guide's sample class does with requests: the decoded answer and three numbers."""
    import requests

    session = requests.Session()
    session.headers.update({**thing.headers, "Content-Type": "application/json"})

    def fetch() -> Any:
        response = session.request(thing.method, f"{base}{thing.path}", timeout=30, params={})
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
        limits = tuple(int(response.headers.get(name, 0)) for name in names)
        if not response.ok:
            raise RuntimeError(f"{response.status_code}: {response.text[:300]}")
        return response.json(), limits

    return fetch


def bare_httpx(thing: Thing, base: str) -> Fetch:
    """The bare library: the baseline of most questions."""
    import httpx

    client = httpx.Client(base_url=base, headers=thing.headers, timeout=30)

    def fetch() -> Any:
        response = client.request(thing.method, thing.path, json=thing.body)
        response.raise_for_status()
        return response.json()

    return fetch


def bare_httpx2(thing: Thing, base: str) -> Fetch:
    """The bare library."""
    import httpx2

    client = httpx2.Client(base_url=base, headers=thing.headers, timeout=30)

    def fetch() -> Any:
        response = client.request(thing.method, thing.path, json=thing.body)
        response.raise_for_status()
        return response.json()

    return fetch


def engine(thing: Thing, base: str) -> Fetch:
    """Our engine without the client above it."""
    from quintet.core.request import Request
    from quintet.transport.engine import Engine

    sender = Engine(time.monotonic)
    pairs = tuple(thing.all_headers.items())
    request = Request(thing.method, f"{base}{thing.path}", pairs, thing.content)

    def fetch() -> Any:
        until = time.monotonic() + 30
        exchange = sender.send(request, until, 30)
        check(exchange.status)
        return json.loads(read_all(exchange, until))

    return fetch


def read_all(exchange: Any, until: float) -> bytes:
    """Return the body of an exchange of our engine, as the client above it reads it."""
    body: bytes | None = getattr(exchange, "whole", None)
    if body is not None:
        return body
    pieces = []
    while piece := exchange.read(until, 30):
        pieces.append(piece)
    exchange.close()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def client(thing: Thing, base: str) -> Fetch:
    """Our client without the SDK above it."""
    from quintet import ApiClient

    api = ApiClient(*client_parts(thing, base))
    parts = request_parts(thing)
    return lambda: api.request(**parts).json()


def client_parts(thing: Thing, base: str) -> tuple[Any, Any, Any]:
    """Return what either client is made of."""
    from quintet import ClientOptions, Service

    name, prefix = thing.key_header
    headers = [(name, f"{prefix}{thing.key}")]
    service = Service(name="benchmark", user_agent="benchmark/1")
    return service, ClientOptions(base_url=base), lambda: headers


def request_parts(thing: Thing) -> dict[str, Any]:
    """Return what either client is told."""
    from quintet import Operation, RetryClass

    parts: dict[str, Any] = {
        "operation": Operation("fetch", thing.method, thing.path, RetryClass.SAFE)
    }
    return parts if thing.body is None else {**parts, "json": thing.body}


WAYS = {
    "socket": raw_socket,
    "http.client": http_client,
    "urllib3": plain_urllib3,
    "requests": plain_requests,
    "requests-limits": requests_with_limits,
    "httpx": bare_httpx,
    "httpx2": bare_httpx2,
    "engine": engine,
    "api-client": client,
}
