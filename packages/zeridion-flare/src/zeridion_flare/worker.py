"""The worker's names in one place, as in ``from zeridion_flare.worker import FlareWorker``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zeridion_flare._worker_core.core import Health
from zeridion_flare._worker_core.events import EVENT_NAMES, WorkerEvent
from zeridion_flare._worker_core.outcome import ErrorReport
from zeridion_flare.context import CancellationToken, JobCancelledError, JobContext, PermanentError
from zeridion_flare.handlers import JobDefinition, JobRegistry

if TYPE_CHECKING:
    from zeridion_flare._async.worker import AsyncFlareWorker as AsyncFlareWorker
    from zeridion_flare._sync.worker import FlareWorker as FlareWorker

__all__ = [
    "EVENT_NAMES",
    "AsyncFlareWorker",
    "CancellationToken",
    "ErrorReport",
    "FlareWorker",
    "Health",
    "JobCancelledError",
    "JobContext",
    "JobDefinition",
    "JobRegistry",
    "PermanentError",
    "WorkerEvent",
]


def __getattr__(name: str) -> Any:
    # The two worlds are imported when asked for: a threaded worker needs no asyncio.
    if name == "FlareWorker":
        from zeridion_flare._sync.worker import FlareWorker

        return FlareWorker
    if name == "AsyncFlareWorker":
        from zeridion_flare._async.worker import AsyncFlareWorker

        return AsyncFlareWorker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
