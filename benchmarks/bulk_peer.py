"""A peer for large bodies: swallows an upload, pours out a download. One thread a connection.

Blocking sockets, one buffer, no HTTP library: what is measured is the client. A POST to
`/v1/storage/get` is answered with as many bytes as the key in its body says (`size-268435456`), any
other with what an upload is answered with. Run as `python -m benchmarks.bulk_peer`; it prints its
port and stops when its standard input ends.
"""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import threading

from benchmarks.peer import body_length, json_response

BUFFER_BYTES = 1024 * 1024
UPLOADED = json_response({"url": "http://127.0.0.1/o/file", "key": "file"})
_BLOCK = bytes(range(256)) * (BUFFER_BYTES // 256)


def serve(connection: socket.socket) -> None:
    """Answer the requests of one connection until it closes."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = bytearray(BUFFER_BYTES)
    with connection, contextlib.suppress(ConnectionError):  # a client may leave when it likes
        while (found := read_head(connection)) is not None:
            head, begun = found
            if head.startswith(b"POST /v1/storage/get"):
                body = begun + read_exactly(connection, body_length(head) - len(begun))
                pour(connection, int(re.findall(rb"size-(\d+)", body)[0]))
                continue
            swallow(connection, buffer, head, begun)
            connection.sendall(UPLOADED)


def read_head(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Return a request up to its empty line, and what of its body came along."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, begun = data.partition(b"\r\n\r\n")
    return head, begun


def read_exactly(connection: socket.socket, count: int) -> bytes:
    """Return so many bytes."""
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ConnectionError("the client left in the middle of a body")
        data += piece
    return data


def swallow(connection: socket.socket, buffer: bytearray, head: bytes, begun: bytes) -> None:
    """Read a body to its end: by its length, or up to the last chunk."""
    if b"content-length:" in head.lower():
        left = body_length(head) - len(begun)
        while left > 0:
            count = connection.recv_into(buffer, min(left, BUFFER_BYTES))
            if not count:
                raise ConnectionError("the client left in the middle of a body")
            left -= count
        return
    # Only the end is looked for: five bytes that no random body is likely to stop at.
    end = begun[-5:]
    while end != b"0\r\n\r\n":
        count = connection.recv_into(buffer)
        if not count:
            raise ConnectionError("the client left in the middle of a body")
        end = (end + bytes(buffer[max(0, count - 5) : count]))[-5:]


def pour(connection: socket.socket, size: int) -> None:
    """Answer with so many bytes."""
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Length: %d\r\n\r\n" % size
    )
    whole, rest = divmod(size, BUFFER_BYTES)
    for _ in range(whole):
        connection.sendall(_BLOCK)
    connection.sendall(_BLOCK[:rest])


def main() -> None:
    """Serve on a free port until standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
