"""Plays the part of an engine towards the parser, with the bytes cut in any way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from quintet.transport.http11 import (
    HeadTooLarge,
    Http11,
    RemoteProtocolError,
)

__all__ = ["COMPLETE", "MORE", "Outcome", "cut", "fed", "filled", "taken_whole"]

HOST = [(b"Host", b"api.example")]
COMPLETE, MORE = "complete", "more"


class Outcome(NamedTuple):
    """What came out.

    Attributes:
        status: Of the answer, None if there was no head.
        pairs: Its headers.
        body: As far as it was handed out.
        end: ``COMPLETE``, ``MORE`` for "not yet", or the class of the error.
        reusable: Whether the connection may be used again.
    """

    status: int | None
    pairs: tuple[tuple[str, str], ...]
    body: bytes
    end: str
    reusable: bool


def cut(data: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    """Yield the data in pieces, none of them empty."""
    start = 0
    for stop in [*sorted(set(cuts)), len(data)]:
        if start < stop <= len(data):
            yield data[start:stop]
            start = stop


def fed(pieces: Iterable[bytes], method: str = "GET", *, closes: bool = False) -> Outcome:
    """Feed every piece and take whatever there is after each."""
    return _Engine(method).play([*pieces, *([b""] if closes else [])])


def taken_whole(data: bytes, method: str = "GET", *, closes: bool = False) -> Outcome:
    """Feed all at once and ask for the whole body first."""
    engine = _Engine(method)
    engine.asks_whole = True
    return engine.play([data, b""] if closes else [data])


def filled(pieces: Iterable[bytes], method: str = "GET", *, closes: bool = False) -> Outcome:
    """Keep the bytes of a known length away from the parser, and only count them."""
    engine = _Engine(method)
    engine.fills = True
    return engine.play([*pieces, *([b""] if closes else [])])


class _Engine:
    asks_whole = False
    fills = False

    def __init__(self, method: str) -> None:
        self.http = Http11()
        self.http.request(method, b"/a", HOST, None)
        self.body = b""
        self.ended = False

    def play(self, pieces: Sequence[bytes]) -> Outcome:
        http = self.http
        failure: RemoteProtocolError | None = None
        try:
            for piece in pieces:
                self._feed(piece)
                self._take()
        except RemoteProtocolError as error:
            failure = error
        end = COMPLETE if self.ended else MORE
        if failure is not None:
            assert type(failure) in {RemoteProtocolError, HeadTooLarge}
            assert str(failure)
            end = type(failure).__name__
        head = http.head()
        reusable = http.next_exchange()
        if head is None:
            return Outcome(None, (), self.body, end, reusable)
        return Outcome(head.status, head.headers.pairs(), self.body, end, reusable)

    def _feed(self, piece: bytes) -> None:
        missing = self.http.missing
        if self.fills and missing and piece:
            self.body += piece[:missing]
            self.http.fill(min(missing, len(piece)))
            piece = piece[missing:]
            if not piece:
                return
        self.http.feed(piece)

    def _take(self) -> None:
        http = self.http
        if http.head() is None:
            return
        if self.asks_whole:
            self.asks_whole = False  # it is for the moment behind the head
            whole = http.whole()
            if whole is not None:
                self.body, self.ended = whole, True
                assert http.body() == b""
                return
        while piece := http.body():
            self.body += piece
        self.ended = piece is not None
