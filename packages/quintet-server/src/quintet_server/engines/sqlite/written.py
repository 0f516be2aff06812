"""How many bytes the current thread has written: the one number that sees temporary files.

SQLite counts what it spills only when a statement has ended. The kernel counts per thread and at
once. Where it does not (outside Linux), only the deadline bounds what a statement writes.
"""

from __future__ import annotations

import os
import threading

__all__ = ["bytes_written"]

_PATH = "/proc/thread-self/io"
_WORD = b"wchar:"


class _Descriptor:
    """The open file of a thread, closed when the thread ends; below 0 if there is none."""

    def __init__(self) -> None:
        try:
            self.number = os.open(_PATH, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.number = -1

    def __del__(self) -> None:
        if self.number >= 0:
            os.close(self.number)


class _OfThread(threading.local):
    """Reading it again is cheaper than opening it."""

    def __init__(self) -> None:
        self.descriptor = _Descriptor()


_of_thread = _OfThread()


def bytes_written() -> int:
    """Return the bytes that this thread has passed to the kernel; always 0 if it cannot tell."""
    descriptor = _of_thread.descriptor.number
    if descriptor < 0:
        return 0
    text = os.pread(descriptor, 256, 0)
    start = text.find(_WORD) + len(_WORD)
    return int(text[start : text.index(b"\n", start)])
