# Generated from aerostack/_async/cache.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``sdk.cache``: keys and values of the project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aerostack import _wire as wire
from aerostack._resource import Resource
from aerostack._setup import Choice
from aerostack.types import UNSET

if TYPE_CHECKING:
    from aerostack.models import (
        CacheDeleteManyRequestBody,
        CacheDeleteManyRequestBodyTypedDict,
        CacheDeleteManyResponseBody,
        CacheDeleteRequestBody,
        CacheDeleteRequestBodyTypedDict,
        CacheDeleteResponseBody,
        CacheExpireRequestBody,
        CacheExpireRequestBodyTypedDict,
        CacheExpireResponseBody,
        CacheFlushRequestBody,
        CacheFlushRequestBodyTypedDict,
        CacheFlushResponseBody,
        CacheGetManyRequestBody,
        CacheGetManyRequestBodyTypedDict,
        CacheGetManyResponseBody,
        CacheGetRequestBody,
        CacheGetRequestBodyTypedDict,
        CacheGetResponseBody,
        CacheIncrementRequestBody,
        CacheIncrementRequestBodyTypedDict,
        CacheIncrementResponseBody,
        CacheKeysRequestBody,
        CacheKeysRequestBodyTypedDict,
        CacheKeysResponseBody,
        CacheListRequestBody,
        CacheListRequestBodyTypedDict,
        CacheListResponseBody,
        CacheSetManyRequestBody,
        CacheSetManyRequestBodyTypedDict,
        CacheSetManyResponseBody,
        CacheSetRequestBody,
        CacheSetRequestBodyTypedDict,
        CacheSetResponseBody,
    )
    from aerostack.types import OptionalNullable
    from aerostack.utils import RetryConfig


class _Cache(Resource):
    """Keys and values of the project; a value is any JSON."""

    def cache_get(
        self,
        request: CacheGetRequestBody | CacheGetRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheGetResponseBody:
        """Return what a key holds; a miss is ``exists=False``, not an error."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_GET, request, choice)

    def cache_set(
        self,
        request: CacheSetRequestBody | CacheSetRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheSetResponseBody:
        """Set a key, for ``ttl`` seconds or for ever."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_SET, request, choice)

    def cache_delete(
        self,
        request: CacheDeleteRequestBody | CacheDeleteRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheDeleteResponseBody:
        """Delete a key."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_DELETE, request, choice)

    def cache_list(
        self,
        request: CacheListRequestBody | CacheListRequestBodyTypedDict | None = None,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheListResponseBody:
        """Return one page of keys with their expiry."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_LIST, request, choice)

    def cache_keys(
        self,
        request: CacheKeysRequestBody | CacheKeysRequestBodyTypedDict | None = None,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheKeysResponseBody:
        """Return the names of keys, at most 10 000."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_KEYS, request, choice)

    def cache_get_many(
        self,
        request: CacheGetManyRequestBody | CacheGetManyRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheGetManyResponseBody:
        """Return what up to 100 keys hold, in the order of the request."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_GET_MANY, request, choice)

    def cache_set_many(
        self,
        request: CacheSetManyRequestBody | CacheSetManyRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheSetManyResponseBody:
        """Set up to 100 keys."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_SET_MANY, request, choice)

    def cache_delete_many(
        self,
        request: CacheDeleteManyRequestBody | CacheDeleteManyRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheDeleteManyResponseBody:
        """Delete up to 500 keys; return how many there were."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_DELETE_MANY, request, choice)

    def cache_flush(
        self,
        request: CacheFlushRequestBody | CacheFlushRequestBodyTypedDict | None = None,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheFlushResponseBody:
        """Delete all keys, or those with a prefix.

        Raises:
            ErrorResponse: 429: more than five times a minute.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_FLUSH, request, choice)

    def cache_expire(
        self,
        request: CacheExpireRequestBody | CacheExpireRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheExpireResponseBody:
        """Let a key stay for ``ttl`` seconds from now."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_EXPIRE, request, choice)

    def cache_increment(
        self,
        request: CacheIncrementRequestBody | CacheIncrementRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> CacheIncrementResponseBody:
        """Add to a counter; return its new value.

        The call carries an idempotency key, so a repeat does not count twice.

        Raises:
            ErrorResponse: 400: the key holds something else than a number.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.CACHE_INCREMENT, request, choice)
