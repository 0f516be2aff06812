"""What a forked child must replace before its first request: locks and connections.

A lock that another thread held at the moment of the fork stays locked for ever in the child, and
a socket that both processes use mixes their answers up.  Whoever owns either registers here.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["renew_after_fork"]


class Renewable(Protocol):
    """Something with state that belongs to one process."""

    def renew(self) -> None:
        """Replace that state; runs in the child, while it has a single thread."""
        ...


_renewables: weakref.WeakSet[Renewable] = weakref.WeakSet()


def renew_after_fork(thing: Renewable) -> None:
    """Call ``thing.renew()`` in every child that this process forks from now on."""
    _renewables.add(thing)


def _renew_all() -> None:
    for thing in list(_renewables):
        thing.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_renew_all)
