"""Client, worker and command line for the Zeridion Flare background-job service.

Everything public is here; what is used is imported when it is first asked for, so importing this
package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from zeridion_flare._version import __version__

if TYPE_CHECKING:
    from zeridion_flare._async.client import AsyncFlareClient as AsyncFlareClient
    from zeridion_flare._async.worker import AsyncFlareWorker as AsyncFlareWorker
    from zeridion_flare._sync.client import FlareClient as FlareClient
    from zeridion_flare._sync.worker import FlareWorker as FlareWorker
    from zeridion_flare.context import (
        CancellationToken as CancellationToken,
        JobCancelledError as JobCancelledError,
        JobContext as JobContext,
        PayloadError as PayloadError,
        PermanentError as PermanentError,
    )
    from zeridion_flare.cron import (
        CronError as CronError,
        check_cron as check_cron,
        check_timezone as check_timezone,
    )
    from zeridion_flare.errors import (
        AuthError as AuthError,
        ConflictError as ConflictError,
        FlareClosedError as FlareClosedError,
        FlareConfigurationError as FlareConfigurationError,
        FlareConnectionError as FlareConnectionError,
        FlareDecodeError as FlareDecodeError,
        FlareError as FlareError,
        FlareMisuseError as FlareMisuseError,
        FlarePagingError as FlarePagingError,
        FlareProtocolError as FlareProtocolError,
        FlareRedirectError as FlareRedirectError,
        FlareStatusError as FlareStatusError,
        FlareStreamError as FlareStreamError,
        FlareStreamIdleError as FlareStreamIdleError,
        FlareStreamLimitError as FlareStreamLimitError,
        FlareTimeoutError as FlareTimeoutError,
        ForbiddenError as ForbiddenError,
        InvalidRequestError as InvalidRequestError,
        NotFoundError as NotFoundError,
        QuotaError as QuotaError,
        QuotaRateLimitError as QuotaRateLimitError,
        RateLimitError as RateLimitError,
        ResponseTooLargeError as ResponseTooLargeError,
        ServerError as ServerError,
        WaitTimeoutError as WaitTimeoutError,
        WebhookVerificationError as WebhookVerificationError,
    )
    from zeridion_flare.handlers import (
        JobDefinition as JobDefinition,
        JobRegistry as JobRegistry,
    )
    from zeridion_flare.responses import Quota as Quota, ResponseInfo as ResponseInfo
    from zeridion_flare.webhooks import (
        WebhookVerifier as WebhookVerifier,
        sign_webhook as sign_webhook,
        verify_webhook as verify_webhook,
    )
    from zeridion_flare.worker import Health as Health, WorkerEvent as WorkerEvent

_HOME = {
    "AsyncFlareClient": "_async.client",
    "AsyncFlareWorker": "_async.worker",
    "FlareClient": "_sync.client",
    "FlareWorker": "_sync.worker",
    "CancellationToken": "context",
    "JobCancelledError": "context",
    "JobContext": "context",
    "PayloadError": "context",
    "PermanentError": "context",
    "CronError": "cron",
    "check_cron": "cron",
    "check_timezone": "cron",
    "AuthError": "errors",
    "ConflictError": "errors",
    "FlareClosedError": "errors",
    "FlareConfigurationError": "errors",
    "FlareConnectionError": "errors",
    "FlareDecodeError": "errors",
    "FlareError": "errors",
    "FlareMisuseError": "errors",
    "FlarePagingError": "errors",
    "FlareProtocolError": "errors",
    "FlareRedirectError": "errors",
    "FlareStatusError": "errors",
    "FlareStreamError": "errors",
    "FlareStreamIdleError": "errors",
    "FlareStreamLimitError": "errors",
    "FlareTimeoutError": "errors",
    "ForbiddenError": "errors",
    "InvalidRequestError": "errors",
    "NotFoundError": "errors",
    "QuotaError": "errors",
    "QuotaRateLimitError": "errors",
    "RateLimitError": "errors",
    "ResponseTooLargeError": "errors",
    "ServerError": "errors",
    "WaitTimeoutError": "errors",
    "WebhookVerificationError": "errors",
    "JobDefinition": "handlers",
    "JobRegistry": "handlers",
    "Quota": "responses",
    "ResponseInfo": "responses",
    "WebhookVerifier": "webhooks",
    "sign_webhook": "webhooks",
    "verify_webhook": "webhooks",
    "Health": "worker",
    "WorkerEvent": "worker",
}

__all__ = [
    "AsyncFlareClient",
    "AsyncFlareWorker",
    "AuthError",
    "CancellationToken",
    "ConflictError",
    "CronError",
    "FlareClient",
    "FlareClosedError",
    "FlareConfigurationError",
    "FlareConnectionError",
    "FlareDecodeError",
    "FlareError",
    "FlareMisuseError",
    "FlarePagingError",
    "FlareProtocolError",
    "FlareRedirectError",
    "FlareStatusError",
    "FlareStreamError",
    "FlareStreamIdleError",
    "FlareStreamLimitError",
    "FlareTimeoutError",
    "FlareWorker",
    "ForbiddenError",
    "Health",
    "InvalidRequestError",
    "JobCancelledError",
    "JobContext",
    "JobDefinition",
    "JobRegistry",
    "NotFoundError",
    "PayloadError",
    "PermanentError",
    "Quota",
    "QuotaError",
    "QuotaRateLimitError",
    "RateLimitError",
    "ResponseInfo",
    "ResponseTooLargeError",
    "ServerError",
    "WaitTimeoutError",
    "WebhookVerificationError",
    "WebhookVerifier",
    "WorkerEvent",
    "__version__",
    "check_cron",
    "check_timezone",
    "sign_webhook",
    "verify_webhook",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    # Tracebacks and reprs show the path by which people import it.
    value.__module__ = __name__
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
