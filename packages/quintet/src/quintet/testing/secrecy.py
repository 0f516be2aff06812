"""Finding a credential where it does not belong."""

from __future__ import annotations

import base64
import pickle
import traceback
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

__all__ = ["check_secret_hygiene"]


def check_secret_hygiene(secret: str, *things: Any) -> None:
    """Fail if ``secret`` can be found in what any of the things shows of itself.

    Looks at ``repr``, ``str``, the full traceback of an exception with its causes, its attributes,
    and its pickle where it has one; for the secret as it is, percent-encoded, and in base64.

    Raises:
        AssertionError: Naming the thing and the view, not the secret.
    """
    forms = {secret, quote(secret, safe=""), *_in_base64(secret)}
    for thing in things:
        for view, text in _views(thing):
            if any(form in text for form in forms):
                raise AssertionError(f"the secret shows in the {view} of a {type(thing).__name__}")


def _in_base64(secret: str) -> Iterable[str]:
    """Yield what a secret looks like within base64, wherever in the encoded text it begins."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        # The characters at both ends also hold bits of the neighbours.
        yield encoded[-(-before * 8 // 6) : -1 if (before + len(secret)) % 3 else None]


def _views(thing: Any) -> Iterable[tuple[str, str]]:
    if isinstance(thing, str):
        yield "text", thing
        return
    yield "repr", repr(thing)
    yield "str", str(thing)
    if isinstance(thing, BaseException):
        yield (
            "traceback",
            "".join(traceback.format_exception(type(thing), thing, thing.__traceback__)),
        )
        yield "attributes", repr(vars(thing))
    try:
        yield "pickle", pickle.dumps(thing).decode("latin-1")
    except Exception:  # noqa: BLE001 - what cannot be pickled cannot leak that way
        return
