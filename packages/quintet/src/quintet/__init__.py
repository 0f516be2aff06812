"""The runtime under the Quintet SDKs: it decides, drives and speaks HTTP so that an SDK need not.

Users of an SDK meet ``quintet.errors`` (the tree under every SDK's own errors), ``quintet.hooks``
(watching attempts), ``quintet.webhooks`` (checking and making signatures) and ``quintet.testing``
(fakes).  Authors of an SDK build on the names below.

Names are imported when first used, so ``import quintet`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quintet._async.client import AsyncApiClient
    from quintet._async.streams import AsyncByteStream, AsyncEventStream
    from quintet._sync.client import ApiClient
    from quintet._sync.streams import ByteStream, EventStream
    from quintet.clock import Clock, SystemClock
    from quintet.core.backoff import Backoff
    from quintet.core.body import Body, open_body
    from quintet.core.headers import Headers
    from quintet.core.operation import Operation, Service
    from quintet.core.rate_limit import RateLimit
    from quintet.core.redirect import RedirectPolicy
    from quintet.core.response import Response
    from quintet.core.retry import RetryClass, RetryPolicy
    from quintet.core.sse.event import ServerSentEvent
    from quintet.core.sse.fallbacks import Detour, Fallbacks
    from quintet.core.sse.session import EventRules
    from quintet.errors import QuintetError
    from quintet.hooks import Attempt, Hook
    from quintet.options import UNSET, ClientOptions, Unset
    from quintet.response_info import ResponseInfo
    from quintet.secrets import Secret
    from quintet.transport.limits import ConnectionLimits
    from quintet.transport.native import AsyncNativeTransport, NativeTransport

__version__ = "0.1.0"

__all__ = [
    "UNSET",
    "ApiClient",
    "AsyncApiClient",
    "AsyncByteStream",
    "AsyncEventStream",
    "AsyncNativeTransport",
    "Attempt",
    "Backoff",
    "Body",
    "ByteStream",
    "ClientOptions",
    "Clock",
    "ConnectionLimits",
    "Detour",
    "EventRules",
    "EventStream",
    "Fallbacks",
    "Headers",
    "Hook",
    "NativeTransport",
    "Operation",
    "QuintetError",
    "RateLimit",
    "RedirectPolicy",
    "Response",
    "ResponseInfo",
    "RetryClass",
    "RetryPolicy",
    "Secret",
    "ServerSentEvent",
    "Service",
    "SystemClock",
    "Unset",
    "__version__",
    "open_body",
]

_HOMES = {
    "UNSET": "quintet.options",
    "ApiClient": "quintet._sync.client",
    "AsyncApiClient": "quintet._async.client",
    "AsyncByteStream": "quintet._async.streams",
    "AsyncEventStream": "quintet._async.streams",
    "AsyncNativeTransport": "quintet.transport.native",
    "Attempt": "quintet.hooks",
    "Backoff": "quintet.core.backoff",
    "Body": "quintet.core.body",
    "ByteStream": "quintet._sync.streams",
    "ClientOptions": "quintet.options",
    "Clock": "quintet.clock",
    "ConnectionLimits": "quintet.transport.limits",
    "Detour": "quintet.core.sse.fallbacks",
    "EventRules": "quintet.core.sse.session",
    "EventStream": "quintet._sync.streams",
    "Fallbacks": "quintet.core.sse.fallbacks",
    "Headers": "quintet.core.headers",
    "Hook": "quintet.hooks",
    "NativeTransport": "quintet.transport.native",
    "Operation": "quintet.core.operation",
    "QuintetError": "quintet.errors",
    "RateLimit": "quintet.core.rate_limit",
    "RedirectPolicy": "quintet.core.redirect",
    "Response": "quintet.core.response",
    "ResponseInfo": "quintet.response_info",
    "RetryClass": "quintet.core.retry",
    "RetryPolicy": "quintet.core.retry",
    "Secret": "quintet.secrets",
    "ServerSentEvent": "quintet.core.sse.event",
    "Service": "quintet.core.operation",
    "SystemClock": "quintet.clock",
    "Unset": "quintet.options",
    "open_body": "quintet.core.body",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'quintet' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
