"""Bytes of answers, and short words for what must come of them."""

from __future__ import annotations

from dataclasses import replace

from .scenario import Answer, Failure, shown

__all__ = [
    "GOOD",
    "answer",
    "broken",
    "chunked",
    "chunks",
    "head",
    "head_too_large",
    "late",
    "nonsense",
    "ok",
    "refused",
    "too_large",
    "undecodable",
]


def head(*lines: str, status: str = "200 OK", version: str = "HTTP/1.1") -> bytes:
    """Return the head of an answer."""
    return "\r\n".join([f"{version} {status}", *lines, "", ""]).encode("latin-1")


def answer(body: bytes = b"", *lines: str, status: str = "200 OK") -> bytes:
    """Return an answer with a declared length."""
    return head(f"Content-Length: {len(body)}", *lines, status=status) + body


def chunks(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return pieces as chunks, with what ends them."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n", lines: tuple[str, ...] = ()) -> bytes:
    """Return an answer in chunks."""
    return head("Transfer-Encoding: chunked", *lines) + chunks(*pieces, end=end)


GOOD = answer(b"good")


def ok(body: bytes = b"", status: int = 200, *lines: tuple[str, str], attempts: int = 1) -> Answer:
    """Expect a complete answer; without ``lines``, with the headers that the peer sent."""
    return Answer(status, shown(body), tuple(lines) or None, attempts=attempts)


def refused(status: int, body: bytes = b"", *, attempts: int = 1) -> Answer:
    """Expect an error for a status."""
    return replace(ok(body, status), refused=True, attempts=attempts)


def broken(progress: int, *, attempts: int = 1, repeatable: bool = True) -> Failure:
    """Expect a connection that could not be made, or broke."""
    return Failure("ConnectionFailure", progress=progress, repeatable=repeatable, attempts=attempts)


def nonsense(progress: int = 2) -> Failure:
    """Expect that bytes were no HTTP."""
    return Failure("ProtocolFailure", progress=progress, repeatable=True)


def late(phase: str, progress: int) -> Failure:
    """Expect that the limit of the attempt passed."""
    return Failure("TimeoutFailure", phase=phase, progress=progress, repeatable=True)


def undecodable() -> Failure:
    """Expect a body that is not what its coding says."""
    return Failure("DecodeError")


def too_large() -> Failure:
    """Expect a body over the bound."""
    return Failure("BodyTooLarge", bound="max_response_bytes")


def head_too_large(bound: str = "max_head_bytes") -> Failure:
    """Expect a head over a bound."""
    return Failure("LimitExceeded", bound=bound)
