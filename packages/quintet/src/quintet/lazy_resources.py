"""Resources of a client are made when first asked for, and what it runs on when one is first built.

Importing an SDK for its client class, a program loads the class, its options and its errors. The
rest is imported where it is needed: a resource by the property that returns it, a
:class:`~quintet.first_use.resource` with its import inside, and the runtime's client, with all
that is under it, by the constructor. A program pays for what it calls, and a plain import statement
in the right place is all the machinery there is. ``tests/contract/test_imports.py`` says, for all
SDKs, what must not be loaded.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeVar

__all__ = ["view_of"]

Client = TypeVar("Client")


def view_of(client: Client, changed: Mapping[str, Any]) -> Client:
    """Return a copy of a client with connections shared and resources of its own.

    The copy is no owner: it has ``_is_view``, by which its class leaves the connections open when
    the copy is closed.

    Args:
        client: Its ``_calls`` are what its resources call through.
        changed: Attributes of the copy's ``_calls`` that differ.
    """
    view: Any = copy.copy(client)
    view._is_view = True
    view._calls = copy.copy(view._calls)
    vars(view._calls).update(changed)
    # Those that the client has made go on with its own calls.
    for name in list(vars(view)):
        if isinstance(getattr(type(view), name, None), cached_property):
            del vars(view)[name]
    found: Client = view
    return found
