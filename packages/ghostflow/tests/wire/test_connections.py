"""Both clients over real sockets: the guide's calls, several threads and loops, forks, .netrc."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ghostflow import AsyncGhostFlowClient, AuthenticationError, GhostFlowClient, GhostFlowError

pytestmark = pytest.mark.wire

KEY = "gf_0123456789abcdefghijABCDEFGHIJ0123456789abc"


class Service(BaseHTTPRequestHandler):
    """Creates what is posted; drops the connection of the first attempt at a deletion."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, str | None, str | None]]

    def log_message(self, *_: object) -> None:
        pass

    def _note(self) -> int:
        key = self.headers.get("Idempotency-Key")
        self.seen.append((self.command, self.path, self.headers.get("Authorization"), key))
        return sum(each[:2] == (self.command, self.path) for each in self.seen)

    def do_GET(self) -> None:
        self._note()
        if self.path.endswith("/non-existent-id"):
            self._json(404, {"code": "NOT_FOUND", "message": "no such campaign"})
        else:
            self._json(200, [{"id": "1"}])

    def do_POST(self) -> None:
        count = self._note()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body.get("password") == "wrong":
            self._json(401, {"code": "AUTH_INVALID_CREDENTIALS", "message": "no"})
            return
        if body.get("name") == "dropped" and count == 1:
            self.close_connection = True
            return
        self._json(201, {"id": str(count), **body})

    def do_DELETE(self) -> None:
        if self._note() == 1:
            self.close_connection = True
            return
        self._json(404, {"code": "NOT_FOUND", "message": "gone"})

    def _json(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-ratelimit-remaining", "41")
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Takes many connections at once: the usual queue of five drops the sixth for a second."""

    request_queue_size = 128
    daemon_threads = True


@pytest.fixture
def service() -> Iterator[ThreadingHTTPServer]:
    Service.seen = []
    server = Server(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def base(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/api/v1"


def test_guide_runs_against_a_socket(
    service: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GF_API_KEY", KEY)
    monkeypatch.setenv("GF_BASE_URL", base(service))
    with GhostFlowClient() as gf:
        campaigns, rl = gf.get("/campaigns")
        assert (len(campaigns), rl.remaining) == (1, 41)
        campaign, _ = gf.post("/campaigns", json={"name": "S", "url": "https://a.example"})
        assert campaign["name"] == "S"
        with pytest.raises(GhostFlowError) as caught:
            gf.get("/campaigns/non-existent-id")
    assert caught.value.code == "NOT_FOUND"
    assert {each[2] for each in Service.seen} == {f"Bearer {KEY}"}


def test_dropped_write_is_sent_again_with_its_key(service: ThreadingHTTPServer) -> None:
    with GhostFlowClient(KEY, base(service)) as gf:
        assert gf.post("/campaigns", json={"name": "dropped"})[0]["id"] == "2"
        assert gf.campaigns.delete("c1")["already_deleted"]
    keys = [each[3] for each in Service.seen if each[0] == "POST"]
    assert keys[0]
    assert keys[0] == keys[1]


def test_netrc_does_not_replace_the_key(
    service: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login other password pw\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    with GhostFlowClient(KEY, base(service)) as gf:
        gf.get("/campaigns")
    assert Service.seen[0][2] == f"Bearer {KEY}"


def test_client_is_shared_by_threads_and_survives_a_fork(service: ThreadingHTTPServer) -> None:
    with GhostFlowClient(KEY, base(service)) as gf:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda number: gf.get(f"/campaigns/{number}")[0], range(64)))
        assert found == [[{"id": "1"}]] * 64
        child = os.fork()
        if child == 0:
            os._exit(0 if gf.get("/campaigns")[0] == [{"id": "1"}] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert gf.get("/campaigns")[0] == [{"id": "1"}]


def test_asyncio_client_works_in_several_loops_and_many_tasks(service: ThreadingHTTPServer) -> None:
    gf = AsyncGhostFlowClient(KEY, base(service))

    async def many() -> int:
        answers = await asyncio.gather(*(gf.campaigns.list(limit=n) for n in range(1, 21)))
        return sum(len(page) for page in answers)

    assert asyncio.run(many()) == 20
    assert asyncio.run(many()) == 20
    asyncio.run(gf.aclose())


@pytest.mark.parametrize("face", ["blocking", "asyncio"])
def test_login_that_is_refused_leaves_no_connection(
    service: ThreadingHTTPServer, face: str
) -> None:
    login = ("a@b.example", "wrong", base(service))

    # Not by pytest.raises, which would keep the client in the traceback that it keeps.
    async def log_in() -> None:
        with contextlib.suppress(AuthenticationError):
            await AsyncGhostFlowClient.log_in(*login)
            pytest.fail("the login was not refused")
        gc.collect()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if face == "asyncio":
            asyncio.run(log_in())
        else:
            with contextlib.suppress(AuthenticationError):
                GhostFlowClient.log_in(*login)
                pytest.fail("the login was not refused")
        gc.collect()
    assert [str(each.message) for each in caught] == []
