"""httpx's own objects, for an SDK whose documentation promises them.

They are made of the runtime's when somebody looks at them, so a program that never does neither
imports httpx nor pays for it.

What they hold: an answer's body is decoded, since the runtime has bounded it while decoding, and
its headers are those of the wire.  The request of an answer or an error has method and URL only:
its headers hold the credential, and errors end up in logs.  A request made for a hook, which may
change it, has all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from quintet.core.body import Body
from quintet.core.headers import Headers
from quintet.core.request import Request
from quintet.core.response import Response

if TYPE_CHECKING:
    import httpx

__all__ = [
    "from_httpx_request",
    "from_httpx_response",
    "to_httpx_headers",
    "to_httpx_request",
    "to_httpx_response",
]

_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def to_httpx_headers(headers: Headers) -> httpx.Headers:
    """Return headers as httpx has them; order, case and duplicates are kept."""
    import httpx

    return httpx.Headers(
        [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.pairs()]
    )


def to_httpx_response(response: Response) -> httpx.Response:
    """Return an answer as httpx has it, read and closed.

    ``content`` is the decoded body also where ``headers`` speak of a coding.  ``request`` has
    method and URL, and none of the headers that were sent.
    """
    import httpx

    made = httpx.Response(
        response.status,
        content=response.body,
        request=httpx.Request(response.method or "GET", response.url),
        extensions={"http_version": response.http_version.encode("ascii")},
    )
    # Only now that its content is in: httpx would decode it by them once more.
    made.headers = to_httpx_headers(response.headers)
    made.elapsed = timedelta(seconds=response.elapsed)
    return made


class _Stream:
    """A streamed body inside a request of httpx, still the same body."""

    def __init__(self, body: Body) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        return self.body.chunks()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.body.async_chunks()


def to_httpx_request(request: Request) -> httpx.Request:
    """Return a request as httpx has it, credentials included; a streamed body is not read."""
    import httpx

    headers: Any = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers
    ]
    if isinstance(request.body, Body):
        stream: Any = _Stream(request.body)
        return httpx.Request(request.method, request.url, headers=headers, stream=stream)
    return httpx.Request(request.method, request.url, headers=headers, content=request.body)


def from_httpx_request(request: httpx.Request) -> Request:
    """Return the runtime's request for one of httpx, such as a hook gives back.

    What frames the message on the wire (``Host``, lengths) is left to the transport.
    """
    stream: object = request.stream
    body: bytes | Body = stream.body if isinstance(stream, _Stream) else request.read()
    return Request(
        request.method,
        str(request.url),
        tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in request.headers.raw
            if name.lower().decode("latin-1") not in _FRAMING
        ),
        body or None,
    )


def from_httpx_response(response: httpx.Response) -> tuple[int, Headers, bytes]:
    """Return status, headers and decoded body of an answer of httpx, reading it if need be."""
    body = response.read()
    pairs = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
    ]
    kept = [(name, value) for name, value in pairs if name.lower() not in _OF_THE_WIRE]
    return response.status_code, Headers(kept), body
