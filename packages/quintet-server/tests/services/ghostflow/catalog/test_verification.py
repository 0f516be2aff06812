"""Verification of domains: what is asked, what is believed, and where nobody is asked."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from quintet_server.engines.hooks.target import guarded_client
from quintet_server.services.ghostflow.catalog.verification import Verifier

from .resources import DOMAINS, make

TOKEN = "t" * 32
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


async def _here(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


class Peer:
    """A server that answers with given bytes, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: bytes | None = b""
        self.asked: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request; None: never."""
        with contextlib.suppress(ConnectionError):
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            if self.answer is None:
                await reader.read()
            else:
                writer.write(self.answer)
                await writer.drain()
        writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def peer() -> AsyncIterator[Peer]:
    found = Peer()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    await server.wait_closed()


Verifiers = Callable[..., Verifier]


@pytest_asyncio.fixture(loop_scope="session")
async def verifiers() -> AsyncIterator[Verifiers]:
    async with contextlib.AsyncExitStack() as stack:

        def make_one(port: int, *, allow_private: bool = True, seconds: float = 5) -> Verifier:
            client = guarded_client(allow_private=allow_private, resolver=_here)
            one = Verifier(client, port=port, seconds=seconds)
            stack.push_async_callback(one.close)
            return one

        yield make_one


def _with_length(body: bytes, head: bytes = OK) -> bytes:
    return head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.wire
@pytest.mark.parametrize(
    "answer",
    [
        _with_length(TOKEN.encode()),
        _with_length(f"\n {TOKEN} \r\n".encode()),
        _with_length(TOKEN.encode() + b" " * (1024 - len(TOKEN))),
        OK + b"Transfer-Encoding: chunked\r\n\r\n20\r\n" + TOKEN.encode() + b"\r\n0\r\n\r\n",
        OK + b"\r\n" + TOKEN.encode(),
    ],
    ids=lambda answer: repr(answer)[:40],
)
async def test_host_that_shows_its_token_has_no_problem(
    peer: Peer, verifiers: Verifiers, answer: bytes
) -> None:
    peer.answer = answer
    assert await verifiers(peer.port).problem("go.example.com", TOKEN) is None
    [asked] = peer.asked
    assert asked.startswith(f"GET /.well-known/ghostflow/{TOKEN} HTTP/1.1\r\n".encode())
    assert f"\r\nhost: go.example.com:{peer.port}\r\n".encode() in asked.lower()
    assert b"authorization" not in asked.lower()


@pytest.mark.wire
@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (_with_length(b"other"), "not the token"),
        (_with_length(b""), "not the token"),
        (_with_length(TOKEN.encode() * 2), "not the token"),
        (_with_length(TOKEN.encode() + b" " * 1024), "longer than 1024 bytes"),
        (OK + b"\r\n" + b"x" * 100_000, "longer than 1024 bytes"),
        (
            _with_length(
                gzip.compress(TOKEN.encode(), mtime=0), OK + b"Content-Encoding: gzip\r\n"
            ),
            "not the token",
        ),
        (_with_length(TOKEN.encode(), b"HTTP/1.1 404 Not Found\r\n"), "404"),
        (_with_length(TOKEN.encode(), b"HTTP/1.1 206 Partial Content\r\n"), "206"),
        (_with_length(b"", b"HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\n"), "301"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "could not be reached"),
        (b"x" * 3000 + b"\r\n", "could not be reached"),
        (b"", "could not be reached"),
        (OK + b"Content-Length: 32\r\n\r\nttt", "could not be reached"),
        (None, "no answer within 0.2 seconds"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_host_that_shows_anything_else_has_a_problem(
    peer: Peer, verifiers: Verifiers, answer: bytes | None, problem: str
) -> None:
    peer.answer = answer
    seconds = 0.2 if answer is None else 5
    said = await verifiers(peer.port, seconds=seconds).problem("go.example.com", TOKEN)
    assert said is not None
    assert problem in said
    assert len(said) < 400
    assert len(peer.asked) == 1  # a redirect is followed nowhere


@pytest.mark.wire
async def test_host_where_nobody_listens_could_not_be_reached(
    peer: Peer, verifiers: Verifiers
) -> None:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    said = await verifiers(port).problem("go.example.com", TOKEN)
    assert said is not None
    assert "could not be reached" in said


@pytest.mark.wire
async def test_host_that_leads_into_a_private_network_is_not_asked(
    peer: Peer, verifiers: Verifiers
) -> None:
    verifier = verifiers(peer.port, allow_private=False)
    for host in ("go.example.com", "10.0.0.1", "[fd00::1]", "169.254.169.254"):
        said = await verifier.problem(host, TOKEN)
        assert said is not None
        assert "not a public address" in said
    assert peer.asked == []


@pytest.mark.engines
@pytest.mark.wire
async def test_domain_that_leads_to_this_server_verifies_by_itself(
    wire: Any, verifiers: Verifiers, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier, real = verifiers(wire.http.base_url.port), Verifier.problem
    monkeypatch.setattr(Verifier, "problem", lambda _self, host, token: real(verifier, host, token))
    made = await make(wire, DOMAINS)
    path = f"/domains/{made['id']}/verify"
    verified = await wire.ask("POST", path)
    assert (verified["status"], verified["lastError"]) == ("active", None)
    assert verified["lastCheckedAt"] is not None
    events = await wire.sql(
        "SELECT stream, type, data FROM events WHERE project_id = %s", wire.project_id
    )
    assert events == [(made["id"], "domain.verified", verified)]
    again = await wire.ask("POST", path)
    assert again["status"] == "active"
    assert again["lastCheckedAt"] > verified["lastCheckedAt"]
    [[count]] = await wire.sql("SELECT count(*) FROM events WHERE project_id = %s", wire.project_id)
    assert count == 1


def _answering(problem: str | None) -> Any:
    async def answer(_self: Any, _host: str, _token: str) -> str | None:
        return problem

    return answer


@pytest.mark.engines
async def test_failed_verification_says_why_and_can_be_repeated(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make(api, DOMAINS)
    path = f"/domains/{made['id']}/verify"
    monkeypatch.setattr(Verifier, "problem", _answering("Nobody is there."))
    failed = await api.post(path)
    assert (failed.status_code, failed.headers["etag"]) == (200, '"2"')
    assert (failed.json()["status"], failed.json()["lastError"]) == ("failed", "Nobody is there.")
    assert (await api.ask("GET", "/domains", params={"status": "failed"})) == [failed.json()]
    monkeypatch.setattr(Verifier, "problem", _answering(None))
    mended = await api.ask("POST", path)
    assert (mended["status"], mended["lastError"]) == ("active", None)
    monkeypatch.setattr(Verifier, "problem", _answering("Gone."))
    assert (await api.ask("POST", path))["status"] == "failed"
    reader = await api.with_scopes("read:domains")
    await reader.refused("POST", path, None, 403, "AUTH_INSUFFICIENT_SCOPE")
    other = await api.other_project()
    await other.refused("POST", path, None, 404, "NOT_FOUND")


@pytest.mark.engines
async def test_domain_of_this_very_machine_is_not_asked(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Verifier, "problem", _answering("It was asked."))
    made = await make(api, DOMAINS, host=f"{uuid.uuid4().hex}.localhost")
    verified = await api.ask("POST", f"/domains/{made['id']}/verify")
    assert (verified["status"], verified["lastError"]) == ("active", None)


@pytest.mark.engines
async def test_host_that_changes_while_it_is_asked_is_not_verified(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make(api, DOMAINS)
    item = f"/domains/{made['id']}"

    async def changing(_self: Any, _host: str, _token: str) -> str | None:
        await api.ask("PATCH", item, {"host": f"{uuid.uuid4().hex}.example.com"})
        return None

    monkeypatch.setattr(Verifier, "problem", changing)
    await api.refused("POST", f"{item}/verify", None, 409, "CONFLICT")
    assert (await api.ask("GET", item))["status"] == "pending"


@pytest.mark.engines
async def test_token_is_shown_at_the_root_of_the_host_without_a_key(api: Any) -> None:
    made = await make(api, DOMAINS)
    path = made["verification"]["path"]
    shown = await api.at_root("GET", path, headers={"Host": made["host"]})
    assert (shown.status_code, shown.text) == (200, made["verification"]["token"])
    assert shown.headers["content-type"].startswith("text/plain")
    assert shown.headers["cache-control"] == "no-store"
    assert "x-ratelimit-limit" not in shown.headers
    for unknown in ("0" * 32, TOKEN, "%00", "a/b", ""):
        answer: httpx.Response = await api.at_root("GET", f"/.well-known/ghostflow/{unknown}")
        assert answer.status_code == 404
    await api.ask("DELETE", f"/domains/{made['id']}")
    assert (await api.at_root("GET", path)).status_code == 404
