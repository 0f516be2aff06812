"""Handlers in every shape, and the registry that knows them."""

from __future__ import annotations

import functools
import inspect
import types
from dataclasses import dataclass
from typing import Any

import pytest

from zeridion_flare import FlareConfigurationError, JobContext, JobRegistry
from zeridion_flare._invocation import make_context
from zeridion_flare._worker_core.claims import Claim
from zeridion_flare.context import CancellationToken, PermanentError


@dataclass
class Mail:
    to: str


def context(payload: Any = None) -> JobContext:
    return make_context(
        Claim("job_1", "T", payload=payload), CancellationToken(), lambda value: None
    )


PAYLOAD = {"p": 1}


def call(handler: Any, payload: Any = None, *, cron: str | None = None) -> Any:
    jobs = JobRegistry()
    jobs.add("T", handler, cron=cron)
    definition = jobs.get("T")
    assert definition is not None
    ctx = context(payload)
    result = definition.call(payload, ctx)
    if inspect.iscoroutine(result):
        result.close()
        return "coroutine"
    return tuple("ctx" if value is ctx else value for value in result)


class Executor:
    def execute(self, payload: Any, ctx: JobContext) -> tuple[Any, ...]:
        return (payload, ctx)


class Callable_:
    def __call__(self, payload: Mail) -> tuple[Any, ...]:
        return (payload,)


class Methods:
    def one(self, payload: Any) -> tuple[Any, ...]:
        return (payload,)

    @staticmethod
    def two(payload: Any, ctx: Any) -> tuple[Any, ...]:
        return (payload, ctx)


def typed(mail: Mail, ctx: JobContext) -> tuple[Any, ...]:
    return (mail, ctx)


def context_by_annotation(thing: JobContext) -> tuple[Any, ...]:
    return (thing,)


def payload_by_annotation(thing: dict[str, Any]) -> tuple[Any, ...]:
    return (thing,)


def with_dependency(payload: Any, database: str = "db") -> tuple[Any, ...]:
    return (payload, database)


def optional_context(payload: Any, ctx: Any = None) -> tuple[Any, ...]:
    return (payload, ctx)


def unresolvable(payload: Nowhere) -> tuple[Any, ...]:  # type: ignore[name-defined]  # noqa: F821
    return (payload,)


module = types.ModuleType("jobs.send")
module.execute = lambda payload: (payload,)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (lambda: (), ()),
        (lambda payload: (payload,), (PAYLOAD,)),
        (lambda data: (data,), (PAYLOAD,)),
        (lambda ctx: (ctx,), ("ctx",)),
        (lambda payload, ctx: (payload, ctx), (PAYLOAD, "ctx")),
        (lambda a, b: (a, b), (PAYLOAD, "ctx")),
        (context_by_annotation, ("ctx",)),
        (with_dependency, (PAYLOAD, "db")),
        (optional_context, (PAYLOAD, "ctx")),
        (unresolvable, (PAYLOAD,)),
        (Executor(), (PAYLOAD, "ctx")),
        (Executor, (PAYLOAD, "ctx")),
        (module, (PAYLOAD,)),
        (Methods().one, (PAYLOAD,)),
        (Methods.two, (PAYLOAD, "ctx")),
        (functools.partial(lambda x, payload: (x, payload), 1), (1, PAYLOAD)),
    ],
)
def test_job_handlers_get_what_they_ask_for(handler: Any, expected: tuple[Any, ...]) -> None:
    assert call(handler, PAYLOAD) == expected


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (lambda: (), ()),
        (lambda ctx: (ctx,), ("ctx",)),
        (lambda anything: (anything,), ("ctx",)),
        (lambda payload: (payload,), (PAYLOAD,)),
        (payload_by_annotation, (PAYLOAD,)),
        (lambda payload, ctx: (payload, ctx), (PAYLOAD, "ctx")),
    ],
)
def test_recurring_handlers_get_what_they_ask_for(handler: Any, expected: tuple[Any, ...]) -> None:
    assert call(handler, PAYLOAD, cron="* * * * *") == expected


def test_payload_becomes_the_annotated_type() -> None:
    assert call(typed, {"to": "a@b.c", "new": 1}) == (Mail("a@b.c"), "ctx")
    assert call(Callable_(), {"to": "x"}) == (Mail("x"),)


def test_w25_missing_field_is_a_permanent_error() -> None:
    with pytest.raises(PermanentError, match=r"payload\.to is missing"):
        call(typed, {})


def test_class_with_execute_is_made_anew_for_every_execution() -> None:
    made: list[Any] = []

    class Fresh:
        def __init__(self) -> None:
            made.append(self)

        def execute(self, payload: Any) -> tuple[Any, ...]:
            return (payload,)

    jobs = JobRegistry()
    jobs.add("T", Fresh)
    definition = jobs.get("T")
    assert definition is not None
    definition.call(1, context())
    definition.call(2, context())
    assert len(made) == 2


async def _async_function(payload: Any) -> None: ...


class _AsyncExecutor:
    async def execute(self, payload: Any) -> None: ...


class _AsyncCallable:
    async def __call__(self, payload: Any) -> None: ...


@pytest.mark.parametrize(
    "handler",
    [
        _async_function,
        _AsyncExecutor,
        _AsyncExecutor(),
        _AsyncCallable(),
        functools.partial(_async_function),
    ],
)
def test_w6_async_handlers_are_known_as_such(handler: Any) -> None:
    jobs = JobRegistry()
    jobs.add("T", handler)
    definition = jobs.get("T")
    assert definition is not None
    assert definition.is_async
    assert call(handler) == "coroutine"


@pytest.mark.parametrize(
    "handler",
    [
        lambda a, b, c: None,
        lambda payload, *, needed: None,
        "no function",
        type("NoExecute", (), {}),
        object(),
    ],
)
def test_handlers_that_nobody_can_call_are_refused(handler: Any) -> None:
    with pytest.raises(FlareConfigurationError):
        JobRegistry().add("T", handler)


def test_decorators_return_the_handler_unchanged() -> None:
    jobs = JobRegistry()

    def handler(payload: Any) -> None: ...

    assert jobs.job("T")(handler) is handler
    assert jobs.recurring("R", cron="0 3 * * *")(handler) is handler
    assert [d.job_type for d in jobs.definitions()] == ["T", "R"]
    assert len(jobs) == 2
    assert jobs.get("X") is None


def test_decorator_without_a_name_says_what_to_write() -> None:
    with pytest.raises(FlareConfigurationError, match="name the job type"):

        @JobRegistry().job  # type: ignore[arg-type]
        def handler(payload: Any) -> None: ...


@pytest.mark.parametrize(
    "options",
    [
        {"job_type": ""},
        {"job_type": "x" * 501},
        {"queue": " "},
        {"queue": "q" * 101},
        {"max_attempts": 0},
        {"max_attempts": 101},
        {"timeout": 0},
        {"timeout": 86_401},
        {"cron": "nonsense"},
        {"cron": "* * * * *", "timezone": "Nowhere"},
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    arguments = {"job_type": "T", **options}
    with pytest.raises(ValueError, match=r"."):
        JobRegistry().add(handler=lambda: None, **arguments)


def test_job_type_is_registered_once() -> None:
    jobs, other = JobRegistry(), JobRegistry()
    jobs.add("T", lambda: None)
    other.add("U", lambda: None)
    other.add("T", lambda: None)
    with pytest.raises(FlareConfigurationError, match="has a handler already"):
        jobs.add("T", lambda: None)
    with pytest.raises(FlareConfigurationError, match="has a handler already"):
        jobs.include(other)
    assert len(jobs) == 1  # nothing was taken over by halves


def test_queues_are_those_of_the_handlers_each_once() -> None:
    jobs = JobRegistry()
    for job_type, queue in (("A", "x"), ("B", "y"), ("C", "x")):
        jobs.add(job_type, lambda: None, queue=queue)
    assert jobs.queues() == ("x", "y")


def test_schedule_is_announced_without_what_was_not_said() -> None:
    jobs = JobRegistry()
    jobs.add("R", lambda: None, cron="0 3 * * *", timeout=0.5, max_attempts=2, timezone="UTC")
    (definition,) = jobs.definitions()
    assert definition.is_recurring
    assert definition.schedule() == {
        "job_type": "R",
        "cron_expression": "0 3 * * *",
        "queue": "default",
        "timezone": "UTC",
        "max_attempts": 2,
        "timeout_seconds": 1,
    }
