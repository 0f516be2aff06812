"""A component of a page: its type, its props, what stands inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from amdahl.errors import MisuseError
from amdahl.page.kinds import Takes, Unfit
from amdahl.page.queries import Cell, Rows

__all__ = ["Node"]


class Node:
    """A component. Its subclasses are the catalog; each checks its props when it is made.

    Nodes do not change after that, so one that exists is one that the service takes.
    """

    __slots__ = ("_children", "_props")

    takes: ClassVar[Takes] = {}
    """What each prop takes."""
    needs: ClassVar[tuple[str, ...]] = ()
    """The props that must be given."""
    inside: ClassVar[tuple[type[Node], ...]] = ()
    """What may stand inside; nothing by default."""

    def __init__(self, *children: Node, **props: Any) -> None:
        self._props: Mapping[str, Any] = {
            name: self._checked(name, value) for name, value in props.items() if value is not None
        }
        for name in self.needs:
            if name not in self._props:
                raise MisuseError(message=f"{self.type} needs {name}")
        for child in children:
            if not isinstance(child, self.inside):
                wanted = " or ".join(kind.__name__ for kind in self.inside) or "nothing"
                raise MisuseError(
                    message=f"inside {self.type} may stand {wanted}, not {type(child).__name__}"
                )
        self._children = children

    @property
    def type(self) -> str:
        """The component's name in the catalog."""
        return type(self).__name__

    @property
    def children(self) -> tuple[Node, ...]:
        """What stands inside."""
        return self._children

    def to_dict(self) -> dict[str, Any]:
        """Return the node as the service has it."""
        found: dict[str, Any] = {"type": self.type}
        if self._props:
            found["props"] = {name: _sent(value) for name, value in self._props.items()}
        if self._children:
            found["children"] = [child.to_dict() for child in self._children]
        return found

    def bindings(self) -> Iterator[Rows | Cell]:
        """Yield what of queries stands in the node and below."""
        for value in self._props.values():
            if isinstance(value, (Rows, Cell)):
                yield value
        for child in self._children:
            yield from child.bindings()

    def depth(self) -> int:
        """Return how many nodes stand inside each other, this one included."""
        return 1 + max((child.depth() for child in self._children), default=0)

    def count(self) -> int:
        """Return how many nodes there are, this one included."""
        return 1 + sum(child.count() for child in self._children)

    def _checked(self, name: str, value: Any) -> Any:
        try:
            return self.takes[name](value)
        except Unfit as error:
            raise MisuseError(message=f"{self.type}.{name} must be {error}") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.type} {self.count()} nodes>"


def _sent(value: Any) -> Any:
    if isinstance(value, (Rows, Cell)):
        return value.to_dict()
    if isinstance(value, list):
        return [dict(each) if isinstance(each, dict) else each for each in value]
    return value
