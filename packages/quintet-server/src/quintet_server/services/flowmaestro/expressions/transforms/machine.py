"""What an evaluation runs on: names, the element at hand, functions, and the budget of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from quintet_server.services.flowmaestro.expressions.errors import MAX_STEPS, ExpressionError
from quintet_server.services.flowmaestro.expressions.scope import MISSING, Scope
from quintet_server.services.flowmaestro.expressions.values import (
    check_size,
    check_text,
    to_text,
)

_CHARACTERS_PER_STEP: Final = 64
_CALL_STEPS: Final = 3  # a call costs that much more than the parts of its body
_WRITING_STEPS: Final = 4  # looking at a value, converting it, and writing it


class Machine:
    """The budget of one evaluation, and the data it began with."""

    __slots__ = ("root", "scope", "steps_left")

    def __init__(self, root: Any, scope: Scope, steps: int = MAX_STEPS) -> None:
        self.root = root
        self.scope = scope
        self.steps_left = steps

    def spend(self, steps: int, position: int) -> None:
        """Take steps from the budget.

        Raises:
            ExpressionError: there are not so many left.
        """
        self.steps_left -= steps
        if self.steps_left < 0:
            raise ExpressionError(f"The transform takes more than {MAX_STEPS} steps", position)

    def text(self, value: Any, position: int) -> str:
        """A value as text, paid for; null and missing are empty."""
        if value is None or value is MISSING:
            return ""
        if isinstance(value, dict | list):
            self.spend(_WRITING_STEPS * check_size(value, position), position)
        return to_text(value)

    def new_text(self, text: str, position: int) -> str:
        """A text that was made, paid for."""
        self.spend(len(text) // _CHARACTERS_PER_STEP, position)
        return check_text(text, position)

    def measure(self, value: Any, position: int) -> None:
        """Pay for looking at all of a value."""
        if isinstance(value, dict | list):
            self.spend(_WRITING_STEPS * check_size(value, position), position)


class Frame:
    """Names bound here, and the element at hand (`$`); names not found are looked for outside."""

    __slots__ = ("context", "machine", "names", "outer")

    def __init__(
        self,
        machine: Machine,
        context: Any,
        names: Mapping[str, Any],
        outer: Frame | None = None,
    ) -> None:
        self.machine = machine
        self.context = context
        self.names = names
        self.outer = outer

    def element(self, value: Any, index: int) -> Frame:
        """The frame in which `value` is the element at hand."""
        return Frame(self.machine, value, {"item": value, "index": index}, self)

    def bound(self, name: str) -> Any:
        """What a parameter, or a name of the language, is bound to; `MISSING` if it is none."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                return frame.names[name]
            frame = frame.outer
        return MISSING

    def lookup(self, name: str) -> Any:
        """Parameters first, then members of the element at hand, then the names of the run."""
        value = self.bound(name)
        if value is MISSING and isinstance(self.context, dict):
            value = self.context.get(name, MISSING)
        return self.machine.scope.lookup(name) if value is MISSING else value


class Body(Protocol):
    """What a function evaluates; `size` is the price of doing it once."""

    size: int

    def __call__(self, frame: Frame) -> Any:
        """Evaluate in a frame."""


@dataclass(frozen=True, slots=True)
class Function:
    """An arrow function with the frame it was written in."""

    parameters: tuple[str, ...]
    body: Body
    frame: Frame
    position: int

    def __call__(self, *arguments: Any) -> Any:
        """Call it; surplus arguments are dropped, absent ones are missing."""
        machine = self.frame.machine
        machine.spend(_CALL_STEPS + self.body.size, self.position)
        values = list(arguments[: len(self.parameters)])
        values += [MISSING] * (len(self.parameters) - len(values))
        names = dict(zip(self.parameters, values, strict=True))
        frame = Frame(machine, self.frame.context, names, self.frame)
        return plain(self.body(frame), self.position)


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of the language, called with the machine, the position and its arguments."""

    name: str
    run: Callable[..., Any]
    least: int
    most: int

    def call(self, machine: Machine, position: int, arguments: Sequence[Any]) -> Any:
        """Call it.

        Raises:
            ExpressionError: the number of arguments is wrong, or they are.
        """
        if not self.least <= len(arguments) <= self.most:
            wanted = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
            message = f"${self.name} takes {wanted} arguments, not {len(arguments)}"
            raise ExpressionError(message, position)
        return self.run(machine, position, *arguments)


def plain(value: Any, position: int) -> Any:
    """A value that is data.

    Raises:
        ExpressionError: it is a function.
    """
    if isinstance(value, Function | Builtin):
        raise ExpressionError("A function can only be an argument of a function", position)
    return value


def kind_of(value: Any) -> str:
    """What a value is, for messages."""
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, Function | Builtin):
        return "a function"
    names = {bool: "a boolean", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")
