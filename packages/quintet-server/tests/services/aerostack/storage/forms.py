"""Forms as clients write them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

BOUNDARY = b"----a-boundary"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY.decode()}"


def part(name: str, data: bytes, *, filename: str | None = None, kind: str | None = None) -> bytes:
    """One part, without its boundary."""
    head = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        head += f'; filename="{filename}"'
    if kind is not None:
        head += f"\r\nContent-Type: {kind}"
    return head.encode() + b"\r\n\r\n" + data


def form(parts: Iterable[bytes]) -> bytes:
    """Parts between boundaries."""
    return (
        b"".join(b"--%s\r\n%s\r\n" % (BOUNDARY, each) for each in parts) + b"--%s--\r\n" % BOUNDARY
    )


def cut(data: bytes, *places: int) -> list[bytes]:
    """The same bytes in pieces."""
    edges = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]
