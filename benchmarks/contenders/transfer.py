"""Move one file: `python -m benchmarks.contenders.transfer up|down WHO PORT API_KEY FILE`.

`up` sends the file as a form, `down` asks for the object of the same size and throws away what
comes. Of WHO, `socket` is the floor: a form made of constant bytes, 1 MiB at a time. `httpx` makes
the same request with httpx alone; `client` and `client-async` are the SDK of this environment.

Besides the usual: by how much the memory of the process (RSS) had grown at its peak, in bytes.
`count` is how often the file is moved.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.contender import serve

PIECE_BYTES = 1024 * 1024
_BOUNDARY = "----benchmark0123456789"

Move = Callable[[], None]


class Job:
    """What is moved, and where."""

    def __init__(self, port: str, key: str, file: str) -> None:
        self.port = int(port)
        self.base = f"http://127.0.0.1:{port}"
        self.key = key
        self.file = Path(file)
        self.size = self.file.stat().st_size
        self.name = f"size-{self.size}"
        """The key of the object: the bare peer makes a body of it, the server looks it up."""

    @property
    def headers(self) -> dict[str, str]:
        """Of every request."""
        return {"X-Aerostack-Key": self.key}

    def check(self, received: int) -> None:
        """Refuse a download that is not whole."""
        if received != self.size:
            raise RuntimeError(f"{received} of {self.size} bytes came")


def socket_up(job: Job) -> Move:
    """The form by hand."""
    connection = socket.create_connection(("127.0.0.1", job.port))
    lines = [f"--{_BOUNDARY}", 'Content-Disposition: form-data; name="key"', "", job.name]
    lines += [f"--{_BOUNDARY}", 'Content-Disposition: form-data; name="file"; filename="f"']
    lines += ["Content-Type: application/octet-stream", "", ""]
    first, last = "\r\n".join(lines).encode(), f"\r\n--{_BOUNDARY}--\r\n".encode()
    head = (
        f"POST /v1/storage/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Aerostack-Key: {job.key}\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n"
        f"Content-Length: {len(first) + job.size + len(last)}\r\n\r\n"
    ).encode()
    buffer = bytearray(PIECE_BYTES)

    def move() -> None:
        with job.file.open("rb", buffering=0) as file:
            connection.sendall(head + first)
            while count := file.readinto(buffer):
                connection.sendall(memoryview(buffer)[:count])
            connection.sendall(last)
        status, _ = _answer(connection)
        if status != 200:
            raise RuntimeError(f"the upload was answered with {status}")

    return move


def socket_down(job: Job) -> Move:
    """The object into one buffer."""
    connection = socket.create_connection(("127.0.0.1", job.port))
    body = json.dumps({"key": job.name})
    request = (
        f"POST /v1/storage/get HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Aerostack-Key: {job.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    buffer = bytearray(PIECE_BYTES)

    def move() -> None:
        connection.sendall(request)
        received = len(_begin(connection)[1])
        while received < job.size and (count := connection.recv_into(buffer)):
            received += count
        job.check(received)

    return move


def httpx_up(job: Job) -> Move:
    """`files=`."""
    import httpx

    client = httpx.Client(base_url=job.base, headers=job.headers, timeout=600)

    def move() -> None:
        with job.file.open("rb") as file:
            form = {"file": ("f", file, "application/octet-stream")}
            client.post("/v1/storage/upload", data={"key": job.name}, files=form).raise_for_status()

    return move


def httpx_down(job: Job) -> Move:
    """`stream`, in pieces as they come."""
    import httpx

    client = httpx.Client(base_url=job.base, headers=job.headers, timeout=600)

    def move() -> None:
        with client.stream("POST", "/v1/storage/get", json={"key": job.name}) as response:
            response.raise_for_status()
            job.check(sum(map(len, response.iter_bytes())))

    return move


def client_up(job: Job) -> Move:
    """`storage_upload` of an open file."""
    from aerostack import SDK

    sdk = SDK(api_key_auth=job.key, server_url=f"{job.base}/v1")

    def move() -> None:
        with job.file.open("rb") as file:
            assert sdk.storage.storage_upload(request=_upload(job, file)).url

    return move


def client_down(job: Job) -> Move:
    """`storage_get`; the published package has none."""
    from aerostack import SDK

    sdk = SDK(api_key_auth=job.key, server_url=f"{job.base}/v1")

    def move() -> None:
        with sdk.storage.storage_get({"key": job.name}) as download:
            job.check(sum(map(len, download)))

    return move


def client_async_up(job: Job) -> Move:
    """The same on asyncio."""
    from aerostack import SDK

    sdk = SDK(api_key_auth=job.key, server_url=f"{job.base}/v1")
    loop = asyncio.new_event_loop()

    async def move() -> None:
        with job.file.open("rb") as file:
            assert (await sdk.storage.storage_upload_async(request=_upload(job, file))).url

    return lambda: loop.run_until_complete(move())


def client_async_down(job: Job) -> Move:
    """The same on asyncio."""
    from aerostack import SDK

    sdk = SDK(api_key_auth=job.key, server_url=f"{job.base}/v1")
    loop = asyncio.new_event_loop()

    async def move() -> None:
        received = 0
        async with await sdk.storage.storage_get_async({"key": job.name}) as download:
            async for piece in download:
                received += len(piece)
        job.check(received)

    return lambda: loop.run_until_complete(move())


def _upload(job: Job, file: Any) -> Any:
    kind = "application/octet-stream"
    return {"key": job.name, "file": {"file_name": "f", "content": file, "content_type": kind}}


def _answer(connection: socket.socket) -> tuple[int, bytes]:
    """Read an answer that has a length."""
    head, body = _begin(connection)
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split(b" ", 2)[1]), body


def _begin(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("no answer")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


def memory(field: str) -> int:
    """Return `VmRSS` or `VmHWM` (its peak) of this process in bytes. Linux only."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


MOVES: dict[tuple[str, str], Callable[[Job], Move]] = {
    ("up", "socket"): socket_up,
    ("up", "httpx"): httpx_up,
    ("up", "client"): client_up,
    ("up", "client-async"): client_async_up,
    ("down", "socket"): socket_down,
    ("down", "httpx"): httpx_down,
    ("down", "client"): client_down,
    ("down", "client-async"): client_async_down,
}


def main(direction: str, who: str, *where: str) -> None:
    """Serve one contender."""
    move = MOVES[direction, who](Job(*where))

    def work(count: int) -> Mapping[str, Any]:
        with contextlib.suppress(OSError):  # not every kernel lets the peak be forgotten
            Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmRSS")
        for _ in range(count):
            move()
        return {"growth": memory("VmHWM") - before}

    serve(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
