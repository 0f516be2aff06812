"""``sdk.ai``: chats, embeddings and managed search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from aerostack import _wire as wire
from aerostack._resource import Resource
from aerostack._setup import Choice
from aerostack.types import UNSET

if TYPE_CHECKING:
    from aerostack._async.streams import AsyncChatStream
    from aerostack.models import (
        AiChatRequestBody,
        AiChatRequestBodyTypedDict,
        AiChatResponseBody,
        AiChatStreamRequestBodyTypedDict,
        AiEmbedRequestBody,
        AiEmbedRequestBodyTypedDict,
        AiEmbedResponseBody,
        SearchConfigureRequestBody,
        SearchConfigureRequestBodyTypedDict,
        SearchConfigureResponseBody,
        SearchCountRequestBody,
        SearchCountRequestBodyTypedDict,
        SearchCountResponseBody,
        SearchDeleteByTypeRequestBody,
        SearchDeleteByTypeRequestBodyTypedDict,
        SearchDeleteByTypeResponseBody,
        SearchDeleteRequestBody,
        SearchDeleteRequestBodyTypedDict,
        SearchDeleteResponseBody,
        SearchGetRequestBody,
        SearchGetRequestBodyTypedDict,
        SearchGetResponseBody,
        SearchIngestRequestBody,
        SearchIngestRequestBodyTypedDict,
        SearchIngestResponseBody,
        SearchListTypesResponseBody,
        SearchQueryRequestBody,
        SearchQueryRequestBodyTypedDict,
        SearchQueryResponseBody,
        SearchUpdateRequestBody,
        SearchUpdateRequestBodyTypedDict,
        SearchUpdateResponseBody,
    )
    from aerostack.types import OptionalNullable
    from aerostack.utils import RetryConfig


class _AsyncAi(Resource):
    """Chats, embeddings, and texts to search in."""

    @overload
    async def ai_chat_async(
        self,
        request: AiChatStreamRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> AsyncChatStream: ...
    @overload
    async def ai_chat_async(
        self,
        request: AiChatRequestBody | AiChatRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> AiChatResponseBody: ...
    async def ai_chat_async(
        self,
        request: AiChatRequestBody | AiChatRequestBodyTypedDict | AiChatStreamRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> AiChatResponseBody | AsyncChatStream:
        """Answer a chat, in one piece or, if the request says ``stream``, in chunks.

        A call that is repeated carries one idempotency key. A stream is never asked for twice once
        it has begun.

        Raises:
            ErrorResponse: 400: not acceptable. 503: there is no model to answer.
            StreamError: The stream broke off.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        found: AiChatResponseBody | AsyncChatStream = await self._acalls.chat(
            wire.AI_CHAT, request, choice
        )
        return found

    async def ai_chat_stream_async(
        self,
        request: AiChatRequestBody | AiChatRequestBodyTypedDict | AiChatStreamRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> AsyncChatStream:
        """Answer a chat in chunks, whatever the request says of ``stream``.

        The request is sent when the first chunk is asked for.

        Raises:
            ErrorResponse: While iterating: the service refused, or failed on the way.
            StreamError: While iterating: the stream broke off.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        found: AsyncChatStream = await self._acalls.chat(wire.AI_CHAT, request, choice, stream=True)
        return found

    async def embed_async(
        self,
        request: AiEmbedRequestBody | AiEmbedRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> AiEmbedResponseBody:
        """Turn a text into numbers."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.AI_EMBED, request, choice)

    async def ingest_async(
        self,
        request: SearchIngestRequestBody | SearchIngestRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> SearchIngestResponseBody:
        """Add a text to the search, or replace the one that has its ``id``."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.SEARCH_INGEST, request, choice)

    async def query_async(
        self,
        request: SearchQueryRequestBody | SearchQueryRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> SearchQueryResponseBody:
        """Return the texts that fit a question, the best first."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.SEARCH_QUERY, request, choice)

    async def search_get_async(
        self,
        request: SearchGetRequestBody | SearchGetRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> SearchGetResponseBody:
        """Return one text; ``exists=False`` if there is none with this id."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.SEARCH_GET, request, choice)

    async def search_update_async(
        self,
        request: SearchUpdateRequestBody | SearchUpdateRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> SearchUpdateResponseBody:
        """Replace a text."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.SEARCH_UPDATE, request, choice)

    async def delete_async(
        self,
        request: SearchDeleteRequestBody | SearchDeleteRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> SearchDeleteResponseBody:
        """Delete a text."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.SEARCH_DELETE, request, choice)

    async def delete_by_type_async(
        self,
        request: SearchDeleteByTypeRequestBody | SearchDeleteByTypeRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> SearchDeleteByTypeResponseBody:
        """Delete all texts of a type."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.SEARCH_DELETE_BY_TYPE, request, choice)

    async def search_count_async(
        self,
        request: SearchCountRequestBody | SearchCountRequestBodyTypedDict | None = None,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> SearchCountResponseBody:
        """Return how many texts there are, of a type or in all."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.SEARCH_COUNT, request, choice)

    async def list_types_async(
        self,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> SearchListTypesResponseBody:
        """Return the types of all texts, and how many texts have each."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.SEARCH_LIST_TYPES, None, choice)

    async def configure_async(
        self,
        request: SearchConfigureRequestBody | SearchConfigureRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> SearchConfigureResponseBody:
        """Choose which languages the search understands."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.SEARCH_CONFIGURE, request, choice)
