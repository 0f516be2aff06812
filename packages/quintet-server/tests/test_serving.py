"""``quintet serve`` as a process: start, signals, kills, and two at once."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import psycopg
import pytest
import uvicorn
import uvloop
from fastapi import FastAPI

from quintet_server.http.one_write import OneWriteProtocol
from quintet_server.instances import running_instances
from quintet_server.server import CannotListen, QuintetServer, bind
from quintet_server.settings import ServerSettings
from quintet_server.store.embedded import EmbeddedPostgres
from quintet_server.store.migrate import _LOCK

pytestmark = pytest.mark.timeout(300)


def client_of(server: Any) -> httpx.Client:
    headers = {"Authorization": f"Bearer {server.keys['flare']}"}
    return httpx.Client(
        base_url=f"{server.url}/flare/v1", headers=headers, trust_env=False, timeout=60
    )


def create(client: httpx.Client) -> str:
    answer = client.post("/jobs", json={"job_type": "t", "payload": {"a": 1}})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def eventually(check: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "did not happen"
        threading.Event().wait(0.02)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def test_first_start_serves_restarts_and_keeps_what_was_acknowledged(
    start_process: Any,
) -> None:
    first = start_process()
    assert httpx.get(f"{first.url}/healthz", trust_env=False, timeout=60).status_code == 200
    [instance] = running_instances(first.data_dir)
    assert (instance.url, instance.pid) == (first.url, first.process.pid)
    with client_of(first) as client:
        job = create(client)
    keys = first.keys
    assert first.stop() == 0
    assert running_instances(first.data_dir) == []
    assert not EmbeddedPostgres(first.data_dir).alive()
    second = start_process()
    assert second.keys == keys
    with client_of(second) as client:
        assert client.get(f"/jobs/{job}").json()["payload"] == {"a": 1}


def test_killed_server_leaves_its_database_and_the_next_one_attaches(start_process: Any) -> None:
    first = start_process()
    with client_of(first) as client:
        jobs = [create(client) for _ in range(20)]
        first.kill()
    cluster = EmbeddedPostgres(first.data_dir)
    postmaster = cluster.postmaster_pid()
    assert cluster.alive()
    second = start_process()
    assert cluster.postmaster_pid() == postmaster
    with client_of(second) as client:
        for job in jobs:
            assert client.get(f"/jobs/{job}").status_code == 200


def test_server_and_database_killed_together_come_back(start_process: Any) -> None:
    first = start_process()
    with client_of(first) as client:
        job = create(client)
    os.kill(EmbeddedPostgres(first.data_dir).postmaster_pid() or 0, signal.SIGKILL)
    first.kill()
    second = start_process()
    with client_of(second) as client:
        assert client.get(f"/jobs/{job}").status_code == 200


def test_running_server_recovers_from_a_killed_postmaster(start_process: Any) -> None:
    server = start_process()
    cluster = EmbeddedPostgres(server.data_dir)
    with client_of(server) as client:
        job = create(client)
        gone = cluster.postmaster_pid()
        assert gone is not None
        os.kill(gone, signal.SIGKILL)
        statuses = set()

        def works() -> bool:
            status = client.get(f"/jobs/{job}").status_code
            statuses.add(status)
            return status == 200 and cluster.postmaster_pid() not in (gone, None)

        eventually(works)
        assert statuses <= {200, 503}
        eventually(lambda: answers(f"{server.url}/readyz"))
        # LISTEN is back as well: a waiting poll is woken by an enqueue, not by its re-check.
        body = {"worker_id": "w", "queues": ["other"], "wait_seconds": 30}
        with ThreadPoolExecutor(1) as pool:
            poll = pool.submit(client.post, "/workers/poll", json=body)
            client.post("/jobs", json={"job_type": "t", "queue": "other"})
            assert len(poll.result(timeout=60).json()["jobs"]) == 1
    assert server.stop() == 0


def test_killed_database_makes_503_in_the_envelope_meanwhile(
    start_process: Any, database_url: str
) -> None:
    """Every connection of an external database is cut, and the pool and LISTEN come back."""
    server = start_process("--database-url", database_url)
    with client_of(server) as client:
        job = create(client)
        with psycopg.connect(database_url, autocommit=True) as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        eventually(lambda: client.get(f"/jobs/{job}").status_code == 200)


@pytest.mark.parametrize("shared", ["data folder", "database url"])
def test_two_servers_that_start_at_once_share_one_database(
    start_process: Any, empty_database_url: str, short_folder: Path, shared: str
) -> None:
    if shared == "data folder":
        folders, arguments = [short_folder / "data"] * 2, ()
    else:
        folders = [short_folder / "one", short_folder / "two"]
        arguments = ("--database-url", empty_database_url)
    servers = [start_process(*arguments, data_dir=folder, wait=False) for folder in folders]
    first, second = [server.wait_until_ready() for server in servers]
    with client_of(first) as here, client_of(second) as there:
        job = create(here)
        if shared == "data folder":
            assert there.get(f"/jobs/{job}").status_code == 200
            assert len(running_instances(first.data_dir)) == 2
        else:  # each folder has a key of its own, for the same project
            assert there.get(f"/jobs/{job}").status_code == 200
        first.stop()
        assert there.get(f"/jobs/{job}").status_code == 200


def test_sigterm_answers_long_polls_with_nothing_and_exits_with_0(server_process: Any) -> None:
    with client_of(server_process) as client:
        body = {"worker_id": "w", "queues": ["empty"], "wait_seconds": 30}
        with ThreadPoolExecutor(4) as pool:
            polls = [pool.submit(client.post, "/workers/poll", json=body) for _ in range(4)]
            wait_for_requests(server_process, 4)
            started = time.monotonic()
            assert server_process.stop() == 0
            assert time.monotonic() - started < 25  # and not after the 30 s of the polls
            for poll in polls:
                assert poll.result(timeout=60).json() == {"jobs": []}


def test_sigterm_before_the_server_is_ready_stops_its_database(
    start_process: Any, short_folder: Path
) -> None:
    cluster = EmbeddedPostgres(short_folder / "data")
    url = cluster.start()
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))  # no migration meanwhile
        server = start_process(wait=False)
        waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        eventually(lambda: conn.execute(waiting).rowcount == 1)
        assert not cluster.stop()  # the server uses it, too
        assert server.stop() == 0
    assert not cluster.alive()


def test_sigterm_ends_event_streams_cleanly(server_process: Any) -> None:
    with client_of(server_process) as client:
        job = create(client)
        with client.stream("GET", f"/jobs/{job}/events") as answer:
            lines = answer.iter_lines()
            next(lines)
            server_process.process.terminate()
            for _ in lines:  # ends without an error
                pass
        assert server_process.stop() == 0


def test_second_sigint_does_not_wait(start_process: Any, database_url: str) -> None:
    server = start_process("--database-url", database_url)
    with socket.create_connection(address(server)) as link:
        link.sendall(unfinished_request(server))
        wait_for_requests(server, 1)
        server.process.send_signal(signal.SIGINT)
        eventually(lambda: not answers(f"{server.url}/healthz"))
        server.process.send_signal(signal.SIGINT)
        assert server.wait() == 0


def test_drain_is_bounded(start_process: Any, database_url: str) -> None:
    server = start_process("--database-url", database_url, env={"QUINTET_DRAIN_SECONDS": "1"})
    with socket.create_connection(address(server)) as link:
        link.sendall(unfinished_request(server))
        wait_for_requests(server, 1)
        assert server.stop() == 0


def test_request_that_is_being_sent_at_sigterm_is_finished(server_process: Any) -> None:
    with socket.create_connection(address(server_process)) as link:
        link.sendall(unfinished_request(server_process))
        wait_for_requests(server_process, 1)
        server_process.process.terminate()
        eventually(lambda: not answers(f"{server_process.url}/healthz"))
        link.sendall(b'"job_type": "t"}')
        answer = b""
        while chunk := link.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert server_process.process.wait(60) == 0  # it has been told already


def test_taken_port_is_reported_with_the_way_out(start_process: Any, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        server = start_process("--database-url", database_url, "--port", port, wait=False)
        assert server.wait() == 1
    assert "--port" in server.log()
    assert "Traceback" not in server.log()


def test_port_that_somebody_else_listens_on_meanwhile_is_reported() -> None:
    config = uvicorn.Config(FastAPI(), lifespan="off", log_config=None)
    config.load()
    server = QuintetServer(config, cast("Any", None), lambda: pytest.fail("it is not ready"))
    server.lifespan = config.lifespan_class(config)
    with (
        bind(ServerSettings(port=0)) as first,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        second = bind(ServerSettings(port=first.getsockname()[1]))
        first.listen()
        with pytest.raises(CannotListen, match="--port"):
            runner.run(server.startup(sockets=[second]))
        second.detach()  # the loop has closed it


async def _greet(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    headers = [(b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.mark.parametrize("is_accepted", [False, True])
def test_requests_that_have_arrived_when_the_server_stops_are_answered(is_accepted: bool) -> None:
    """The event loop was busy: they wait in the system, in connections accepted or not."""

    async def begin_stop() -> None:
        return

    async def stop_with_requests(listener: socket.socket) -> list[bytes]:
        config = uvicorn.Config(
            _greet, http=OneWriteProtocol, lifespan="off", log_config=None, ws="none"
        )
        config.load()
        runtime = SimpleNamespace(begin_stop=begin_stop)
        server = QuintetServer(config, cast("Any", runtime), lambda: None)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        clients = [socket.create_connection(listener.getsockname()) for _ in range(20)]
        while is_accepted and len(server.server_state.connections) < len(clients):
            await asyncio.sleep(0)
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        await server.shutdown(sockets=[listener])
        answers = []
        for client in clients:
            with client, client.makefile("rb") as answer:
                answers.append(answer.read())
        return answers

    with (
        bind(ServerSettings(port=0)) as listener,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        answers = runner.run(stop_with_requests(listener))
    assert [answer[-5:] for answer in answers] == [b"hello"] * 20


def test_unreachable_database_is_reported_without_a_traceback(start_process: Any) -> None:
    url = "postgresql://u:hunter2@127.0.0.1:1/x"
    env = {"QUINTET_STORE_CONNECT_WAIT_SECONDS": "0"}
    server = start_process("--database-url", url, env=env, wait=False)
    assert server.wait() == 1
    assert "cannot connect to PostgreSQL" in server.log()
    assert "hunter2" not in server.log()
    assert "Traceback" not in server.log()


def test_logs_hold_no_secrets(start_process: Any, database_url: str) -> None:
    env = {"QUINTET_LOG_LEVEL": "debug", "QUINTET_HTTP_LOG_REQUESTS": "all"}
    server = start_process("--database-url", database_url, env=env)
    secret = server.keys["flare"]
    with client_of(server) as client:
        create(client)
        client.get("/jobs", params={"token": "query-secret", "limit": "0"})
        client.post("/jobs", content=b'{"payload": "body-secret"')
        client.get("/jobs", headers={"Authorization": "Bearer wrong-secret"})
        client.post(
            "/webhooks",
            json={"url": "http://example.com/", "events": ["*"], "secret": "hook-secret"},
        )
        with psycopg.connect(database_url, autocommit=True) as conn:
            conn.execute("ALTER TABLE work_jobs RENAME TO work_jobs_gone")
        assert (
            client.post("/jobs", json={"job_type": "t", "payload": "payload-secret"}).status_code
            == 500
        )
    server.stop()
    log = server.log()
    assert log.count('"event":"request"') >= 5
    assert "request_failed" in log and "UndefinedTable" in log
    for word in (secret, secret[24:], "query-secret", "body-secret", "wrong-secret", "hook-secret"):
        assert word not in log, word
    assert "payload-secret" not in log


def address(server: Any) -> tuple[str, int]:
    host, port = server.url.removeprefix("http://").split(":")
    return host, int(port)


def unfinished_request(server: Any) -> bytes:
    """A create whose body ends after the first byte of seventeen."""
    return (
        f"POST /flare/v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {server.keys['flare']}\r\nContent-Length: 17\r\n\r\n{{"
    ).encode()


def wait_for_requests(server: Any, count: int) -> None:
    def open_now() -> bool:
        text = httpx.get(f"{server.url}/metrics", trust_env=False, timeout=60).text
        return f"quintet_http_requests_open {float(count)}" in text

    eventually(open_now)
