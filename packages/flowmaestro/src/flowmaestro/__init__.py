"""Client and command line for FlowMaestro: workflows, agents, knowledge bases, triggers, webhooks.

Everything public is here; what is used is imported when it is first asked for, so importing this
package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from flowmaestro._version import __version__

if TYPE_CHECKING:
    from flowmaestro import (
        errors as errors,
        resources as resources,
        responses as responses,
        types as types,
        webhooks as webhooks,
    )
    from flowmaestro._async.client import AsyncFlowMaestroClient as AsyncFlowMaestroClient
    from flowmaestro._async.streams import AsyncEventStream as AsyncEventStream
    from flowmaestro._sync.client import FlowMaestroClient as FlowMaestroClient
    from flowmaestro._sync.streams import EventStream as EventStream
    from flowmaestro.errors import (
        AuthenticationError as AuthenticationError,
        AuthorizationError as AuthorizationError,
        ClientClosedError as ClientClosedError,
        ConfigurationError as ConfigurationError,
        ConflictError as ConflictError,
        ConnectionError as ConnectionError,  # noqa: A004
        DecodeError as DecodeError,
        FlowMaestroConnectionError as FlowMaestroConnectionError,
        FlowMaestroError as FlowMaestroError,
        FlowMaestroStatusError as FlowMaestroStatusError,
        FlowMaestroStreamError as FlowMaestroStreamError,
        FlowMaestroTimeoutError as FlowMaestroTimeoutError,
        MisuseError as MisuseError,
        NotFoundError as NotFoundError,
        PagingError as PagingError,
        ProtocolError as ProtocolError,
        RateLimitError as RateLimitError,
        RedirectError as RedirectError,
        RequestTimeoutError as RequestTimeoutError,
        ResponseTooLargeError as ResponseTooLargeError,
        ServerError as ServerError,
        ServiceTimeoutError as ServiceTimeoutError,
        StreamError as StreamError,
        StreamIdleError as StreamIdleError,
        StreamLimitError as StreamLimitError,
        TimeoutError as TimeoutError,  # noqa: A004
        ValidationError as ValidationError,
        WaitTimeoutError as WaitTimeoutError,
        WebhookVerificationError as WebhookVerificationError,
    )
    from flowmaestro.responses import ResponseInfo as ResponseInfo
    from flowmaestro.webhooks import (
        WebhookVerifier as WebhookVerifier,
        sign_webhook as sign_webhook,
        verify_webhook as verify_webhook,
    )

_HOME = {
    "AsyncFlowMaestroClient": "_async.client",
    "AsyncEventStream": "_async.streams",
    "FlowMaestroClient": "_sync.client",
    "EventStream": "_sync.streams",
    "AuthenticationError": "errors",
    "AuthorizationError": "errors",
    "ClientClosedError": "errors",
    "ConfigurationError": "errors",
    "ConflictError": "errors",
    "ConnectionError": "errors",
    "DecodeError": "errors",
    "FlowMaestroConnectionError": "errors",
    "FlowMaestroError": "errors",
    "FlowMaestroStatusError": "errors",
    "FlowMaestroStreamError": "errors",
    "FlowMaestroTimeoutError": "errors",
    "MisuseError": "errors",
    "NotFoundError": "errors",
    "PagingError": "errors",
    "ProtocolError": "errors",
    "RateLimitError": "errors",
    "RedirectError": "errors",
    "RequestTimeoutError": "errors",
    "ResponseTooLargeError": "errors",
    "ServerError": "errors",
    "ServiceTimeoutError": "errors",
    "StreamError": "errors",
    "StreamIdleError": "errors",
    "StreamLimitError": "errors",
    "TimeoutError": "errors",
    "ValidationError": "errors",
    "WaitTimeoutError": "errors",
    "WebhookVerificationError": "errors",
    "ResponseInfo": "responses",
    "WebhookVerifier": "webhooks",
    "sign_webhook": "webhooks",
    "verify_webhook": "webhooks",
}

# Reachable as attributes after ``import flowmaestro`` alone.
_MODULES = frozenset({"errors", "resources", "responses", "types", "webhooks"})

__all__ = [
    "AsyncEventStream",
    "AsyncFlowMaestroClient",
    "AuthenticationError",
    "AuthorizationError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectionError",
    "DecodeError",
    "EventStream",
    "FlowMaestroClient",
    "FlowMaestroConnectionError",
    "FlowMaestroError",
    "FlowMaestroStatusError",
    "FlowMaestroStreamError",
    "FlowMaestroTimeoutError",
    "MisuseError",
    "NotFoundError",
    "PagingError",
    "ProtocolError",
    "RateLimitError",
    "RedirectError",
    "RequestTimeoutError",
    "ResponseInfo",
    "ResponseTooLargeError",
    "ServerError",
    "ServiceTimeoutError",
    "StreamError",
    "StreamIdleError",
    "StreamLimitError",
    "TimeoutError",
    "ValidationError",
    "WaitTimeoutError",
    "WebhookVerificationError",
    "WebhookVerifier",
    "__version__",
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
