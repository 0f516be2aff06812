"""Uploads and downloads of any size over a bare socket, in little memory on this side."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from .forms import BOUNDARY, CONTENT_TYPE, part

MIB = 1024 * 1024
_PATTERN = bytes(range(251)) * (MIB // 251 + 1)


def content(size: int) -> Iterator[memoryview]:
    """`size` bytes in blocks; every block is another one."""
    pattern = memoryview(_PATTERN)
    for number, at in enumerate(range(0, size, MIB)):
        start = number % 251
        yield pattern[start : start + min(MIB - 251, size - at)]
        if (rest := min(MIB, size - at) - (MIB - 251)) > 0:
            yield pattern[:rest]


def digest_of(size: int) -> str:
    found = hashlib.sha256()
    for block in content(size):
        found.update(block)
    return found.hexdigest()


class Transfer:
    """One connection to a server."""

    def __init__(self, url: str, key: str) -> None:
        self._key = key
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=60)

    def begin_upload(self, key: str, size: int) -> bytes:
        """Send the head and the beginning of the form; returns what ends it."""
        before = b"--%s\r\n%s\r\n" % (BOUNDARY, part("key", key.encode()))
        before += b"--%s\r\n%s" % (BOUNDARY, part("file", b"", filename="big"))
        after = b"\r\n--%s--\r\n" % BOUNDARY
        length = len(before) + size + len(after)
        self._head("POST", "/v1/storage/upload", f"Content-Type: {CONTENT_TYPE}", length)
        self.socket.sendall(before)
        return after

    def upload(self, key: str, size: int) -> bytes:
        """Upload `content(size)`; returns the answer."""
        after = self.begin_upload(key, size)
        for block in content(size):
            self.socket.sendall(block)
        self.socket.sendall(after)
        answer = b""
        while not answer.endswith(b"}"):  # the head may come before the body
            more = self.socket.recv(65536)
            assert more, answer
            answer += more
        return answer

    def begin_download(self, key: str) -> bytes:
        """Ask for an object; returns the head, and what came with it of the body."""
        body = b'{"key": "%s"}' % key.encode()
        self._head("POST", "/v1/storage/get", "Content-Type: application/json", len(body))
        self.socket.sendall(body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(4096)
        return answer

    def download(self, key: str, size: int) -> str:
        """Download an object of this size; returns its SHA-256."""
        body = self.begin_download(key).partition(b"\r\n\r\n")[2]
        found = hashlib.sha256(body)
        left, buffer = size - len(body), bytearray(MIB)
        while left:
            count = self.socket.recv_into(buffer)
            assert count
            found.update(memoryview(buffer)[:count])
            left -= count
        return found.hexdigest()

    def __enter__(self) -> Transfer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _head(self, method: str, path: str, kind: str, length: int) -> None:
        lines = (
            f"{method} {path} HTTP/1.1",
            "Host: quintet",
            f"X-Aerostack-Key: {self._key}",
            kind,
            f"Content-Length: {length}",
        )
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")


class PeakMemory:
    """The most memory a process has while the context is open, above what it began with."""

    def __init__(self, pid: int) -> None:
        self._file = Path(f"/proc/{pid}/statm")
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.idle_bytes = self._resident()
        self.peak_bytes = self.idle_bytes

    @property
    def above_idle_mib(self) -> float:
        return (self.peak_bytes - self.idle_bytes) / MIB

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.005):
            self.peak_bytes = max(self.peak_bytes, self._resident())

    def _resident(self) -> int:
        return int(self._file.read_text().split()[1]) * 4096


def until(look, seconds: float = 60.0):
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found
