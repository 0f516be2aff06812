"""How a difference is written down: which transports, what comes of it there, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .scenario import SAME, Answer, Failure, Observed, Outcome, Scenario

__all__ = ["Change", "Difference", "Reason"]


@dataclass(frozen=True)
class Reason:
    """Why outcomes differ.

    Attributes:
        subject: What it is about.
        native: What the default engine does.
        foreign: What the libraries do.
        why: One sentence.
    """

    subject: str
    native: str
    foreign: str
    why: str


@dataclass(frozen=True)
class Change:
    """What comes of a scenario on another transport, as far as it differs.

    Attributes:
        first: The outcome of the first call; None: as expected of the default engine.
        then: That of the second call; None: that of the first call, if that one is given.
        connections: None: one if the first call succeeds, if that one is given.
        progress: In place of the expected one, in both calls.
    """

    first: Outcome | None = None
    then: Outcome | None = None
    connections: int | None = None
    progress: int | None = None

    def apply(self, scenario: Scenario) -> Observed:
        """Return what must come of the scenario."""
        usual = scenario.expected
        first, then, connections = usual.first, usual.then, usual.connections
        if self.first is not None:
            first, then = self.first, SAME
            connections = 1 if isinstance(first, Answer) else scenario.calls
        if self.then is not None:
            then = self.then
        if self.connections is not None:
            connections = self.connections
        if self.progress is not None:
            first, then = self._less(first), None if then is None else self._less(then)
        return scenario.resolve(Observed(first, then, connections, usual.requests))

    def describe(self) -> str:
        """Return what is said here, and nothing of what is left open."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        return ", ".join(f"{name} {value}" for name, value in said.items())

    def _less(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Failure) and outcome.progress is not None:
            return replace(outcome, progress=self.progress)
        return outcome


@dataclass(frozen=True)
class Difference:
    """One listed difference of one scenario."""

    transports: tuple[str, ...]
    change: Change
    why: Reason
