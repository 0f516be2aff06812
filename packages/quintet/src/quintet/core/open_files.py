"""When no more files can be opened: what the system says, and what is said of it.

A program that has as many files open as it may cannot even import what a call needs.  So this is
imported with the client's class.
"""

from __future__ import annotations

import errno
import os

from quintet.errors import ConnectionFailure

__all__ = ["TOO_MANY_FILES", "WHAT_TO_DO", "out_of_files"]

TOO_MANY_FILES = frozenset({errno.EMFILE, errno.ENFILE})
"""What the system says when no more can be opened: by this process, or by all together."""

WHAT_TO_DO = "close clients and streams that are not used any more, or raise the limit (ulimit -n)"
"""The end of a message that says so."""


def out_of_files(failure: OSError | ImportError) -> ConnectionFailure | None:
    """Return the error for an import that failed because no more files can be opened, else None.

    What it is about is not known here; its cause has the file.
    """
    if isinstance(failure, ImportError):
        # A library that is linked at run time: the linker knows but a text.
        full = any(os.strerror(code) in str(failure) for code in TOO_MANY_FILES)
    else:
        full = failure.errno in TOO_MANY_FILES
    if not full:
        return None
    error = ConnectionFailure(
        f"could not load what the call needs: too many open files; {WHAT_TO_DO}"
    )
    error.__cause__ = failure
    return error
