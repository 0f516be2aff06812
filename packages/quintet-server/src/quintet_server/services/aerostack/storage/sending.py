"""An object as the answer to a request: whole, in part, or not again (RFC 9110 §13, §14)."""

from __future__ import annotations

from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quintet_server.engines.objects import ObjectInfo, StoreFailed
from quintet_server.engines.objects.blobs import BlobReader
from quintet_server.http.disconnect import watch_disconnect
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.errors import internal
from quintet_server.services.aerostack.storage.conditions import (
    Wanted,
    http_date,
    range_counts,
    wanted,
)
from quintet_server.services.aerostack.storage.content_types import is_inert
from quintet_server.services.aerostack.storage.ranges import (
    ByteRange,
    NotSatisfiable,
    parse_range,
)

__all__ = ["send_object"]

_log = structlog.get_logger(__name__)
# Nothing of the page runs, submits or reaches the origin it came from.
_SANDBOX = "sandbox; default-src 'none'; img-src * data:; media-src *; style-src 'unsafe-inline'"


async def send_object(
    parts: Aerostack, request: Request, info: ObjectInfo, *, shown: bool = False
) -> Response:
    """The answer that holds an object, or the part of it that the request asks for.

    `shown`: it may be opened by a browser. Then it is kept from acting as a page of this server.

    Raises 412, 416, or 500 when the bytes cannot be read.
    """
    headers = _headers(info)
    if shown:
        headers |= _shown_headers(info)
    decision = wanted(request.headers, info.etag, info.last_modified)
    if decision is Wanted.FAILED:
        message = "The object is not the one that the request is about."
        raise _refusal(412, message, "PRECONDITION_FAILED", {"ETag": headers["ETag"]})
    if decision is Wanted.NOT_MODIFIED:
        return Response(status_code=304, headers=_without(headers, "Content-Type"))
    part = _part(request, info)
    start, stop = (0, info.size) if part is None else (part.start, part.stop)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{info.size}"
    headers["Content-Length"] = str(stop - start)
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    try:
        reader = await parts.objects.open(info, start, stop)
    except StoreFailed as error:
        _log.error("object_not_read", key=info.key, blob=info.version, error=str(error))
        raise internal("The object could not be read.", "STORAGE_READ_FAILED") from error
    return _ObjectResponse(request, reader, status, headers)


def _part(request: Request, info: ObjectInfo) -> ByteRange | None:
    # Ranges are defined for GET; the vendor's way to get an object is a POST. HEAD has none.
    if request.method == "HEAD" or not range_counts(
        request.headers.get("if-range"), info.etag, info.last_modified
    ):
        return None
    try:
        return parse_range(request.headers.get("range"), info.size)
    except NotSatisfiable:
        headers = {"Content-Range": f"bytes */{info.size}", "Accept-Ranges": "bytes"}
        message = f"The range is outside of the object, which has {info.size} bytes."
        raise _refusal(416, message, "RANGE_NOT_SATISFIABLE", headers) from None


def _refusal(status: int, message: str, reason: str, headers: dict[str, str]) -> ApiError:
    return ApiError(status, "VALIDATION_ERROR", message, {"reason": reason}, headers)


def _headers(info: ObjectInfo) -> dict[str, str]:
    return {
        "Content-Type": info.content_type,
        "ETag": f'"{info.etag}"',
        "Last-Modified": http_date(info.last_modified),
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        # The same key can hold other bytes at any time; asking again costs a 304.
        "Cache-Control": "no-cache",
    }


def _shown_headers(info: ObjectInfo) -> dict[str, str]:
    """Objects are public files, on an origin that has more to lose than they have."""
    inert = is_inert(info.content_type)
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Content-Disposition": _disposition("inline" if inert else "attachment", info.key),
    }
    # Not for the others: a browser's own viewers do not work in a sandbox.
    return headers if inert else headers | {"Content-Security-Policy": _SANDBOX}


def _disposition(kind: str, key: str) -> str:
    """RFC 6266, with the last segment of the key as the name of the file."""
    name = key.rstrip("/").rpartition("/")[2] or "object"
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in name)
    if plain == name:
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


class _ObjectResponse(Response):
    """The bytes, block by block, as fast as the client takes them.

    Blocks that cannot be read after the answer has begun end the connection: the client sees that
    bytes are missing.
    """

    def __init__(
        self, request: Request, reader: BlobReader, status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(None, status, headers)
        # Response counts its own body, which is empty.
        self.raw_headers = [
            (name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()
        ]
        self._request = request
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything, unless the client leaves before."""
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        try:
            async with watch_disconnect(self._request) as gone:
                await send(start)
                async for block in self._reader:
                    if gone.is_set():
                        return
                    await send({"type": "http.response.body", "body": block, "more_body": True})
                await send({"type": "http.response.body"})
        finally:
            self._reader.close()
