"""The form of an upload, from its parts: `key`, `contentType`, `metadata`, and the `file`.

Parts may come in any order, the file first as well: so the bytes go into the store under no key
yet, and what the object is called is said when everything is there.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from quintet_server.engines.objects import ObjectInfo
from quintet_server.engines.objects.uploads import Upload
from quintet_server.services.aerostack.errors import invalid, invalid_field
from quintet_server.services.aerostack.storage.content_types import (
    checked_content_type,
    chosen_content_type,
)
from quintet_server.services.aerostack.storage.form import FormEvent, PartBegin, PartData
from quintet_server.services.aerostack.storage.keys import checked_key

__all__ = ["FRAMING_MAX_BYTES", "UploadForm"]

# All that is around the file: the other fields, headers, boundaries.
FRAMING_MAX_BYTES = 64 * 1024
_FIELD_MAX_BYTES = 16 * 1024
_FILE = "file"
# Names in the wire's spelling; the others are what clients in other languages write.
_FIELDS = {
    "key": "key",
    "path": "key",
    "contentType": "contentType",
    "content_type": "contentType",
    "metadata": "metadata",
}


class UploadForm:
    """What has been read of the form so far."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._at: str | None = None
        self._field = bytearray()
        self._seen: set[str] = set()
        self._key: str | None = None
        self._content_type: str | None = None
        self._file_type: str | None = None
        self._metadata: Mapping[str, str] = {}

    async def take(self, event: FormEvent) -> None:
        """Take the next event. Raises 400 for a field that cannot be; unknown ones are passed over.

        A key that comes before its file is refused before a byte of the file is read.
        """
        if isinstance(event, PartBegin):
            self._begin(event)
        elif isinstance(event, PartData):
            await self._data(event.data)
        else:
            self._end()

    async def commit(self, project_id: str) -> ObjectInfo:
        """Make the object. Raises 400 when the key or the file is missing."""
        missing = [name for name in ("key", _FILE) if name not in self._seen]
        if missing:
            fields = {name: ["is required"] for name in missing}
            raise invalid(f"{missing[0]}: is required", field_errors=fields)
        assert self._key is not None  # it was seen
        return await self._upload.commit(
            project_id,
            self._key,
            content_type=chosen_content_type(self._content_type, self._file_type),
            metadata=self._metadata,
        )

    def _begin(self, part: PartBegin) -> None:
        self._at = _FILE if part.name == _FILE else _FIELDS.get(part.name)
        self._field.clear()
        if self._at is None:
            return
        if self._at in self._seen:
            raise invalid_field(self._at, "must come once only")
        self._seen.add(self._at)
        if self._at == _FILE:
            self._file_type = part.content_type

    async def _data(self, data: bytes) -> None:
        if self._at == _FILE:
            await self._upload.write(data)
        elif self._at is not None:
            self._field += data
            if len(self._field) > _FIELD_MAX_BYTES:
                raise invalid_field(self._at, f"must not be longer than {_FIELD_MAX_BYTES} bytes")

    def _end(self) -> None:
        if self._at is None or self._at == _FILE:
            return
        try:
            text = self._field.decode()
        except UnicodeDecodeError:
            raise invalid_field(self._at, "must be UTF-8") from None
        if self._at == "key":
            self._key = checked_key(text)
        elif self._at == "contentType":
            self._content_type = checked_content_type(text)
        else:
            self._metadata = _metadata(text)


def _metadata(text: str) -> Mapping[str, str]:
    try:
        given = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise invalid_field("metadata", "must be a JSON object of strings")
    if "\0" in "".join((*given, *given.values())):
        raise invalid_field("metadata", "must not have the character NUL")
    return given
