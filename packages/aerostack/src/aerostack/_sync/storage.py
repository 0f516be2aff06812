# Generated from aerostack/_async/storage.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``sdk.storage``: files of the project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aerostack import _wire as wire
from aerostack._byte_range import check_range
from aerostack._resource import Resource
from aerostack._setup import Choice
from aerostack.types import UNSET

if TYPE_CHECKING:
    from aerostack._sync.downloads import Download
    from aerostack.models import (
        StorageCopyRequestBody,
        StorageCopyRequestBodyTypedDict,
        StorageCopyResponseBody,
        StorageDeleteRequestBody,
        StorageDeleteRequestBodyTypedDict,
        StorageDeleteResponseBody,
        StorageExistsRequestBody,
        StorageExistsRequestBodyTypedDict,
        StorageExistsResponseBody,
        StorageGetMetadataRequestBody,
        StorageGetMetadataRequestBodyTypedDict,
        StorageGetMetadataResponseBody,
        StorageGetRequestBody,
        StorageGetRequestBodyTypedDict,
        StorageGetUrlRequestBody,
        StorageGetUrlRequestBodyTypedDict,
        StorageGetUrlResponseBody,
        StorageListRequestBody,
        StorageListRequestBodyTypedDict,
        StorageListResponseBody,
        StorageMoveRequestBody,
        StorageMoveRequestBodyTypedDict,
        StorageMoveResponseBody,
        StorageUploadRequestBody,
        StorageUploadRequestBodyTypedDict,
        StorageUploadResponseBody,
    )
    from aerostack.types import OptionalNullable
    from aerostack.utils import RetryConfig


class _Storage(Resource):
    """Files of the project, by key."""

    def storage_upload(
        self,
        request: StorageUploadRequestBody | StorageUploadRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> StorageUploadResponseBody:
        """Store a file, streamed; return where it is. One with the same key is replaced.

        The content is bytes, an open binary file from where it stands, anything else with ``read``,
        a path, or an iterable of bytes; asynchronous iterables need the asynchronous call. What
        cannot be read twice, such as a pipe, is never sent again.

        Args:
            request: File, key, and the type to store it with.
            retries: In place of the SDK's configuration.
            server_url: In place of the SDK's server.
            timeout_ms: Milliseconds for an attempt. Without one it is 60 seconds and what the file
                takes at 128 KiB a second; 15 minutes if its size is unknown.
            http_headers: Sent last; replace any header of the same name.
            progress: Called with (bytes sent, size or ``None``) after each piece; starts again at 0
                when the file is sent again.

        Raises:
            ErrorResponse: 413: larger than the service takes.
            RequestValidationError: ``file_name`` is empty, or a field is missing.
            RequestTypeError: ``content`` is a ``str``, or otherwise no source of bytes.
            OSError: The path cannot be read; or what reading the source raised.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.upload(request, choice, progress)

    def storage_get(
        self,
        request: StorageGetRequestBody | StorageGetRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
        byte_range: tuple[int, int | None] | None = None,
    ) -> Download:
        """Ask for a file; return it when its head has come, to be read in pieces or saved.

        Args:
            request: Which file.
            retries: In place of the SDK's configuration; holds until the head has come.
            server_url: In place of the SDK's server.
            timeout_ms: Milliseconds until the head has come. After that only silence counts: 60
                seconds without a byte.
            http_headers: Sent last; replace any header of the same name.
            byte_range: First and last byte, counted from 0; ``None`` as last means to the end.

        Raises:
            ErrorResponse: 404: there is no such file.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.download(request, choice, check_range(byte_range))

    def storage_get_url(
        self,
        request: StorageGetUrlRequestBody | StorageGetUrlRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> StorageGetUrlResponseBody:
        """Return the URL of a file."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.STORAGE_GET_URL, request, choice)

    def storage_list(
        self,
        request: StorageListRequestBody | StorageListRequestBodyTypedDict | None = None,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> StorageListResponseBody:
        """Return one page of files."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.STORAGE_LIST, request, choice)

    def storage_delete(
        self,
        request: StorageDeleteRequestBody | StorageDeleteRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> StorageDeleteResponseBody:
        """Delete a file."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.STORAGE_DELETE, request, choice)

    def storage_exists(
        self,
        request: StorageExistsRequestBody | StorageExistsRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> StorageExistsResponseBody:
        """Tell whether there is a file."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.STORAGE_EXISTS, request, choice)

    def storage_get_metadata(
        self,
        request: StorageGetMetadataRequestBody | StorageGetMetadataRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> StorageGetMetadataResponseBody:
        """Return size, type and version of a file."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.STORAGE_GET_METADATA, request, choice)

    def storage_copy(
        self,
        request: StorageCopyRequestBody | StorageCopyRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> StorageCopyResponseBody:
        """Copy a file; one that is there already is replaced."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.STORAGE_COPY, request, choice)

    def storage_move(
        self,
        request: StorageMoveRequestBody | StorageMoveRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> StorageMoveResponseBody:
        """Move a file; one that is there already is replaced."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.STORAGE_MOVE, request, choice)
