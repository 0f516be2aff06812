"""Calling a handler so that nothing it does escapes: not even ``SystemExit``."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from zeridion_flare._worker_core.claims import Claim
from zeridion_flare._worker_core.outcome import Ending, ErrorReport, cut_report
from zeridion_flare.context import (
    CancellationToken,
    JobCancelledError,
    JobContext,
    PermanentError,
    job_logger,
)
from zeridion_flare.handlers import JobDefinition
from zeridion_flare.timestamps import parse_timestamp

Around = Callable[[JobContext], AbstractContextManager[Any]]
Redact = Callable[[ErrorReport], ErrorReport]

_OWN_FOLDER = str(Path(__file__).parent)


class UnknownJobTypeError(Exception):
    """A job arrived for which this worker has no handler; another one may have."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One handler about to be called."""

    definition: JobDefinition | None
    context: JobContext
    around: Sequence[Around] = ()
    redact: Redact | None = None

    @property
    def is_async(self) -> bool:
        """Whether the call has to begin on an event loop."""
        return self.definition is not None and self.definition.is_async

    def call(self) -> Ending | Awaitable[Any]:
        """Call the handler here and now; an awaitable that it returns is the caller's to await."""
        try:
            with ExitStack() as stack:
                for enter in self.around:
                    stack.enter_context(enter(self.context))
                result = self._handle()
        except BaseException as error:  # noqa: BLE001 - a handler may raise anything; all of it is a failure
            return self._raised(error)
        return result if inspect.isawaitable(result) else self._returned()

    async def call_async(self) -> Ending:
        """Call an async handler on the running loop and see it through."""
        try:
            with ExitStack() as stack:
                for enter in self.around:
                    stack.enter_context(enter(self.context))
                result = self._handle()
                if inspect.isawaitable(result):
                    await result
        except BaseException as error:  # noqa: BLE001 - see above; a task would end its loop on SystemExit
            return self._raised(error)
        return self._returned()

    async def see_through(self, pending: Awaitable[Any]) -> Ending:
        """Await what a blocking handler returned."""
        try:
            await pending
        except BaseException as error:  # noqa: BLE001 - see above
            return self._raised(error)
        return self._returned()

    def _handle(self) -> Any:
        if self.definition is None:
            raise UnknownJobTypeError(f"no handler for the job type {self.context.job_type!r}")
        return self.definition.call(self.context.payload, self.context)

    def _returned(self) -> Ending:
        return Ending(saw_token=self.context.cancellation.was_seen)

    def _raised(self, error: BaseException) -> Ending:
        report = report_error(error)
        token = self.context.cancellation
        return Ending(
            error=report if self.redact is None else _redacted(self.redact, report),
            permanent=isinstance(error, PermanentError),
            obeyed=token.reason is not None and _is_cancellation(error),
            saw_token=token.was_seen,
        )


def make_context(
    claim: Claim, token: CancellationToken, report: Callable[[float], object]
) -> JobContext:
    """Return the context of a claimed job."""
    return JobContext(
        job_id=claim.job_id,
        job_type=claim.job_type,
        attempt=claim.attempt,
        max_attempts=claim.max_attempts,
        enqueued_at=parse_timestamp(claim.enqueued_at),
        payload=claim.payload,
        logger=job_logger(claim.job_id, claim.job_type, claim.attempt),
        cancellation=token,
        tags=claim.tags,
        traceparent=claim.traceparent,
        _report=report,
    )


def report_error(error: BaseException) -> ErrorReport:
    """Return the raised exception with its whole chain, without the worker's own frames."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    trace = _beyond_own_frames(error.__traceback__)
    lines = traceback.format_exception(kind, error.with_traceback(trace), trace)
    return cut_report(name, _text(error), "".join(lines))


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception whose text fails still has to be reported
        return f"<{type(error).__name__} without readable text>"


def _beyond_own_frames(trace: TracebackType | None) -> TracebackType | None:
    inner = trace
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
        inner = inner.tb_next
    return inner or trace


def _redacted(redact: Redact, report: ErrorReport) -> ErrorReport:
    try:
        changed = redact(report)
        return cut_report(changed.type, changed.message, changed.stack_trace)
    except Exception:  # noqa: BLE001 - what was to be hidden must not go out because hiding failed
        return ErrorReport(report.type, "the error could not be redacted")


def _is_cancellation(error: BaseException) -> bool:
    if isinstance(error, JobCancelledError):
        return True
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)
