"""The parts of a transform expression: called with a frame, each gives its value there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.paths import step_into
from quintet_server.services.flowmaestro.expressions.scope import MISSING
from quintet_server.services.flowmaestro.expressions.transforms.arithmetic import (
    OPERATIONS,
    is_whole,
    needed_number,
)
from quintet_server.services.flowmaestro.expressions.transforms.machine import (
    Builtin,
    Frame,
    Function,
    kind_of,
    plain,
)
from quintet_server.services.flowmaestro.expressions.values import is_falsy, is_number

MAX_HEIGHT: Final = 120
"""Parts inside parts; the steps of a path count."""
ELEMENT_NAMES: Final = frozenset({"item", "index", "$"})
"""What is bound anew for each element."""


class Part(ABC):
    """A part of an expression. Called with a frame it gives its value, or `MISSING`.

    Attributes:
        parts: What it is made of.
        size: How many parts there are in it and in those; the price of evaluating it once.
        height: How many of them are inside of one another.
    """

    __slots__ = ("height", "parts", "position", "size")

    def __init__(self, position: int, *parts: Part) -> None:
        self.position = position
        self.parts: list[Part] = []
        self.size = 1
        self.height = 1
        for part in parts:
            self._hold(part)

    def _hold(self, part: Part) -> None:
        self.parts.append(part)
        self.size += part.size
        self.height = max(self.height, part.height + 1)
        if self.height > MAX_HEIGHT:
            message = f"The expression has more than {MAX_HEIGHT} parts inside parts"
            raise ExpressionError(message, self.position)

    def __call__(self, frame: Frame) -> Any:
        """The value in a frame."""
        return self._value(frame)

    @abstractmethod
    def _value(self, frame: Frame) -> Any: ...


class Constant(Part):
    """A number, a text, true, false, null, or a function of the language."""

    __slots__ = ("constant",)

    def __init__(self, position: int, constant: Any) -> None:
        super().__init__(position)
        self.constant = constant

    def _value(self, frame: Frame) -> Any:
        return self.constant


class Name(Part):
    """A name: a parameter, a member of the element at hand, or a name of the run."""

    __slots__ = ("name",)

    def __init__(self, position: int, name: str) -> None:
        super().__init__(position)
        self.name = name

    def _value(self, frame: Frame) -> Any:
        if not self.name.startswith("$"):
            return frame.lookup(self.name)
        if self.name == "$":
            return frame.context
        if self.name == "$$":
            return frame.machine.root
        value = frame.bound(self.name)
        if value is MISSING:
            value = frame.bound(self.name[1:])
        return frame.machine.scope.lookup(self.name[1:]) if value is MISSING else value


class Member(Part):
    """`of.name`: of an object its member, of a list that of each element."""

    __slots__ = ("name", "of")

    def __init__(self, position: int, of: Part, name: str) -> None:
        super().__init__(position, of)
        self.of = of
        self.name = name

    def _value(self, frame: Frame) -> Any:
        value = self.of._value(frame)
        found = step_into(value, self.name)
        if found is not MISSING or not isinstance(value, list):
            return found
        frame.machine.spend(len(value), self.position)
        return flattened(step_into(element, self.name) for element in value)


class Each(Part):
    """`of.(expression)` and `of.{…}`: the expression for each element of a list."""

    __slots__ = ("body", "of")

    def __init__(self, position: int, of: Part, body: Part) -> None:
        super().__init__(position, of, body)
        self.of = of
        self.body = body

    def _value(self, frame: Frame) -> Any:
        value = self.of._value(frame)
        if value is None or value is MISSING:
            return MISSING
        if not isinstance(value, list):
            return self._one(frame, value, 0)
        return flattened(self._one(frame, element, at) for at, element in enumerate(value))

    def _one(self, frame: Frame, element: Any, index: int) -> Any:
        frame.machine.spend(self.body.size, self.position)
        return plain(self.body(frame.element(element, index)), self.position)


class Index(Part):
    """`of[step]`: a member by number (negative ones count from the end) or by key."""

    __slots__ = ("of", "step")

    def __init__(self, position: int, of: Part, step: Part) -> None:
        super().__init__(position, of, step)
        self.of = of
        self.step = step

    def _value(self, frame: Frame) -> Any:
        value = self.of._value(frame)
        return self.member(frame, value, self.step._value(frame))

    def member(self, frame: Frame, value: Any, step: Any) -> Any:
        """The member of `value` at `step`."""
        if is_number(step):
            if not is_whole(step):
                raise ExpressionError("An index must be a whole number", self.position)
            index = int(step)
            if index < 0 and isinstance(value, list | str):
                index += len(value)
            if isinstance(value, str):
                return value[index] if 0 <= index < len(value) else MISSING
            return step_into(value, index)
        if not isinstance(step, str):
            raise ExpressionError(f"{kind_of(step)} is no index", self.position)
        if isinstance(value, list) and step_into(value, step) is MISSING:
            frame.machine.spend(len(value), self.position)
            return flattened(step_into(element, step) for element in value)
        return step_into(value, step)


class Filter(Index):
    """`of[condition]`: the elements for which it is true; of no list, the value itself or nothing.

    A path in the brackets is an index if it gives a number or a text where the brackets stand: if
    it begins with a bound name, or with a name that no element has.
    """

    __slots__ = ("root",)

    def __init__(self, position: int, of: Part, step: Part) -> None:
        super().__init__(position, of, step)
        self.root = _root_of(step)

    def _value(self, frame: Frame) -> Any:
        value = self.of._value(frame)
        if self.root is not None:
            step = self._step_outside(frame, value, self.root)
            if step is not MISSING:
                return self.member(frame, value, step)
        if value is None or value is MISSING:
            return MISSING
        if not isinstance(value, list):
            return value if self._holds(frame, value, 0) else MISSING
        return [one for at, one in enumerate(value) if self._holds(frame, one, at)]

    def _step_outside(self, frame: Frame, value: Any, root: str) -> Any:
        if frame.bound(root) is MISSING and self._is_member_of_any(frame, value, root):
            return MISSING
        step = self.step._value(frame)
        return step if is_number(step) or isinstance(step, str) else MISSING

    def _is_member_of_any(self, frame: Frame, value: Any, name: str) -> bool:
        if not isinstance(value, list):
            return False
        frame.machine.spend(len(value), self.position)
        return any(isinstance(element, dict) and name in element for element in value)

    def _holds(self, frame: Frame, element: Any, index: int) -> bool:
        frame.machine.spend(self.step.size, self.position)
        value = self.step(frame.element(element, index))
        return not is_falsy(plain(value, self.position))


class Call(Part):
    """A call of a function of the language."""

    __slots__ = ("arguments", "function")

    def __init__(self, position: int, function: Builtin, arguments: Sequence[Part]) -> None:
        super().__init__(position, *arguments)
        self.function = function
        self.arguments = arguments

    def _value(self, frame: Frame) -> Any:
        arguments = [argument._value(frame) for argument in self.arguments]
        return self.function.call(frame.machine, self.position, arguments)


class Arrow(Part):
    """`x => body`."""

    __slots__ = ("body", "parameters")

    def __init__(self, position: int, parameters: tuple[str, ...], body: Part) -> None:
        super().__init__(position, body)
        self.parameters = parameters
        self.body = body

    def _value(self, frame: Frame) -> Any:
        return Function(self.parameters, self.body, frame, self.position)


class Chain(Part):
    """Operands with signs between them, worked off from left to right."""

    __slots__ = ("first", "rest")

    def __init__(self, first: Part) -> None:
        super().__init__(first.position, first)
        self.first = first
        self.rest: list[tuple[str, int, Part]] = []

    def add(self, sign: str, position: int, part: Part) -> None:
        """Put a sign and its right operand at the end."""
        self._hold(part)
        self.rest.append((sign, position, part))

    def _value(self, frame: Frame) -> Any:
        value = plain(self.first._value(frame), self.position)
        for sign, position, part in self.rest:
            right = plain(part._value(frame), position)
            value = OPERATIONS[sign](frame.machine, position, value, right)
        return value


class Logic(Part):
    """`||`, `&&` or `??` between operands: the first that decides; the last if none does."""

    __slots__ = ("operands", "sign")

    def __init__(self, sign: str, operands: list[Part]) -> None:
        super().__init__(operands[0].position, *operands)
        self.sign = sign
        self.operands = operands

    def add(self, operand: Part) -> None:
        """Put another operand at the end."""
        self._hold(operand)
        self.operands.append(operand)

    def _value(self, frame: Frame) -> Any:
        value: Any = MISSING
        for operand in self.operands:
            value = plain(operand._value(frame), operand.position)
            if self._decides(value):
                break
        return value

    def _decides(self, value: Any) -> bool:
        if self.sign == "??":
            return value is not None and value is not MISSING
        return is_falsy(value) is (self.sign == "&&")


class Not(Part):
    """`!operand`."""

    __slots__ = ("operand",)

    def __init__(self, position: int, operand: Part) -> None:
        super().__init__(position, operand)
        self.operand = operand

    def _value(self, frame: Frame) -> Any:
        return is_falsy(plain(self.operand._value(frame), self.position))


class Signed(Part):
    """`-operand`, or `+operand`: the number it spells."""

    __slots__ = ("operand", "sign")

    def __init__(self, position: int, sign: str, operand: Part) -> None:
        super().__init__(position, operand)
        self.sign = sign
        self.operand = operand

    def _value(self, frame: Frame) -> Any:
        number = needed_number(self.operand._value(frame), self.position, f"'{self.sign}'")
        return -number if self.sign == "-" else number


class Choice(Part):
    """`condition ? yes : no`."""

    __slots__ = ("condition", "no", "yes")

    def __init__(self, condition: Part, yes: Part, no: Part) -> None:
        super().__init__(condition.position, condition, yes, no)
        self.condition = condition
        self.yes = yes
        self.no = no

    def _value(self, frame: Frame) -> Any:
        condition = plain(self.condition._value(frame), self.position)
        return (self.no if is_falsy(condition) else self.yes)._value(frame)


def flattened(values: Any) -> list[Any]:
    """The values in one list; lists among them are opened, what leads nowhere is left out."""
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list):
            flat.extend(value)
        elif value is not MISSING:
            flat.append(value)
    return flat


def _root_of(part: Part) -> str | None:
    """The name that a path begins with; None if this is no path, or one from the element."""
    while isinstance(part, Member | Index):
        part = part.of
    return part.name if isinstance(part, Name) and part.name != "$" else None


def free_names(part: Part) -> frozenset[str]:
    """The names a part looks up that nothing in it binds."""
    if isinstance(part, Name):
        return frozenset({part.name})
    if isinstance(part, Filter):
        return free_names(part.of) | (free_names(part.step) - ELEMENT_NAMES)
    if isinstance(part, Each):
        return free_names(part.of) | (free_names(part.body) - ELEMENT_NAMES)
    names = frozenset[str]().union(*(free_names(inner) for inner in part.parts))
    return names - frozenset(part.parameters) if isinstance(part, Arrow) else names
