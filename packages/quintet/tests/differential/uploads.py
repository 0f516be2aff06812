"""Request bodies on their way out, and answers that do not wait for their end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from quintet import Backoff, RetryPolicy, open_body

from .scenario import Ask, Do, Failure, Outcome, Scenario, Script, shown
from .wires import GOOD, answer, broken, head, ok, refused

__all__ = ["SCENARIOS"]

_LOOKS = ("content-length", "transfer-encoding")
_LONG = b"0123456789abcdef" * 65536  # 1 MiB
_GOOD = ok(b"good")
_CHUNKED = "content-length=- transfer-encoding=chunked"


def _sized(count: int) -> str:
    return f"content-length={count} transfer-encoding=-"


def _sent(
    name: str,
    body: Any,
    seen: str,
    *,
    method: str = "POST",
    first: Outcome = _GOOD,
    turns: tuple[Script, ...] = ((GOOD,),),
    **fields: Any,
) -> Scenario:
    arguments = fields.pop("arguments", {})
    return Scenario(
        f"upload-{name}",
        turns,
        first,
        ask=Ask(method, body, any_status=False, operation="never", arguments=arguments),
        looks=_LOOKS,
        requests=(f"{method} /thing {seen}".rstrip(),) * 2,
        **fields,
    )


def _early(name: str, *script: Any, body: Any, first: Outcome, certificate: str = "") -> Scenario:
    """Answer before the body of the request was read, once.

    Whether the client saw the answer while it was sending, and so gave the connection up, is a
    matter of moments.
    """
    return Scenario(
        f"early-{name}",
        ((Do.HEAD_ONLY, *script),),
        first,
        ask=Ask("POST", body, any_status=False, operation="never"),
        certificate=certificate,
        calls=1,
        connections=1,
    )


def _pieces(*pieces: bytes, length: int | None = None) -> Any:
    return lambda: open_body((piece for piece in pieces), length=length)


def _failing(length: int | None = None) -> Any:
    def pieces() -> Iterator[bytes]:
        yield b"begun"
        raise OSError("the disk is gone")

    return lambda: open_body(pieces(), length=length)


_SENT = (
    _sent("of-bytes", lambda: b"data", f"{_sized(4)} data"),
    _sent("of-no-bytes", lambda: b"", _sized(0)),
    _sent("of-json", None, f'{_sized(7)} {{"a":1}}', arguments={"json": {"a": 1}}),
    _sent(
        "of-json-text",
        None,
        f'{_sized(6)} "\xc3\xa9\xc3\xa9"'.replace("6", "6"),
        arguments={"json": "éé"},
    ),
    _sent("of-binary", lambda: b"\0\r\n\xff", f"{_sized(4)} \0\r\n\xff"),
    _sent("of-1m", lambda: _LONG, f"{_sized(1 << 20)} {shown(_LONG)}"),
    _sent("of-none", None, _sized(0)),
    _sent("of-none-by-get", None, "content-length=- transfer-encoding=-", method="GET"),
    _sent("of-none-by-delete", None, "content-length=- transfer-encoding=-", method="DELETE"),
    _sent("by-get", lambda: b"data", f"{_sized(4)} data", method="GET"),
    _sent("by-put", lambda: b"data", f"{_sized(4)} data", method="PUT"),
    _sent("by-patch", lambda: b"data", f"{_sized(4)} data", method="PATCH"),
    _sent("by-delete", lambda: b"data", f"{_sized(4)} data", method="DELETE"),
    _sent("of-a-buffer", lambda: open_body(b"data"), f"{_sized(4)} data"),
    _sent("of-an-empty-buffer", lambda: open_body(b""), _sized(0)),
    _sent("of-a-list", lambda: open_body([b"da", b"ta"]), f"{_CHUNKED} data"),
    _sent("of-a-generator", _pieces(b"da", b"ta"), f"{_CHUNKED} data"),
    _sent("of-a-generator-with-length", _pieces(b"da", b"ta", length=4), f"{_sized(4)} data"),
    _sent("of-a-generator-too-long", _pieces(b"da", b"ta", length=3), f"{_sized(3)} dat"),
    _sent("of-an-empty-generator", _pieces(), _CHUNKED),
    _sent("of-empty-pieces", _pieces(b"", b"da", b"", b"ta", b""), f"{_CHUNKED} data"),
    _sent(
        "of-1m-in-pieces", _pieces(*[b"x" * 4096] * 256), f"{_CHUNKED} {shown(b'x' * (1 << 20))}"
    ),
    _sent(
        "of-1m-with-length",
        _pieces(*[b"x" * 4096] * 256, length=1 << 20),
        f"{_sized(1 << 20)} {shown(b'x' * (1 << 20))}",
    ),
    _sent(
        "of-1m-over-tls",
        lambda: _LONG,
        f"{_sized(1 << 20)} {shown(_LONG)}",
        certificate="good",
    ),
    _sent(
        "of-pieces-over-tls",
        _pieces(*[b"x" * 4096] * 64),
        f"{_CHUNKED} {shown(b'x' * (1 << 18))}",
        certificate="good",
    ),
    _sent(
        "that-is-refused",
        lambda: b"data",
        f"{_sized(4)} data",
        turns=((answer(b"no", status="422 No"),),),
        first=refused(422, b"no"),
    ),
    _sent(
        "behind-100",
        lambda: b"data",
        f"{_sized(4)} data",
        turns=((head(status="100 Continue") + GOOD,),),
    ),
    Scenario(
        "upload-behind-100-at-once",
        ((Do.HEAD_ONLY, head(status="100 Continue"), Do.BODY, GOOD),),
        _GOOD,
        ask=Ask("POST", _pieces(*[b"x" * 4096] * 64), operation="never"),
        looks=_LOOKS,
        requests=(f"POST /thing {_CHUNKED} {shown(b'x' * (1 << 18))}",) * 2,
    ),
)

_FAILING = (
    Scenario(
        "upload-that-fails-in-the-middle",
        ((GOOD,),),
        Failure("OSError"),
        ask=Ask("POST", _failing(), operation="never"),
    ),
    Scenario(
        "upload-with-length-that-fails-in-the-middle",
        ((GOOD,),),
        Failure("OSError"),
        ask=Ask("POST", _failing(10), operation="never"),
    ),
    Scenario(
        "upload-shorter-than-promised",
        ((GOOD,),),
        Failure("MisuseError"),
        ask=Ask("POST", _pieces(b"da", length=4), operation="never"),
    ),
    Scenario(
        "upload-of-no-bytes-at-all",
        ((GOOD,),),
        Failure("MisuseError"),
        ask=Ask("POST", lambda: open_body(["text"]), operation="never"),
    ),
)

_413 = answer(b"too much", status="413 Content Too Large")

_EARLY = (
    _early(
        "413-of-bytes", _413, Do.SHUT, Do.DRAIN, body=lambda: _LONG, first=refused(413, b"too much")
    ),
    _early(
        "413-of-pieces",
        _413,
        Do.SHUT,
        Do.DRAIN,
        body=_pieces(*[b"x" * 65536] * 64),
        first=refused(413, b"too much"),
    ),
    _early(
        "413-of-a-length",
        _413,
        Do.SHUT,
        Do.DRAIN,
        body=_pieces(*[b"x" * 65536] * 64, length=1 << 22),
        first=refused(413, b"too much"),
    ),
    _early(
        "413-read-to-the-end", _413, Do.BODY, body=lambda: _LONG, first=refused(413, b"too much")
    ),
    _early(
        "413-over-tls",
        _413,
        Do.BODY,
        body=lambda: _LONG,
        first=refused(413, b"too much"),
        certificate="good",
    ),
    _early("200-read-to-the-end", GOOD, Do.BODY, body=lambda: _LONG, first=_GOOD),
    _early("closed", Do.CLOSE, body=lambda: _LONG, first=broken(1)),
    _early("reset", Do.RESET, body=lambda: _LONG, first=broken(1)),
    _early("reset-of-pieces", Do.RESET, body=_pieces(*[b"x" * 65536] * 64), first=broken(1)),
)


def _again(
    name: str, body: Any, first: Outcome, connections: int, seen: tuple[str, ...], *script: Any
) -> Scenario:
    retry = RetryPolicy(statuses=frozenset({503}), backoff=Backoff(0.0, 0.0), max_retries=1)
    return Scenario(
        f"upload-again-{name}",
        (script, (GOOD,)),
        first,
        None,
        ask=Ask("PUT", body, any_status=False, operation="idempotent"),
        options={"retry": retry},
        calls=1,
        connections=connections,
        looks=_LOOKS,
        requests=tuple(f"PUT /thing {line}" for line in seen),
    )


_TWICE = ok(b"good", 200, ("content-length", "4"), attempts=2)
_BUSY = answer(b"", status="503 Busy")

_AGAIN = (
    _again("of-bytes", lambda: b"data", _TWICE, 1, (f"{_sized(4)} data",) * 2, _BUSY),
    _again(
        "of-a-list", lambda: open_body([b"da", b"ta"]), _TWICE, 1, (f"{_CHUNKED} data",) * 2, _BUSY
    ),
    _again("of-a-generator", _pieces(b"data"), refused(503), 1, (f"{_CHUNKED} data",), _BUSY),
    _again("of-bytes-closed", lambda: b"data", _TWICE, 2, (f"{_sized(4)} data",) * 2, Do.CLOSE),
    _again("of-bytes-reset", lambda: b"data", _TWICE, 2, (f"{_sized(4)} data",) * 2, Do.RESET),
    _again(
        "of-a-list-closed",
        lambda: open_body([b"data"]),
        _TWICE,
        2,
        (f"{_CHUNKED} data",) * 2,
        Do.CLOSE,
    ),
    _again(
        "of-a-generator-closed", _pieces(b"data"), broken(1), 1, (f"{_CHUNKED} data",), Do.CLOSE
    ),
)

SCENARIOS = (*_SENT, *_FAILING, *_EARLY, *_AGAIN)
