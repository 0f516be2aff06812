"""Where in the user's program something was made that was then not closed.

What keeps connections notes this place when it is made, and a ``ResourceWarning`` names it.  The
frames of this runtime and of the SDKs on it say nothing to whoever has to add the ``close``.
"""

from __future__ import annotations

import sys
import warnings

__all__ = ["creation_site", "warn_unclosed"]


def creation_site() -> str:
    """Return ``file:line`` of the innermost frame that is neither ours nor an SDK's.

    Only walks frames and reads no source, since every client and every stream asks for it.
    """
    frame = sys._getframe(1)
    while True:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        # An SDK is known by its table of operations; the runtime knows none by name.
        if package != "quintet" and f"{package}._wire" not in sys.modules:
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        if frame.f_back is None:
            return "an unknown place"
        frame = frame.f_back


def warn_unclosed(what: str, site: str) -> None:
    """Issue the ``ResourceWarning`` for ``what``, such as ``"client with 2 connections"``."""
    warnings.warn(f"unclosed {what}, made at {site}", ResourceWarning, stacklevel=2)
