"""A scenario is data: what the peer does, what is asked of the runtime, and what must come of it.

A peer plays a script of steps on each request it has read.  Bytes are sent as they are; the rest
is said by :class:`Do` and :class:`Drip`.  When a script is at its end without having closed the
connection, the next request on it is waited for.

Every scenario is called twice in turn by the same client, unless it says otherwise: the second
call shows what the first one did to the connection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Union

__all__ = [
    "SAME",
    "Answer",
    "Ask",
    "Do",
    "Drip",
    "Failure",
    "Observed",
    "Outcome",
    "Raw",
    "Scenario",
    "Script",
    "Step",
    "is_silent",
    "shown",
]

_SHOWN_BYTES = 60
_LIMITS = frozenset({"timeout", "deadline"})


class Do(Enum):
    """What a peer can do besides sending.

    A script whose first step is ``HEAD_ONLY`` is played when the head of the request is there;
    any other waits for its body.
    """

    HEAD_ONLY = "play before the body of the request was read"
    BODY = "read the body of the request"
    BYTES = "wait for any bytes"
    ANSWERED = "wait until the caller has what came of the call"
    CLOSE = "close the connection (FIN)"
    RESET = "break the connection off (RST)"
    SHUT = "end the own direction (FIN), go on listening"
    HOLD = "say nothing until the client goes away"
    DRAIN = "say nothing more, but take what comes"
    FREEZE = "take nothing and say nothing more"
    TLS = "speak TLS from here on"
    NOTIFY = "end TLS in order (close_notify)"


@dataclass(frozen=True)
class Drip:
    """Send byte after byte with a pause between them."""

    data: bytes
    pause: float = 0.02


@dataclass(frozen=True)
class Raw:
    """Send bytes beside TLS, on the bare socket."""

    data: bytes


Step = Union[bytes, Do, Drip, Raw]
Script = tuple[Step, ...]


def is_silent(step: Step) -> bool:
    """Tell whether a step pauses, or says nothing more."""
    return bool(step.pause) if isinstance(step, Drip) else step in (Do.HOLD, Do.DRAIN, Do.FREEZE)


def shown(data: bytes) -> str:
    """Return bytes as a comparison shows them: short ones whole, long ones by size and digest."""
    if len(data) <= _SHOWN_BYTES:
        return data.decode("latin-1")
    return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:16]}"


@dataclass(frozen=True)
class Answer:
    """A complete answer, as the caller of the runtime gets it.

    Attributes:
        headers: Names in lower case; None stands for the lines that the peer sent last.
        refused: It came as a ``StatusError``.
    """

    status: int = 200
    body: str = ""
    headers: tuple[tuple[str, str], ...] | None = None
    version: str = "HTTP/1.1"
    attempts: int = 1
    refused: bool = False


@dataclass(frozen=True)
class Failure:
    """An error of the runtime, and all of it that a program may decide by."""

    kind: str
    phase: str = ""
    progress: int | None = None
    repeatable: bool | None = None
    bound: str = ""
    attempts: int = 1


Outcome = Union[Answer, Failure]
SAME = Answer(status=0, body="as in the first call")
"""Stands for the outcome of the first call."""


@dataclass(frozen=True)
class Observed:
    """What came of a scenario: both calls, and what the peer saw.

    Attributes:
        requests: As the peer read them, if the scenario looks at them.
        silence: How long the peer had been silent when the first call ended; None: it was not.
    """

    first: Outcome
    then: Outcome | None
    connections: int
    requests: tuple[str, ...] | None = None
    silence: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Ask:
    """A call of the runtime.

    Attributes:
        body: Makes the body anew for each call; None for none.
        any_status: Whether every status counts as success, so that an answer is seen as it is.
        operation: ``"safe"``, ``"idempotent"`` or ``"never"``: whether it may be repeated.
        arguments: Further arguments of ``request``.
    """

    method: str = "GET"
    body: Callable[[], Any] | None = None
    any_status: bool = True
    operation: str = "safe"
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    Attributes:
        name: Unique, with its group in front.
        turns: What the peer plays on its n-th request; the last one on all that follow.
        first: What must come of the first call, of the default engine.
        then: The same of the second call.
        connections: How many the peer has then seen; by default one if the first call succeeded.
        ask: What is called.
        calls: How often.
        greet: What the peer plays on its n-th connection before it reads; last repeats.
        options: Further options of the client.
        looks: Headers of the requests to look at; None: the requests are not looked at.
        requests: What must be seen then.
        elsewhere: What a second peer plays, if there is to be one.
        environment: Variables to set; ``@HERE@`` and ``@ELSE@`` stand for the peers' addresses.
        url: Base URL in place of the peer's.
        certificate: Which one the peer shows; ``""`` for no TLS.
        trust: Whether the client trusts the peer's authority.
        shows: Whether the client has a certificate to show.
        exact_names: Compare the case of header names too.
        slow: Takes real time; such scenarios are run side by side, and more slowly if need be.
    """

    name: str
    turns: tuple[Script, ...]
    first: Outcome
    then: Outcome | None = SAME
    connections: int = -1
    ask: Ask = field(default_factory=Ask)
    calls: int = 2
    greet: tuple[Script, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    looks: tuple[str, ...] | None = None
    requests: tuple[str, ...] | None = None
    elsewhere: tuple[Script, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    certificate: str = ""
    trust: bool = True
    shows: bool = False
    exact_names: bool = False
    slow: bool = False

    @property
    def falls_silent(self) -> bool:
        """Whether the peer pauses, or says nothing more."""
        return any(is_silent(step) for script in self.greet + self.turns for step in script)

    def slower(self, factor: float) -> Scenario:
        """Return the scenario with so many times as much time for everything."""
        limits = {name: self.options[name] * factor for name in _LIMITS & self.options.keys()}
        return replace(
            self,
            turns=tuple(_slower(script, factor) for script in self.turns),
            greet=tuple(_slower(script, factor) for script in self.greet),
            options={**self.options, **limits},
        )

    @property
    def expected(self) -> Observed:
        """What must come of it with the default engine."""
        count = self.connections
        if count < 0:
            count = 1 if isinstance(self.first, Answer) else self.calls
        return self.resolve(Observed(self.first, self.then, count, self.requests))

    def resolve(self, observed: Observed) -> Observed:
        """Return an expectation with everything in it that was left to be read off the script."""
        first = self._with_headers(observed.first, 0)
        then = observed.then
        if self.calls == 1:
            then = None
        elif then is SAME:
            then = first if len(self.turns) == 1 else self._with_headers(observed.first, 1)
        elif then is not None:
            then = self._with_headers(then, 1)
        return replace(observed, first=first, then=then)

    def _with_headers(self, outcome: Outcome, number: int) -> Outcome:
        if isinstance(outcome, Failure) or outcome.headers is not None:
            return outcome
        turn = self.turns[min(number, len(self.turns) - 1)]
        return replace(outcome, headers=tuple(_sent_headers(turn, self.exact_names)))


def _slower(script: Script, factor: float) -> Script:
    return tuple(
        replace(step, pause=step.pause * factor) if isinstance(step, Drip) else step
        for step in script
    )


def _sent_headers(script: Script, exact: bool) -> Iterator[tuple[str, str]]:
    """Split the lines of the head that a script sends, plainly: odd ones are written out."""
    sent = b"".join(
        step if isinstance(step, bytes) else step.data
        for step in script
        if isinstance(step, (bytes, Drip))
    )
    head, _, rest = sent.partition(b"\r\n\r\n")
    while head[9:10] == b"1":
        head, _, rest = rest.partition(b"\r\n\r\n")
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        yield (name if exact else name.lower()), value.strip(" \t")
