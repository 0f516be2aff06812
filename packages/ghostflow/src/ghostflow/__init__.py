"""Client for the GhostFlow click tracker: campaigns, clicks, conversions, reports.

Everything public is here; what is used is imported when it is first asked for, so importing this
package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ghostflow._version import __version__

if TYPE_CHECKING:
    from ghostflow import (
        errors as errors,
        pages as pages,
        postbacks as postbacks,
        resources as resources,
        responses as responses,
        types as types,
        webhooks as webhooks,
    )
    from ghostflow._async.client import AsyncGhostFlowClient as AsyncGhostFlowClient
    from ghostflow._sync.client import GhostFlowClient as GhostFlowClient
    from ghostflow.errors import (
        APIConnectionError as APIConnectionError,
        APIStatusError as APIStatusError,
        APITimeoutError as APITimeoutError,
        AuthenticationError as AuthenticationError,
        ClientClosedError as ClientClosedError,
        ConfigurationError as ConfigurationError,
        ConflictError as ConflictError,
        GhostFlowError as GhostFlowError,
        InvalidResponseError as InvalidResponseError,
        MisuseError as MisuseError,
        NotFoundError as NotFoundError,
        PagingError as PagingError,
        PermissionDeniedError as PermissionDeniedError,
        PostbackError as PostbackError,
        ProtocolError as ProtocolError,
        RateLimitedError as RateLimitedError,
        RedirectError as RedirectError,
        ResponseTooLargeError as ResponseTooLargeError,
        ServerError as ServerError,
        ValidationError as ValidationError,
        WebhookVerificationError as WebhookVerificationError,
    )
    from ghostflow.pages import Page as Page
    from ghostflow.postbacks import (
        PostbackTemplate as PostbackTemplate,
        ReceivedPostback as ReceivedPostback,
        postback_url as postback_url,
    )
    from ghostflow.responses import RateLimitInfo as RateLimitInfo, RawResponse as RawResponse
    from ghostflow.webhooks import (
        WebhookEvent as WebhookEvent,
        WebhookVerifier as WebhookVerifier,
        sign_webhook as sign_webhook,
        verify_webhook as verify_webhook,
    )

_HOME = {
    "AsyncGhostFlowClient": "_async.client",
    "GhostFlowClient": "_sync.client",
    "APIConnectionError": "errors",
    "APIStatusError": "errors",
    "APITimeoutError": "errors",
    "AuthenticationError": "errors",
    "ClientClosedError": "errors",
    "ConfigurationError": "errors",
    "ConflictError": "errors",
    "GhostFlowError": "errors",
    "InvalidResponseError": "errors",
    "MisuseError": "errors",
    "NotFoundError": "errors",
    "PagingError": "errors",
    "PermissionDeniedError": "errors",
    "PostbackError": "errors",
    "ProtocolError": "errors",
    "RateLimitedError": "errors",
    "RedirectError": "errors",
    "ResponseTooLargeError": "errors",
    "ServerError": "errors",
    "ValidationError": "errors",
    "WebhookVerificationError": "errors",
    "Page": "pages",
    "PostbackTemplate": "postbacks",
    "ReceivedPostback": "postbacks",
    "postback_url": "postbacks",
    "RateLimitInfo": "responses",
    "RawResponse": "responses",
    "WebhookEvent": "webhooks",
    "WebhookVerifier": "webhooks",
    "sign_webhook": "webhooks",
    "verify_webhook": "webhooks",
}

# Reachable as attributes after ``import ghostflow`` alone.
_MODULES = frozenset(
    {"errors", "pages", "postbacks", "resources", "responses", "types", "webhooks"}
)

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncGhostFlowClient",
    "AuthenticationError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "GhostFlowClient",
    "GhostFlowError",
    "InvalidResponseError",
    "MisuseError",
    "NotFoundError",
    "Page",
    "PagingError",
    "PermissionDeniedError",
    "PostbackError",
    "PostbackTemplate",
    "ProtocolError",
    "RateLimitInfo",
    "RateLimitedError",
    "RawResponse",
    "ReceivedPostback",
    "RedirectError",
    "ResponseTooLargeError",
    "ServerError",
    "ValidationError",
    "WebhookEvent",
    "WebhookVerificationError",
    "WebhookVerifier",
    "__version__",
    "postback_url",
    "sign_webhook",
    "verify_webhook",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    # Tracebacks and reprs show the path by which people import it.
    value.__module__ = __name__
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})
