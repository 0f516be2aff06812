"""The content codings that can be read, each a step at a time and never more than asked for.

gzip and deflate are always there.  zstd and br are if there is a library for them that can be
told how much to make at most: the standard library's zstd (Python 3.14) or ``backports.zstd``, and
``brotli`` or ``brotlicffi`` from version 1.2.  Others decompress all they are given at once, so a
few hundred bytes could take all memory; they are left alone.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from quintet.errors import DecodeError

__all__ = ["Coding", "accept_encoding", "make_coding"]

_GZIP_BITS = zlib.MAX_WBITS | 16
# RFC 9659: no content coding needs a larger window, and each costs its size in memory.
_ZSTD_WINDOW_BITS = 23
_LIBRARIES = {
    "zstd": ("compression.zstd", "backports.zstd"),
    "br": ("brotli", "brotlicffi"),
}


class Coding(Protocol):
    """One compressed stream.

    Attributes:
        finished: Whether its end was reached.
        several: Whether another one may follow it.
    """

    finished: bool
    several: bool

    def step(self, data: bytes, room: int) -> tuple[bytes, bytes, bool]:
        """Return a piece of output, the input that is left, and True if there may be more output.

        The piece is of about ``room`` bytes at most.  What is left is given again, or behind the
        end of the stream belongs to the next one.

        Raises:
            Exception: The library's own, if the bytes are not what they should be.
        """
        ...


@functools.cache
def accept_encoding() -> str:
    """Return what a request may ask for, since it can be read; looked up once."""
    return ", ".join(["gzip", "deflate", *(name for name in ("br", "zstd") if _library(name))])


def make_coding(name: str) -> Coding:
    """Return a new stream of a coding, named as in ``Content-Encoding`` in lower case.

    Raises:
        DecodeError: Not one that can be read here.
    """
    if name in ("gzip", "x-gzip"):
        return _Zlib(_GZIP_BITS, several=True)
    if name == "deflate":
        return _Deflate()
    library = _library(name)
    if library is None:
        readable = accept_encoding().replace(", ", " or ")
        raise DecodeError(
            f"the body has the content coding {name[:40]!r}, which was not asked for and cannot be "
            f"read here, only {readable}"
        )
    return _Brotli(library) if name == "br" else _Zstd(library)


@functools.cache
def _library(coding: str) -> Any:
    """Return the module for a coding, None if there is none that will do."""
    from importlib.util import find_spec  # here: importing an SDK does not need it

    for name in _LIBRARIES.get(coding, ()):
        try:
            # Asking is cheaper than failing, and most programs have neither.
            if find_spec(name.partition(".")[0]) is None:
                continue
            module = import_module(name)
        except ImportError:
            continue
        if coding == "zstd" or hasattr(module.Decompressor, "can_accept_more_data"):
            return module
    return None


class _Zlib:
    """gzip, where members may follow each other, and zlib with or without its header."""

    __slots__ = ("_inflate", "finished", "several")

    def __init__(self, bits: int, *, several: bool) -> None:
        self._inflate = zlib.decompressobj(bits)
        self.finished = False
        self.several = several

    def step(self, data: bytes, room: int) -> tuple[bytes, bytes, bool]:
        inflate = self._inflate
        piece = inflate.decompress(data, room)
        if inflate.eof:
            self.finished = True
            return piece, inflate.unused_data, False
        # zlib may hold output back after it took the last of its input.
        return piece, inflate.unconsumed_tail, len(piece) == room


class _Deflate:
    """deflate: RFC 9110 means zlib, but raw deflate is in use too; two bytes tell them apart."""

    __slots__ = ("_head", "_step", "finished", "several")

    def __init__(self) -> None:
        self._head = b""
        self._step: _Zlib | None = None
        self.finished = False
        self.several = False

    def step(self, data: bytes, room: int) -> tuple[bytes, bytes, bool]:
        if self._step is None:
            data = self._head + data
            if len(data) < 2:
                self._head = data
                return b"", b"", False
            is_zlib = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._step = _Zlib(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS, several=False)
        made = self._step.step(data, room)
        self.finished = self._step.finished
        return made


class _Zstd:
    """zstd, where frames may follow each other (RFC 8878)."""

    __slots__ = ("_inflate", "finished", "several")

    def __init__(self, library: Any) -> None:
        window = library.DecompressionParameter.window_log_max
        self._inflate = library.ZstdDecompressor(options={window: _ZSTD_WINDOW_BITS})
        self.finished = False
        self.several = True

    def step(self, data: bytes, room: int) -> tuple[bytes, bytes, bool]:
        inflate = self._inflate
        piece = inflate.decompress(data, room)
        if inflate.eof:
            self.finished = True
            return piece, inflate.unused_data, False
        return piece, b"", not inflate.needs_input


class _Brotli:
    """br; its bound is a rough one, by some ten kilobytes."""

    __slots__ = ("_accepts", "_inflate", "_process", "finished", "several")

    def __init__(self, library: Any) -> None:
        self._inflate = library.Decompressor()
        self._process: Callable[..., bytes] = self._inflate.process
        self._accepts: Callable[[], bool] = self._inflate.can_accept_more_data
        self.finished = False
        self.several = False

    def step(self, data: bytes, room: int) -> tuple[bytes, bytes, bool]:
        piece = self._process(data, output_buffer_limit=room)
        self.finished = self._inflate.is_finished()
        # It may hold output back after it took the last of its input.
        more = not self.finished and (len(piece) >= room or not self._accepts())
        return piece, b"", more
