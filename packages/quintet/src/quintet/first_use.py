"""What is made when it is first asked for, and what is said if it cannot be loaded then.

An import in the midst of a program opens files, and a program that has as many open as it may gets
a bare ``OSError`` for it.  That is the trouble of the moment, like a connection that cannot be
made, and is told as one.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from quintet.core.open_files import out_of_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import overload

    from typing_extensions import Self

    from quintet.errors import QuintetError

__all__ = ["resource"]

T = TypeVar("T")


class resource(cached_property[T]):  # noqa: N801 - it is a decorator
    """A property of a client that is made once, by a function that imports what it is made of.

    Unlike the one it builds on it has no lock, which a fork could leave locked for ever, and which
    all clients of a program would share (Python 3.10 and 3.11).  Of several threads that ask first
    each may make one; all get the same.

    The client has ``_adopt``, which turns an error of the runtime into the SDK's.

    Raises:
        ConnectionFailure: In the SDK's class for it: no more files can be opened.
    """

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        if instance is None:
            return self
        try:
            made = self.func(instance)
        except (OSError, ImportError) as failure:
            error = out_of_files(failure)
            if error is None:
                raise
            adopt: Callable[[QuintetError], QuintetError] = instance._adopt
            raise adopt(error) from failure
        name = str(self.attrname)
        if getattr(type(instance), name, self) is not self:
            return made  # for a subclass that puts its own in its place, and keeps that
        return vars(instance).setdefault(name, made)
