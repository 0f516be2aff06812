"""Files."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from datetime import datetime
from os import PathLike
from typing import IO, Any, Union

from pydantic import ConfigDict, Field, field_validator
from typing_extensions import NotRequired, TypedDict

from aerostack._model import BaseModel, CamelModel

__all__ = [
    "Content",
    "File",
    "FileTypedDict",
    "StorageCopyRequestBody",
    "StorageCopyRequestBodyTypedDict",
    "StorageCopyResponseBody",
    "StorageDeleteRequestBody",
    "StorageDeleteRequestBodyTypedDict",
    "StorageDeleteResponseBody",
    "StorageExistsRequestBody",
    "StorageExistsRequestBodyTypedDict",
    "StorageExistsResponseBody",
    "StorageGetMetadataRequestBody",
    "StorageGetMetadataRequestBodyTypedDict",
    "StorageGetMetadataResponseBody",
    "StorageGetRequestBody",
    "StorageGetRequestBodyTypedDict",
    "StorageGetUrlRequestBody",
    "StorageGetUrlRequestBodyTypedDict",
    "StorageGetUrlResponseBody",
    "StorageListRequestBody",
    "StorageListRequestBodyTypedDict",
    "StorageListResponseBody",
    "StorageMoveRequestBody",
    "StorageMoveRequestBodyTypedDict",
    "StorageMoveResponseBody",
    "StorageObject",
    "StorageUploadRequestBody",
    "StorageUploadRequestBodyTypedDict",
    "StorageUploadResponseBody",
]

Content = Union[
    bytes, bytearray, memoryview, IO[bytes], "PathLike[str]", Iterable[bytes], AsyncIterable[bytes]
]
"""What can be uploaded: bytes, an open binary file from where it stands, anything with ``read``,
a path, an iterable of bytes. Asynchronous iterables need the ``_async`` call."""


class FileTypedDict(TypedDict):
    """A file to upload."""

    file_name: str
    content: Content
    content_type: NotRequired[str]


class File(CamelModel):
    """A file to upload. Its part of the form has no place for other fields, so none is taken.

    Attributes:
        file_name: Its name; not empty.
        content: See :data:`Content`. A ``str`` is refused: encode it, or say ``pathlib.Path`` if it
            is one.
        content_type: Guessed from the name without it.
    """

    model_config = ConfigDict(extra="forbid")

    file_name: str = Field(min_length=1)
    content: Any
    content_type: str | None = None

    @field_validator("content")
    @classmethod
    def _is_bytes(cls, content: Any) -> Any:
        if isinstance(content, str):
            # Not a ValueError: that pydantic would take for a failed validation.
            raise TypeError(
                "content must be bytes, not str: call .encode() on text, or give a pathlib.Path"
            )
        return content


class StorageUploadRequestBodyTypedDict(TypedDict):
    """A file and where to store it."""

    file: FileTypedDict
    key: str
    content_type: NotRequired[str]
    metadata: NotRequired[dict[str, str]]


class StorageUploadRequestBody(CamelModel):
    """A file and where to store it.

    Attributes:
        file: What to store.
        key: Where, such as ``"avatars/user-123.jpg"``.
        content_type: The type to store it with; the file's without it.
        metadata: What to remember of it, given back by ``storage_get_metadata``.
    """

    file: File
    key: str
    content_type: str | None = None
    metadata: dict[str, str] | None = None


class StorageUploadResponseBody(CamelModel):
    """Where the file is."""

    url: str | None = None
    key: str | None = None
    size: int | None = None
    content_type: str | None = None
    etag: str | None = None


class StorageGetRequestBodyTypedDict(TypedDict):
    """A file to download."""

    key: str


class StorageGetRequestBody(BaseModel):
    """A file to download."""

    key: str


class StorageGetUrlRequestBodyTypedDict(TypedDict):
    """A file whose URL is wanted."""

    key: str
    expires_in: NotRequired[int]


class StorageGetUrlRequestBody(CamelModel):
    """A file whose URL is wanted.

    Attributes:
        key: Of the file.
        expires_in: Seconds for which the URL is to work; without it the service decides.
    """

    key: str
    expires_in: int | None = None


class StorageGetUrlResponseBody(BaseModel):
    """The URL of a file."""

    url: str | None = None


class StorageListRequestBodyTypedDict(TypedDict, total=False):
    """Which files to list."""

    prefix: str
    limit: int
    cursor: str


class StorageListRequestBody(BaseModel):
    """Which files to list.

    Attributes:
        prefix: Only keys that begin so.
        limit: 1 to 1000; 100 without it.
        cursor: From the page before.
    """

    prefix: str | None = None
    limit: int | None = None
    cursor: str | None = None


class StorageObject(CamelModel):
    """One file of a list; ``size`` in bytes."""

    key: str | None = None
    size: int | None = None
    last_modified: datetime | None = None
    content_type: str | None = None
    etag: str | None = None


class StorageListResponseBody(BaseModel):
    """One page of files; ``cursor`` leads on if it is truncated."""

    objects: list[StorageObject] | None = None
    truncated: bool | None = None
    cursor: str | None = None


class StorageDeleteRequestBodyTypedDict(TypedDict):
    """A file to delete."""

    key: str


class StorageDeleteRequestBody(BaseModel):
    """A file to delete."""

    key: str


class StorageDeleteResponseBody(BaseModel):
    """Whether it was deleted."""

    success: bool | None = None


class StorageExistsRequestBodyTypedDict(TypedDict):
    """A file to look for."""

    key: str


class StorageExistsRequestBody(BaseModel):
    """A file to look for."""

    key: str


class StorageExistsResponseBody(BaseModel):
    """Whether the file is there."""

    exists: bool | None = None


class StorageGetMetadataRequestBodyTypedDict(TypedDict):
    """A file to describe."""

    key: str


class StorageGetMetadataRequestBody(BaseModel):
    """A file to describe."""

    key: str


class StorageGetMetadataResponseBody(CamelModel):
    """What is known of a file; ``size`` in bytes, ``metadata`` as it was given to the upload."""

    exists: bool | None = None
    size: int | None = None
    content_type: str | None = None
    last_modified: datetime | None = None
    etag: str | None = None
    metadata: dict[str, Any] | None = None


class StorageCopyRequestBodyTypedDict(TypedDict):
    """From where to where."""

    source_key: str
    dest_key: str


class StorageCopyRequestBody(CamelModel):
    """From where to where."""

    source_key: str
    dest_key: str


class StorageCopyResponseBody(BaseModel):
    """Where the copy is."""

    success: bool | None = None
    url: str | None = None


class StorageMoveRequestBodyTypedDict(TypedDict):
    """From where to where."""

    source_key: str
    dest_key: str


class StorageMoveRequestBody(CamelModel):
    """From where to where."""

    source_key: str
    dest_key: str


class StorageMoveResponseBody(BaseModel):
    """Where the file is now."""

    success: bool | None = None
    url: str | None = None
