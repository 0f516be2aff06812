"""What a forked child must replace before its first request: locks and connections.

A lock that another thread held at the moment of the fork stays locked for ever in the child, and
a socket that both processes use mixes their answers up.  Whoever owns either registers here.

Python itself has such a lock for every module that is being imported, and clients import what they
need when they need it.  So a fork waits until no thread is in the midst of that.
"""

from __future__ import annotations

import _frozen_importlib
import _thread
import os
import sys
import weakref
from time import sleep
from typing import Any, Protocol

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


_LOOK_SECONDS = 0.001
# An import takes milliseconds.  One that does not end may need what the thread that forks holds.
_LOOKS = 5000


def _let_imports_end() -> None:
    """Wait, before a fork, for the imports of this runtime and the SDKs in other threads."""
    for _ in range(_LOOKS):
        if not _import_under_way():
            return
        sleep(_LOOK_SECONDS)


def _import_under_way() -> bool:
    """Tell whether another thread imports a module of ours.

    The table is the interpreter's own, by name; one that has none is not waited for.
    """
    locks: dict[str, Any] = getattr(_frozen_importlib, "_module_locks", {})
    here = _thread.get_ident()
    # A copy, made in one step: the other threads go on changing it.
    for name, place in locks.copy().items():
        owner = getattr(place(), "owner", None)
        if owner is not None and owner != here and _is_ours(name):
            return True
    return False


def _is_ours(name: str) -> bool:
    package = name.partition(".")[0]
    # As in sites.py: an SDK is known by its table of operations.
    return package == "quintet" or f"{package}._wire" in sys.modules


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(before=_let_imports_end, after_in_child=_renew_all)
