"""The names an expression sees: an unchangeable chain of frames, the innermost first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final, Literal


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING
"""A name or a path that leads nowhere; not the same as an explicit null."""


class Scope:
    """Frames of names, looked up from the innermost to the outermost; never changed.

    Frames are kept by reference and not copied: a mapping that grows later is seen.
    """

    __slots__ = ("_frames",)

    def __init__(self, *frames: Mapping[str, Any]) -> None:
        """A scope of these frames, the innermost first."""
        self._frames = frames

    @classmethod
    def of(
        cls,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        shared: Mapping[str, Any] | None = None,
        loop: Mapping[str, Any] | None = None,
    ) -> Scope:
        """The scope of a node of a running workflow.

        The order is the documented one: loop, shared memory, variables, outputs by node id,
        inputs. Last come the first-level keys of the outputs, so that `{{text}}` finds the text of
        the model node without naming it, but never hides anything.

        Args:
            inputs: What the execution was started with.
            outputs: Node id to the node's output.
            variables: What nodes have set through `outputVariable`: wins over an input.
            shared: The shared memory; seen as `shared.<key>`.
            loop: The variables of the innermost loop (`loop`, `item`, `index`, …). Use `child` for
                loops inside loops.
        """
        # An empty mapping is kept as well: it may grow.
        outputs = {} if outputs is None else outputs
        return cls(
            {} if loop is None else loop,
            {"shared": {} if shared is None else shared},
            {} if variables is None else variables,
            outputs,
            {} if inputs is None else inputs,
            _FirstLevel(outputs),
        )

    def child(self, frame: Mapping[str, Any]) -> Scope:
        """This scope with `frame` in front of it."""
        return Scope(frame, *self._frames)

    def lookup(self, name: str) -> Any | Literal[Missing.MISSING]:
        """The value of the innermost frame that has `name`, or `MISSING`."""
        for frame in self._frames:
            if name in frame:
                return frame[name]
        return MISSING

    def __contains__(self, name: str) -> bool:
        return any(name in frame for frame in self._frames)

    def as_dict(self) -> dict[str, Any]:
        """Every visible name with its value; for nodes that take the whole context."""
        seen: dict[str, Any] = {}
        for frame in reversed(self._frames):
            seen.update(frame)
        return seen


class _FirstLevel(Mapping[str, Any]):
    """The keys inside the outputs of all nodes; the node that finished first wins.

    Looked up lazily: building a merged dictionary for every node would cost as much as the run.
    """

    __slots__ = ("_outputs",)

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        self._outputs = outputs

    def __getitem__(self, name: str) -> Any:
        for output in self._outputs.values():
            if isinstance(output, dict) and name in output:
                return output[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(isinstance(out, dict) and name in out for out in self._outputs.values())

    def __iter__(self) -> Iterator[str]:
        return iter(
            {k: None for out in self._outputs.values() if isinstance(out, dict) for k in out}
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)
