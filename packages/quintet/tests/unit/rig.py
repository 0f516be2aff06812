"""A call without a network: scripted answers, a fake clock, the driver played by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from quintet import ApiClient, Backoff, ClientOptions, Operation, RetryClass, RetryPolicy, Service
from quintet.core.budget import RetryBudget
from quintet.core.call import AttemptReport, CallContext, Plan
from quintet.core.effects import Close, Emit, Program, Read, Send, Sleep
from quintet.core.headers import Headers
from quintet.core.redirect import RedirectPolicy
from quintet.core.request import Request
from quintet.testing import FakeClock, Reply, ScriptedTransport

BASE = "https://api.example/v1"
GET = Operation("things.get", "GET", "/thing", RetryClass.SAFE)
PUT = Operation("things.put", "PUT", "/thing", RetryClass.IDEMPOTENT)
KEYED = Operation("things.create", "POST", "/thing", RetryClass.KEYED)
POST = Operation("things.act", "POST", "/thing", RetryClass.NEVER)
STATUSES = frozenset({429, 500, 503})
PLAIN = Service(name="unit", user_agent="unit/1")


def policy(**changes: Any) -> RetryPolicy:
    options: dict[str, Any] = {"statuses": STATUSES, "backoff": Backoff(1.0, 8.0), **changes}
    return RetryPolicy(**options)


class Bench:
    """A blocking client on a script.

    Attributes:
        seen: Every attempt that was reported.
    """

    def __init__(
        self,
        *script: Any,
        service: Service = PLAIN,
        max_retries: int = 3,
        retry: RetryPolicy | None = None,
        clock: FakeClock | None = None,
        credentials: Iterable[tuple[str, str]] = (("Authorization", "Bearer k"),),
        **options: Any,
    ) -> None:
        self.clock = clock or FakeClock(randoms=[0.5])
        self.transport = ScriptedTransport(script)
        self.seen: list[Any] = []
        pairs = tuple(credentials)
        self.client = ApiClient(
            service,
            ClientOptions(
                base_url=BASE,
                retry=retry or policy(max_retries=max_retries),
                hooks=(self.seen.append,),
                **options,
            ),
            lambda: pairs,
            transport=self.transport,
            clock=self.clock,
        )

    def call(self, operation: Operation = GET, **options: Any) -> Any:
        return self.client.request(operation, **options)

    @property
    def sleeps(self) -> list[float]:
        return self.clock.sleeps

    def keys(self) -> list[str | None]:
        return [
            Headers(request.headers).get("idempotency-key") for request in self.transport.requests
        ]


@dataclass
class FakeExchange:
    status: int = 200
    headers: Headers = field(default_factory=Headers)
    http_version: str = "HTTP/1.1"


@dataclass
class Played:
    """What a program asked for, and what came of it."""

    sends: list[Send] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)
    closed: int = 0
    emitted: list[Any] = field(default_factory=list)
    result: Any = None


def play(
    program: Program[Any],
    answers: Iterable[Reply | Exception],
    clock: FakeClock,
    taking: float = 0.0,
) -> Played:
    """Play the driver: answer each Send from ``answers``; each step takes ``taking`` seconds."""
    played = Played()
    script = iter(answers)
    chunks: list[Any] = []
    answer: Any = None
    try:
        effect = next(program)
        while True:
            answer = None
            failure: Exception | None = None
            clock.advance(taking)
            if isinstance(effect, Send):
                played.sends.append(effect)
                step = next(script)
                if isinstance(step, Exception):
                    failure = step
                else:
                    chunks = list(step.chunks)
                    answer = FakeExchange(step.status, Headers(step.headers))
            elif isinstance(effect, Read):
                played.reads.append(effect)
                answer = chunks.pop(0) if chunks else b""
                if isinstance(answer, Exception):
                    failure = answer
            elif isinstance(effect, Sleep):
                played.sleeps.append(effect.seconds)
                clock.advance(effect.seconds)
            elif isinstance(effect, Close):
                played.closed += 1
            elif isinstance(effect, Emit):
                played.emitted.append(effect.value)
            effect = program.send(answer) if failure is None else program.throw(failure)
    except StopIteration as stop:
        played.result = stop.value
    return played


def plan(
    operation: Operation = GET,
    *,
    timeout: float | None = 30.0,
    deadline: float | None = None,
    limit: int | None = 1000,
    key: str | None = None,
    body: Any = None,
    retry: RetryPolicy | None = None,
    reports: list[AttemptReport] | None = None,
) -> Plan:
    return Plan(
        operation,
        Request(operation.method, BASE + operation.path, (), body),
        retry or policy(),
        timeout,
        deadline,
        limit,
        key,
        None if reports is None else reports.append,
    )


def context(clock: FakeClock, service: Service = PLAIN, **options: Any) -> CallContext:
    return CallContext(service, clock, RetryBudget(), RedirectPolicy(), **options)
