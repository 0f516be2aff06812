"""A service for tests of the kernel: one route for each thing the kernel does.

`probe` and `client` are a server that the tests share, and a project of the test's own there.
`lone_probe` and `lone_client` have server and database to themselves: to move the clock, to stop,
or to read a metric to the last one.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, ClassVar

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quintet_server.http.auth import KeyAuth, KeyHeader, require_scopes
from quintet_server.http.body import read_body, read_json
from quintet_server.http.disconnect import watch_disconnect
from quintet_server.http.errors import ApiError, ErrorEnvelope, Failure
from quintet_server.http.idempotency import IdempotencyRules, canonical, idempotent
from quintet_server.http.rate_limit import MovingWindow
from quintet_server.http.responses import json_response
from quintet_server.http.service import Service
from quintet_server.http.sse import last_event_id, sse_frame, sse_response
from quintet_server.settings import ServerSettings, Settings
from quintet_server.store import event_log
from quintet_server.store.database import Connection, Database
from quintet_server.store.event_log import Event
from quintet_server.store.idempotency import Reply
from quintet_server.store.keys import create_key

from ..conftest import RunningServer
from ..services.serving import shared_database

MOST_BYTES = 1000


class ProbeErrors(ErrorEnvelope):
    """``{"oops": …}``, so that no default shape can pass for it."""

    codes: ClassVar = {
        Failure.INVALID_JSON: (400, "bad_json"),
        Failure.INVALID_REQUEST: (400, "bad_request"),
        Failure.KEY_MISSING: (401, "key_missing"),
        Failure.KEY_UNKNOWN: (401, "key_unknown"),
        Failure.KEY_REVOKED: (401, "key_revoked"),
        Failure.KEY_EXPIRED: (401, "key_expired"),
        Failure.MISSING_SCOPE: (403, "missing_scope"),
        Failure.NOT_FOUND: (404, "not_found"),
        Failure.METHOD_NOT_ALLOWED: (405, "method_not_allowed"),
        Failure.BODY_TOO_LARGE: (413, "too_large"),
        Failure.RATE_LIMITED: (429, "rate_limited"),
        Failure.IDEMPOTENCY_KEY_REUSE: (409, "key_reuse"),
        Failure.IDEMPOTENCY_IN_PROGRESS: (409, "in_progress"),
        Failure.INTERNAL: (500, "internal"),
        Failure.UNAVAILABLE: (503, "unavailable"),
    }

    def body(self, error: ApiError, request_id: str) -> Mapping[str, Any]:
        return {
            "oops": error.code,
            "message": error.message,
            "details": error.details,
            "request_id": request_id,
        }


class Item(BaseModel):
    name: str
    count: int = Field(ge=1)


async def who(request: Request) -> Response:
    principal = request.state.principal
    return json_response({"project": principal.project_name, "id": request.state.request_id})


async def echo(request: Request) -> Response:
    return json_response({"got": await read_json(request, max_bytes=MOST_BYTES)})


async def crash(_: Request) -> Response:
    raise RuntimeError("secret detail")


async def refuse(_: Request) -> Response:
    raise ApiError(418, "teapot", "short and stout", {"a": 1}, {"X-Tea": "green"})


async def store(request: Request) -> Response:
    """Store the body's text in the log, as a handler would store a field."""
    body = await read_json(request, max_bytes=MOST_BYTES)
    runtime = request.app.state.runtime
    async with runtime.db.transaction() as conn:
        await conn.execute("INSERT INTO projects (id, service, name) VALUES (%s, '', '')", (body,))
    return json_response({})


async def write(request: Request) -> Response:
    """Append an event; ``lock`` makes it wait, ``fail`` decides how the write ends."""
    body = await read_json(request, max_bytes=MOST_BYTES)
    if not isinstance(body, dict):
        raise ApiError(400, "bad_request", "an object is expected")
    project = request.state.principal.project_id

    async def action(conn: Connection) -> Reply:
        stream = body.get("stream", "writes")
        seq = await event_log.append(conn, project, stream, "write", body)
        if "lock" in body:
            await conn.execute("SELECT pg_advisory_xact_lock(%s)", (body["lock"],))
        if body.get("fail") == "raise":
            raise ApiError(409, "conflict", "no")
        if body.get("fail") == "reply":
            return Reply(400, b'{"no": 1}')
        return Reply(201, b'{"seq": %d}' % seq, (("X-Seq", str(seq)),))

    rules = IdempotencyRules()
    return await idempotent(request, action, rules=rules, body=canonical(body))


async def emit(request: Request) -> Response:
    body = await read_json(request, max_bytes=MOST_BYTES)
    async with request.app.state.runtime.db.transaction() as conn:
        seq = await event_log.append(
            conn, "p", body["stream"], body["type"], body.get("data", {}), body.get("end", False)
        )
    return json_response({"seq": seq})


async def stream(request: Request) -> Response:
    def render(event: Event) -> bytes | None:
        if event.type == "hidden":
            return None
        return sse_frame(event.data, event=event.type, id=event.seq)

    follower = request.app.state.runtime.follower
    name = request.path_params["name"]
    return sse_response(request, follower.follow(name, last_event_id(request)), render)


async def hang(request: Request) -> Response:
    """A long poll: ends when the client leaves or the server stops."""
    await read_body(request, max_bytes=MOST_BYTES)
    runtime = request.app.state.runtime
    async with watch_disconnect(request) as gone:
        waits = [asyncio.create_task(e.wait()) for e in (gone, runtime.stopping)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if gone.is_set():
            async with runtime.db.connection() as conn:
                await event_log.append(conn, "p", "hang", "gone", {})
    return json_response({"gone": gone.is_set()})


def register(app: FastAPI, _runtime: Any) -> None:
    plain = [
        ("GET", "/who", who),
        ("POST", "/echo", echo),
        ("GET", "/crash", crash),
        ("GET", "/refuse", refuse),
        ("POST", "/store", store),
        ("POST", "/write", write),
        ("POST", "/emit", emit),
        ("GET", "/streams/{name}", stream),
        ("POST", "/hang", hang),
    ]
    app.router.routes.extend(Route(path, call, methods=[m]) for m, path, call in plain)

    @app.post("/items", status_code=201)
    async def make_item(item: Item) -> Item:
        return item

    @app.get("/scoped")
    async def scoped(request: Request) -> dict[str, str]:
        require_scopes(request, "data:read", "pages:read")
        return {}

    @app.get("/number/{number}")
    async def number(number: int) -> dict[str, int]:
        return {"number": number}


def make_probe(**changes: Any) -> Service:
    """The service, mounted at /probe and using the keys of Amdahl (they have scopes)."""
    defaults: dict[str, Any] = {
        "name": "probe",
        "title": "Probe",
        "mount": "/probe",
        "envelope": ProbeErrors(),
        "auth": KeyAuth("amdahl", [KeyHeader("X-API-Key", bearer=False), KeyHeader()]),
        "register": register,
        "rate_limiter": lambda _runtime: MovingWindow(
            lambda principal: principal.settings.get("per_hour")
        ),
        "body_limit": lambda _method, _path, _runtime: MOST_BYTES,
    }
    return Service(**{**defaults, **changes})


@pytest.fixture(scope="session")
def shared_probe_database_url(cluster_url: str, template_database: str) -> Iterator[str]:
    with shared_database(cluster_url, template_database, "probe") as url:
        yield url


@pytest.fixture(scope="session")
def probe(
    shared_probe_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A running server with the probe service alone, for all tests of the folder."""
    folder = tmp_path_factory.mktemp("probe")
    server = ServerSettings(port=0, database_url=shared_probe_database_url, data_dir=folder)
    running = RunningServer(Settings(server=server), [make_probe()])
    yield running
    running.stop()


@pytest.fixture
async def shared_db(shared_probe_database_url: str) -> AsyncIterator[Database]:
    """An open pool on the database of `probe`."""
    database = await Database.open(shared_probe_database_url, application_name="test")
    yield database
    await database.close()


@pytest.fixture
def project() -> str:
    """The name of the project that `client` calls for; no other test has it."""
    return uuid.uuid4().hex


@pytest.fixture
def client(probe: RunningServer, project: str) -> Iterator[httpx.Client]:
    """A client with a key, whose base URL is the probe's mount."""

    async def new_key() -> str:
        async with probe.runtime.db.transaction() as conn:
            secret, _ = await create_key(conn, "amdahl", project=project)
        return secret

    with _client(probe, probe.call(new_key())) as client:
        yield client


@pytest.fixture
def lone_probe(start_server: Callable[..., Any]) -> Any:
    """The same on the test's own database."""
    return start_server([make_probe()])


@pytest.fixture
def lone_client(lone_probe: Any) -> Iterator[httpx.Client]:
    """A client of `lone_probe`, in the project "default"."""
    with _client(lone_probe, lone_probe.keys["amdahl"]) as client:
        yield client


def _client(probe: Any, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"{probe.url}/probe", headers=headers, trust_env=False, timeout=60)
