"""`POST /storage/upload`: a form of any size, in constant memory, all or nothing."""

from __future__ import annotations

from typing import NoReturn

import structlog
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.objects import ObjectInfo, ObjectTooLarge, StoreFailed, UploadLost
from quintet_server.http.body import declared_length
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.context import Call, call_of
from quintet_server.services.aerostack.errors import (
    internal,
    invalid,
    too_large,
    unavailable,
    unsupported_media,
)
from quintet_server.services.aerostack.storage.form import FormError, FormParser, boundary_of
from quintet_server.services.aerostack.storage.upload_form import FRAMING_MAX_BYTES, UploadForm
from quintet_server.services.aerostack.storage.urls import url_of
from quintet_server.services.aerostack.wire import ok

__all__ = ["storage_upload"]

_log = structlog.get_logger(__name__)


async def storage_upload(request: Request) -> Response:
    """Store the file of a form under its key, replacing what was there.

    An `Idempotency-Key` changes nothing: the same upload again has the same outcome by itself.
    """
    call = call_of(request, "storage")
    max_bytes = call.parts.settings.upload_max_bytes
    parser = _parser(request)
    length = declared_length(request.headers.get("content-length", "").encode())
    if length is not None and length > max_bytes + FRAMING_MAX_BYTES:
        raise _file_too_large(max_bytes)
    try:
        info = await _receive(call, parser, max_bytes)
    except FormError as error:
        raise invalid(f"The request body is no proper form: {error}.", "INVALID_FORM") from None
    except ObjectTooLarge:
        raise _file_too_large(max_bytes) from None
    except (StoreFailed, UploadLost) as error:
        _fail(error)
    return ok(
        {
            "url": url_of(call.parts, request, call.project_id, info.key),
            "key": info.key,
            "size": info.size,
            "contentType": info.content_type,
            "etag": info.etag,
        }
    )


def _parser(request: Request) -> FormParser:
    content_type = request.headers.get("content-type")
    try:
        boundary = boundary_of(content_type)
    except FormError as error:
        raise invalid(f"The request body is no proper form: {error}.", "INVALID_FORM") from None
    if boundary is None:
        raise unsupported_media(
            "An upload is a form: send multipart/form-data with the parts 'key' and 'file'"
            + (f", not {content_type}." if content_type else ".")
        )
    return FormParser(boundary)


async def _receive(call: Call, parser: FormParser, max_bytes: int) -> ObjectInfo:
    received = 0
    async with call.parts.objects.upload(max_bytes=max_bytes) as upload:
        form = UploadForm(upload)
        async for chunk in call.request.stream():
            received += len(chunk)
            for event in parser.feed(chunk):
                await form.take(event)
            # What is not the file has a bound of its own, or fields nobody knows had none.
            if received - upload.size > FRAMING_MAX_BYTES:
                message = f"The fields beside the file are larger than {FRAMING_MAX_BYTES} bytes."
                raise too_large(message, "BODY_TOO_LARGE")
        parser.finish()
        return await form.commit(call.project_id)


def _file_too_large(max_bytes: int) -> ApiError:
    message = f"The file is larger than {max_bytes} bytes."
    return too_large(message, "STORAGE_FILE_TOO_LARGE", maxBytes=max_bytes)


def _fail(error: StoreFailed | UploadLost) -> NoReturn:
    if isinstance(error, UploadLost):
        message = "The upload was interrupted on the server; send it again."
        raise unavailable(message, retry_after=1) from error
    _log.error("object_not_stored", error=str(error))
    raise internal(
        "The file could not be stored; nothing has changed.", "STORAGE_UPLOAD_FAILED"
    ) from error
