"""The parts of a transform expression that make something: texts, lists, objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.scope import MISSING
from quintet_server.services.flowmaestro.expressions.transforms.machine import Frame, kind_of, plain
from quintet_server.services.flowmaestro.expressions.transforms.tree import Part


class Text(Part):
    """A text with `${…}` in it."""

    __slots__ = ("pieces",)

    def __init__(self, position: int, pieces: Sequence[str | Part]) -> None:
        super().__init__(position, *(piece for piece in pieces if isinstance(piece, Part)))
        self.pieces = pieces

    def _value(self, frame: Frame) -> Any:
        machine, position = frame.machine, self.position
        texts = [
            piece
            if isinstance(piece, str)
            else machine.text(plain(piece._value(frame), position), position)
            for piece in self.pieces
        ]
        return machine.new_text("".join(texts), position)


class ListOf(Part):
    """`[a, ...b]`."""

    __slots__ = ("members",)

    def __init__(self, position: int, members: Sequence[tuple[bool, Part]]) -> None:
        super().__init__(position, *(part for _, part in members))
        self.members = members

    def _value(self, frame: Frame) -> Any:
        made: list[Any] = []
        for is_spread, part in self.members:
            value = plain(part._value(frame), part.position)
            if not is_spread:
                made.append(None if value is MISSING else value)
            elif isinstance(value, list):
                frame.machine.spend(len(value), part.position)
                made.extend(value)
            elif value is not None and value is not MISSING:
                message = f"Only a list can be spread here, not {kind_of(value)}"
                raise ExpressionError(message, part.position)
        return made


class ObjectOf(Part):
    """`{a: 1, "b": 2, [c]: 3, ...d}`; members that lead nowhere are left out."""

    __slots__ = ("members",)

    def __init__(self, position: int, members: Sequence[tuple[Part | None, Part]]) -> None:
        keys = [key for key, _ in members if key is not None]
        super().__init__(position, *keys, *(part for _, part in members))
        self.members = members

    def _value(self, frame: Frame) -> Any:
        made: dict[str, Any] = {}
        for key, part in self.members:
            value = plain(part._value(frame), part.position)
            if key is None:
                made.update(self._spread(frame, part, value))
            elif value is not MISSING:
                made[frame.machine.text(plain(key._value(frame), part.position), part.position)] = (
                    value
                )
        return made

    def _spread(self, frame: Frame, part: Part, value: Any) -> dict[str, Any]:
        if value is None or value is MISSING:
            return {}
        if not isinstance(value, dict):
            message = f"Only an object can be spread here, not {kind_of(value)}"
            raise ExpressionError(message, part.position)
        frame.machine.spend(len(value), part.position)
        return value
