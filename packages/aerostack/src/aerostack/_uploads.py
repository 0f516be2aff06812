"""From a file to upload to the form that carries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aerostack import _wire as wire
from aerostack._requests import encoded, validated
from aerostack._service import DEFAULT_TIMEOUT, LONGEST_UPLOAD, SLOWEST_UPLOAD
from aerostack.errors import RequestTypeError, RequestValidationError
from quintet.core.body import open_body
from quintet.errors import MisuseError
from quintet.multipart import FilePart, TextPart, multipart

if TYPE_CHECKING:
    from quintet.core.multipart import MultipartBody

__all__ = ["form_of", "seconds_for"]


def form_of(request: Any, progress: Callable[[int, int | None], object] | None) -> MultipartBody:
    """Return the form for an upload: key, content type, file, in this order.

    Args:
        request: The request as the caller gave it.
        progress: Called with (bytes sent, size or None) while the file is sent.

    Raises:
        RequestValidationError: A field is missing, or ``file_name`` is empty.
        RequestTypeError: ``content`` is no source of bytes.
        OSError: The path cannot be read.
    """
    upload = validated(wire.STORAGE_UPLOAD, request)
    parts: list[TextPart | FilePart] = [TextPart("key", upload.key)]
    if upload.content_type is not None:
        parts.append(TextPart("contentType", upload.content_type))
    if upload.metadata is not None:
        parts.append(TextPart("metadata", _as_json({"metadata": upload.metadata})))
    for name, value in (upload.model_extra or {}).items():
        parts.append(TextPart(name, value if isinstance(value, str) else _as_json({name: value})))
    file = upload.file
    try:
        body = open_body(file.content, progress=progress)
    except MisuseError as error:
        raise RequestTypeError(f"storageUpload: {error.message}") from None
    parts.append(FilePart("file", file.file_name, body, file.content_type))
    try:
        return multipart(parts)
    except MisuseError as error:
        raise RequestValidationError(f"storageUpload: {error.message}") from None


def _as_json(field: dict[str, Any]) -> str:
    """Return the value of a field that is no text the way it would stand in a JSON request."""
    body = encoded(wire.STORAGE_UPLOAD, field).decode()
    return body[body.index(":") + 1 : -1]


def seconds_for(form: MultipartBody) -> float:
    """Return how long sending a form may take by default: the larger, the longer."""
    if form.length is None:
        return LONGEST_UPLOAD
    return DEFAULT_TIMEOUT + form.length / SLOWEST_UPLOAD
