"""What belongs to one process, and says so when it is to be taken to another.

A client holds connections, locks and credentials, none of which can travel. Pickled or copied
deeply it would fail at whichever of them came first, with words that help nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["OneProcess"]

_REFUSAL = (
    "a client cannot be pickled or copied deeply: its connections belong to this process; make one "
    "in the other process, and share this one in its own"
)


class OneProcess:
    """Refuses ``pickle`` and ``copy.deepcopy`` with a ``TypeError`` that says what to do.

    ``copy.copy`` gives another object on the same connections, as it does of most objects.
    """

    def __copy__(self) -> Self:
        # Said here, since it would otherwise be made of what a pickle is made of.
        made: Self = object.__new__(type(self))
        vars(made).update(vars(self))
        return made

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(_REFUSAL)

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        raise TypeError(_REFUSAL)
