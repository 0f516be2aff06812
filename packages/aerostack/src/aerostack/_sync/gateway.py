# Generated from aerostack/_async/gateway.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``sdk.gateway``: APIs that others pay for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from aerostack import _wire as wire
from aerostack._resource import Resource
from aerostack._setup import Choice, with_token
from aerostack.types import UNSET

if TYPE_CHECKING:
    from aerostack._sync.streams import ChatStream
    from aerostack.models import (
        AiChatRequestBody,
        AiChatRequestBodyTypedDict,
        AiChatResponseBody,
        AiChatStreamRequestBodyTypedDict,
        GatewayBillingLogRequestBody,
        GatewayBillingLogRequestBodyTypedDict,
        GatewayBillingLogResponseBody,
        GatewayWalletResponseBody,
    )
    from aerostack.types import OptionalNullable
    from aerostack.utils import RetryConfig


class _Gateway(Resource):
    """Chats with APIs of a gateway, wallets and billing."""

    @overload
    def gateway_chat_completions(
        self,
        api_slug: str,
        request: AiChatStreamRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> ChatStream: ...
    @overload
    def gateway_chat_completions(
        self,
        api_slug: str,
        request: AiChatRequestBody | AiChatRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> AiChatResponseBody: ...
    def gateway_chat_completions(
        self,
        api_slug: str,
        request: AiChatRequestBody | AiChatRequestBodyTypedDict | AiChatStreamRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> AiChatResponseBody | ChatStream:
        """Answer a chat with an API of the gateway, in one piece or, with ``stream``, in chunks.

        Args:
            api_slug: Which API.
            request: The chat.
            retries: In place of the SDK's configuration.
            server_url: In place of the SDK's server.
            timeout_ms: Milliseconds for an attempt.
            http_headers: Sent last; replace any header of the same name.
            token: Who asks: a consumer's key or a user's token. The API key without it.

        Raises:
            ErrorResponse: 401: no such consumer. 429: the wallet is empty, or too many requests.
            StreamError: The stream broke off.
        """
        choice = Choice(retries, server_url, timeout_ms, with_token(http_headers, token))
        found: AiChatResponseBody | ChatStream = self._calls.chat(
            wire.GATEWAY_CHAT_COMPLETIONS, request, choice, path={"api_slug": api_slug}
        )
        return found

    def gateway_chat_completions_stream(
        self,
        api_slug: str,
        request: AiChatRequestBody | AiChatRequestBodyTypedDict | AiChatStreamRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> ChatStream:
        """Answer a chat with an API of the gateway in chunks.

        Args:
            api_slug: Which API.
            request: The chat.
            retries: In place of the SDK's configuration.
            server_url: In place of the SDK's server.
            timeout_ms: Milliseconds for an attempt.
            http_headers: Sent last; replace any header of the same name.
            token: Who asks: a consumer's key or a user's token. The API key without it.

        Raises:
            ErrorResponse: While iterating: the service refused, or failed on the way.
            StreamError: While iterating: the stream broke off.
        """
        choice = Choice(retries, server_url, timeout_ms, with_token(http_headers, token))
        found: ChatStream = self._calls.chat(
            wire.GATEWAY_CHAT_COMPLETIONS,
            request,
            choice,
            stream=True,
            path={"api_slug": api_slug},
        )
        return found

    def gateway_get_wallet(
        self,
        api_slug: str,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> GatewayWalletResponseBody:
        """Return the wallet of a consumer.

        Args:
            api_slug: For which API.
            retries: In place of the SDK's configuration.
            server_url: In place of the SDK's server.
            timeout_ms: Milliseconds for an attempt.
            http_headers: Sent last; replace any header of the same name.
            token: Whose: a consumer's key or a user's token. The API key without it.

        Raises:
            ErrorResponse: 401: no such consumer.
        """
        choice = Choice(retries, server_url, timeout_ms, with_token(http_headers, token))
        return self._calls.answer(
            wire.GATEWAY_GET_WALLET, None, choice, query={"api_slug": api_slug}
        )

    def gateway_billing_log(
        self,
        request: GatewayBillingLogRequestBody | GatewayBillingLogRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> GatewayBillingLogResponseBody:
        """Debit what a consumer used; takes the API key.

        The call carries an idempotency key, so a repeat does not debit twice.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.GATEWAY_BILLING_LOG, request, choice)
