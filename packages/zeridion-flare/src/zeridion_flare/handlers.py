"""Which function runs which job type, and how it wants to be called.

A handler is a function, an object with an ``execute`` method, a class with one (a fresh instance
for every execution), or a module with an ``execute`` function. All may be async. Its parameters
decide what it is given:

===================  ================================================================
a job                ``()``, ``(payload)``, ``(ctx)`` if so annotated or named, ``(payload, ctx)``
a recurring job      ``()``, ``(ctx)``, ``(payload)`` if so annotated or named, ``(payload, ctx)``
===================  ================================================================

The annotation of the payload decides its type; see ``_hydration.py``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from zeridion_flare._hydration import hydrate
from zeridion_flare.context import JobContext
from zeridion_flare.cron import check_cron, check_timezone
from zeridion_flare.errors import FlareConfigurationError

__all__ = ["JobDefinition", "JobRegistry"]

H = TypeVar("H")

_CONTEXT_NAMES = frozenset({"ctx", "context", "_ctx", "_context", "_"})
_PAYLOAD_NAMES = frozenset({"payload", "_payload"})
MAX_JOB_TYPE = 500
MAX_QUEUE = 100


@dataclass(frozen=True, slots=True)
class JobDefinition:
    """One job type: its handler, how to call it, and its options."""

    job_type: str
    handler: Any
    """As it was registered."""
    call: Callable[[Any, JobContext], Any]
    """Calls the handler with its hydrated payload; returns a coroutine if ``is_async``."""
    is_async: bool
    queue: str = "default"
    max_attempts: int | None = None
    """Attempts after which a failure is final, if fewer than the job allows; for a recurring job
    the number sent with its schedule."""
    timeout: float | None = None
    """Seconds an attempt may take here, if less than the job allows; for a recurring job the
    number sent with its schedule."""
    cron: str | None = None
    timezone: str | None = None

    @property
    def is_recurring(self) -> bool:
        """Whether the service enqueues it by a schedule."""
        return self.cron is not None

    def schedule(self) -> dict[str, Any]:
        """Return the schedule as a worker announces it."""
        fields = {
            "job_type": self.job_type,
            "cron_expression": self.cron,
            "queue": self.queue,
            "timezone": self.timezone,
            "max_attempts": self.max_attempts,
            "timeout_seconds": None if self.timeout is None else max(1, int(self.timeout)),
        }
        return {name: value for name, value in fields.items() if value is not None}


class JobRegistry:
    """Handlers by job type. A worker is one; make one yourself to share handlers between workers.

    Example::

        jobs = JobRegistry()


        @jobs.job("SendWelcomeEmail", queue="email")
        def send_welcome(payload: dict, ctx: JobContext) -> None: ...
    """

    def __init__(self) -> None:
        self._definitions: dict[str, JobDefinition] = {}

    def job(
        self,
        job_type: str,
        *,
        queue: str = "default",
        max_attempts: int | None = None,
        timeout: float | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler for a job type and return it unchanged.

        Args:
            job_type: The name on the wire, 1 to 500 characters. It is never derived from the
                function's name, so that renaming a function loses no jobs.
            queue: The queue to poll for it.
            max_attempts: A failure of this attempt, 1 or more, is final, even if the job allows
                more. The service's own limit always holds.
            timeout: Seconds one attempt may take here, even if the job allows more.

        Raises:
            FlareConfigurationError: The type is taken, an option is out of its range, or the
                handler takes parameters that nobody will pass.
        """
        if callable(job_type):
            raise FlareConfigurationError('name the job type: @worker.job("SendWelcomeEmail")')

        def decorate(handler: H) -> H:
            self.add(job_type, handler, queue=queue, max_attempts=max_attempts, timeout=timeout)
            return handler

        return decorate

    def recurring(
        self,
        job_type: str,
        *,
        cron: str,
        queue: str = "default",
        timezone: str | None = None,
        max_attempts: int | None = None,
        timeout: float | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler for a job that the service enqueues by a schedule.

        Args:
            job_type: The name on the wire; the schedule's id is ``rjob_`` and this name.
            cron: Five fields from minutes up, or six with seconds in front.
            queue: The queue to run it in.
            timezone: IANA name in which the expression is meant; UTC without it.
            max_attempts: Of each run.
            timeout: Seconds of each attempt.

        Raises:
            CronError: The expression or the time zone is wrong.
            FlareConfigurationError: The type is taken, an option is out of its range, or the
                handler takes parameters that nobody will pass.
        """

        def decorate(handler: H) -> H:
            self.add(
                job_type,
                handler,
                queue=queue,
                max_attempts=max_attempts,
                timeout=timeout,
                cron=cron,
                timezone=timezone,
            )
            return handler

        return decorate

    def add(
        self,
        job_type: str,
        handler: Any,
        *,
        queue: str = "default",
        max_attempts: int | None = None,
        timeout: float | None = None,
        cron: str | None = None,
        timezone: str | None = None,
    ) -> None:
        """Register a handler without a decorator; see :meth:`job` and :meth:`recurring`."""
        _check_options(job_type, queue, max_attempts, timeout)
        if cron is not None:
            check_cron(cron)
        if timezone is not None:
            check_timezone(timezone)
        if job_type in self._definitions:
            raise FlareConfigurationError(f"the job type {job_type!r} has a handler already")
        call, is_async = _plan_call(job_type, handler, recurring=cron is not None)
        self._definitions[job_type] = JobDefinition(
            job_type, handler, call, is_async, queue, max_attempts, timeout, cron, timezone
        )

    def include(self, other: JobRegistry) -> None:
        """Take over the handlers of another registry.

        Raises:
            FlareConfigurationError: A type has a handler in both.
        """
        for definition in other.definitions():
            if definition.job_type in self._definitions:
                raise FlareConfigurationError(
                    f"the job type {definition.job_type!r} has a handler already"
                )
        self._definitions.update({d.job_type: d for d in other.definitions()})

    def get(self, job_type: str) -> JobDefinition | None:
        """Return the definition of a job type, ``None`` if it has no handler."""
        return self._definitions.get(job_type)

    def definitions(self) -> list[JobDefinition]:
        """Return all definitions in the order of their registration."""
        return list(self._definitions.values())

    def queues(self) -> tuple[str, ...]:
        """Return the queues of all handlers, each once."""
        return tuple(dict.fromkeys(d.queue for d in self._definitions.values()))

    def __len__(self) -> int:
        return len(self._definitions)


def _check_options(
    job_type: str, queue: str, max_attempts: int | None, timeout: float | None
) -> None:
    if not isinstance(job_type, str) or not 1 <= len(job_type) <= MAX_JOB_TYPE:
        raise FlareConfigurationError(f"a job type is a string of 1 to {MAX_JOB_TYPE} characters")
    if not isinstance(queue, str) or not 1 <= len(queue.strip()) <= MAX_QUEUE:
        raise FlareConfigurationError(f"a queue is a string of 1 to {MAX_QUEUE} characters")
    if max_attempts is not None and not 1 <= max_attempts <= 100:
        raise FlareConfigurationError("max_attempts must be 1 to 100")
    if timeout is not None and not 0 < timeout <= 86_400:
        raise FlareConfigurationError("timeout must be more than 0 and at most 86,400 seconds")


def _plan_call(
    job_type: str, handler: Any, *, recurring: bool
) -> tuple[Callable[[Any, JobContext], Any], bool]:
    """Return how to call a handler, and whether that gives a coroutine."""
    if isinstance(handler, type):
        method = _execute_of(job_type, handler)
        # The class's function has a ``self`` in front that its instances have not.
        arguments, target = _arguments(job_type, method, recurring, skip_first=True)

        def call_fresh(payload: Any, ctx: JobContext) -> Any:
            instance: Any = handler()
            return instance.execute(*_pick(arguments, hydrate(payload, target), ctx))

        return call_fresh, _is_async(method)
    function = handler
    if not inspect.isroutine(handler) and not isinstance(handler, functools.partial):
        function = _execute_of(job_type, handler) if hasattr(handler, "execute") else handler
    if not callable(function):
        raise FlareConfigurationError(f"the handler of {job_type!r} cannot be called")
    arguments, target = _arguments(job_type, function, recurring, skip_first=False)

    def call(payload: Any, ctx: JobContext) -> Any:
        return function(*_pick(arguments, hydrate(payload, target), ctx))

    return call, _is_async(function)


def _execute_of(job_type: str, handler: Any) -> Callable[..., Any]:
    method = getattr(handler, "execute", None)
    if not callable(method):
        raise FlareConfigurationError(f"the handler of {job_type!r} has no execute method")
    return method  # type: ignore[no-any-return]


def _arguments(
    job_type: str, function: Callable[..., Any], recurring: bool, *, skip_first: bool
) -> tuple[tuple[str, ...], Any]:
    """Return which of ``payload`` and ``ctx`` a handler takes, in order, and the payload's type."""
    positional = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    required = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.kind is p.KEYWORD_ONLY and p.default is p.empty
    ]
    parameters = positional[1:] if skip_first else positional
    needed = [p for p in parameters if p.default is p.empty]
    # A parameter with a default is the handler's own affair, such as an injected dependency,
    # unless it is the well-known second one.
    taken = [p for p in parameters[:2] if p.default is p.empty or p.name in _CONTEXT_NAMES]
    if required or len(needed) > 2 or needed != parameters[: len(needed)]:
        raise FlareConfigurationError(
            f"the handler of {job_type!r} must take (), (payload), (ctx) or (payload, ctx)"
        )
    hints = _hints(function)
    if len(taken) == 2:
        return ("payload", "ctx"), _payload_type(hints, taken[0])
    if len(taken) == 1:
        if _wants_context(taken[0], hints, recurring):
            return ("ctx",), None
        return ("payload",), _payload_type(hints, taken[0])
    return (), None


def _wants_context(parameter: inspect.Parameter, hints: dict[str, Any], recurring: bool) -> bool:
    annotation = hints.get(parameter.name, parameter.annotation)
    if annotation is JobContext or annotation == "JobContext":
        return True
    if annotation is parameter.empty:
        if parameter.name in _PAYLOAD_NAMES:
            return False
        return recurring or parameter.name in _CONTEXT_NAMES
    return False


def _payload_type(hints: dict[str, Any], parameter: inspect.Parameter) -> Any:
    return hints.get(parameter.name)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    inner = _innermost(function)
    try:
        return get_type_hints(inner)
    except (NameError, TypeError, AttributeError):
        # A name that exists for type checkers only: the payload is passed as it came.
        return {}


def _is_async(function: Callable[..., Any]) -> bool:
    """Tell where to begin the call; an awaitable that comes back is awaited in any case."""
    return inspect.iscoroutinefunction(_innermost(function))


def _innermost(function: Callable[..., Any]) -> Any:
    """Return what carries the annotations: the function of a partial, the method of an object."""
    while isinstance(function, functools.partial):
        function = function.func
    return function if inspect.isroutine(function) else type(function).__call__


def _pick(arguments: tuple[str, ...], payload: Any, ctx: JobContext) -> tuple[Any, ...]:
    if arguments == ("payload", "ctx"):
        return (payload, ctx)
    if arguments == ("payload",):
        return (payload,)
    return (ctx,) if arguments else ()
