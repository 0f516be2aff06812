"""Client of the Amdahl Platform API: data queries, pages, agents, webhooks; blocking and asyncio.

Everything public is here, in :mod:`amdahl.aio` for asyncio, :mod:`amdahl.page` for building pages,
:mod:`amdahl.webhooks` for receiving and :mod:`amdahl.types`. What is used is imported when it is
first asked for, so importing this package costs next to nothing.
"""

from __future__ import annotations

import importlib
from types import FunctionType
from typing import TYPE_CHECKING, Any

from amdahl._version import __version__

if TYPE_CHECKING:
    from amdahl import (
        aio as aio,
        errors as errors,
        page as page,
        resources as resources,
        responses as responses,
        results as results,
        types as types,
        webhooks as webhooks,
    )
    from amdahl._async.client import (
        AsyncAmdahlClient as AsyncAmdahlClient,
    )
    from amdahl._async.pager import (
        AsyncPager as AsyncPager,
    )
    from amdahl._async.session import (
        AsyncSession as AsyncSession,
        AsyncSessionResponse as AsyncSessionResponse,
    )
    from amdahl._async.streams import (
        AsyncAgentStream as AsyncAgentStream,
    )
    from amdahl._events import (
        AgentEvent as AgentEvent,
    )
    from amdahl._sync.client import (
        AmdahlClient as AmdahlClient,
    )
    from amdahl._sync.functions import (
        archive_page as archive_page,
        create_page as create_page,
        delete_webhook as delete_webhook,
        get_agent_status as get_agent_status,
        get_page as get_page,
        iter_pages as iter_pages,
        list_pages as list_pages,
        list_webhooks as list_webhooks,
        query_data as query_data,
        register_webhook as register_webhook,
        resume_agent as resume_agent,
        start_agent as start_agent,
        stream_agent as stream_agent,
        update_page as update_page,
        update_webhook as update_webhook,
        wait_for_agent as wait_for_agent,
        with_retry as with_retry,
    )
    from amdahl._sync.pager import (
        Pager as Pager,
    )
    from amdahl._sync.session import (
        Session as Session,
        SessionResponse as SessionResponse,
    )
    from amdahl._sync.streams import (
        AgentStream as AgentStream,
    )
    from amdahl.errors import (
        AgentCanceledError as AgentCanceledError,
        AgentFailedError as AgentFailedError,
        AgentInputRequiredError as AgentInputRequiredError,
        AgentRunError as AgentRunError,
        AmdahlError as AmdahlError,
        APIStatusError as APIStatusError,
        AuthenticationError as AuthenticationError,
        ClientClosedError as ClientClosedError,
        ConfigurationError as ConfigurationError,
        ConflictError as ConflictError,
        ConnectionFailedError as ConnectionFailedError,
        DecodeError as DecodeError,
        InvalidArgumentError as InvalidArgumentError,
        InvalidSpecError as InvalidSpecError,
        InvalidSqlError as InvalidSqlError,
        MissingExtraError as MissingExtraError,
        MisuseError as MisuseError,
        NotFoundError as NotFoundError,
        NotOnPublicApiError as NotOnPublicApiError,
        PaginationError as PaginationError,
        PermissionDeniedError as PermissionDeniedError,
        ProtocolError as ProtocolError,
        QueryTimeoutError as QueryTimeoutError,
        QuotaError as QuotaError,
        RateLimitError as RateLimitError,
        RedirectError as RedirectError,
        RequestTimeoutError as RequestTimeoutError,
        ResponseTooLargeError as ResponseTooLargeError,
        ServerError as ServerError,
        SignatureError as SignatureError,
        StreamError as StreamError,
        StreamIdleError as StreamIdleError,
        StreamLimitError as StreamLimitError,
        WaitTimeoutError as WaitTimeoutError,
    )
    from amdahl.responses import (
        ResponseInfo as ResponseInfo,
    )
    from amdahl.results import (
        QueryResult as QueryResult,
        TruncatedResultWarning as TruncatedResultWarning,
    )
    from amdahl.types import (
        TERMINAL as TERMINAL,
    )
    from amdahl.webhooks import (
        WebhookEvent as WebhookEvent,
        sign_webhook as sign_webhook,
        verify_webhook_signature as verify_webhook_signature,
    )

_HOME = {
    "AsyncAmdahlClient": "_async.client",
    "AsyncPager": "_async.pager",
    "AsyncAgentStream": "_async.streams",
    "AsyncSession": "_async.session",
    "AsyncSessionResponse": "_async.session",
    "AmdahlClient": "_sync.client",
    "Pager": "_sync.pager",
    "AgentStream": "_sync.streams",
    "Session": "_sync.session",
    "SessionResponse": "_sync.session",
    "archive_page": "_sync.functions",
    "create_page": "_sync.functions",
    "delete_webhook": "_sync.functions",
    "get_agent_status": "_sync.functions",
    "get_page": "_sync.functions",
    "iter_pages": "_sync.functions",
    "list_pages": "_sync.functions",
    "list_webhooks": "_sync.functions",
    "query_data": "_sync.functions",
    "register_webhook": "_sync.functions",
    "resume_agent": "_sync.functions",
    "start_agent": "_sync.functions",
    "stream_agent": "_sync.functions",
    "update_page": "_sync.functions",
    "update_webhook": "_sync.functions",
    "wait_for_agent": "_sync.functions",
    "with_retry": "_sync.functions",
    "AgentEvent": "_events",
    "APIStatusError": "errors",
    "AgentCanceledError": "errors",
    "AgentFailedError": "errors",
    "AgentInputRequiredError": "errors",
    "AgentRunError": "errors",
    "AmdahlError": "errors",
    "AuthenticationError": "errors",
    "ClientClosedError": "errors",
    "ConfigurationError": "errors",
    "ConflictError": "errors",
    "ConnectionFailedError": "errors",
    "DecodeError": "errors",
    "InvalidArgumentError": "errors",
    "InvalidSpecError": "errors",
    "InvalidSqlError": "errors",
    "MissingExtraError": "errors",
    "MisuseError": "errors",
    "NotFoundError": "errors",
    "NotOnPublicApiError": "errors",
    "PaginationError": "errors",
    "PermissionDeniedError": "errors",
    "ProtocolError": "errors",
    "QueryTimeoutError": "errors",
    "QuotaError": "errors",
    "RateLimitError": "errors",
    "RedirectError": "errors",
    "RequestTimeoutError": "errors",
    "ResponseTooLargeError": "errors",
    "ServerError": "errors",
    "SignatureError": "errors",
    "StreamError": "errors",
    "StreamIdleError": "errors",
    "StreamLimitError": "errors",
    "WaitTimeoutError": "errors",
    "ResponseInfo": "responses",
    "QueryResult": "results",
    "TruncatedResultWarning": "results",
    "TERMINAL": "types",
    "WebhookEvent": "webhooks",
    "sign_webhook": "webhooks",
    "verify_webhook_signature": "webhooks",
}

# Reachable as attributes after ``import amdahl`` alone.
_MODULES = frozenset(
    {"aio", "errors", "page", "resources", "responses", "results", "types", "webhooks"}
)

__all__ = [
    "TERMINAL",
    "APIStatusError",
    "AgentCanceledError",
    "AgentEvent",
    "AgentFailedError",
    "AgentInputRequiredError",
    "AgentRunError",
    "AgentStream",
    "AmdahlClient",
    "AmdahlError",
    "AsyncAgentStream",
    "AsyncAmdahlClient",
    "AsyncPager",
    "AsyncSession",
    "AsyncSessionResponse",
    "AuthenticationError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectionFailedError",
    "DecodeError",
    "InvalidArgumentError",
    "InvalidSpecError",
    "InvalidSqlError",
    "MissingExtraError",
    "MisuseError",
    "NotFoundError",
    "NotOnPublicApiError",
    "Pager",
    "PaginationError",
    "PermissionDeniedError",
    "ProtocolError",
    "QueryResult",
    "QueryTimeoutError",
    "QuotaError",
    "RateLimitError",
    "RedirectError",
    "RequestTimeoutError",
    "ResponseInfo",
    "ResponseTooLargeError",
    "ServerError",
    "Session",
    "SessionResponse",
    "SignatureError",
    "StreamError",
    "StreamIdleError",
    "StreamLimitError",
    "TruncatedResultWarning",
    "WaitTimeoutError",
    "WebhookEvent",
    "__version__",
    "archive_page",
    "create_page",
    "delete_webhook",
    "get_agent_status",
    "get_page",
    "iter_pages",
    "list_pages",
    "list_webhooks",
    "query_data",
    "register_webhook",
    "resume_agent",
    "sign_webhook",
    "start_agent",
    "stream_agent",
    "update_page",
    "update_webhook",
    "verify_webhook_signature",
    "wait_for_agent",
    "with_retry",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    if isinstance(value, (type, FunctionType)):
        # Tracebacks and reprs show the path by which people import it.
        value.__module__ = __name__
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})
