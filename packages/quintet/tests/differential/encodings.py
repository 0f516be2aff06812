"""Content codings, whole, cut and hostile.  The transports hand them on; the runtime decodes."""

from __future__ import annotations

import gzip
import zlib

from quintet.core.codings import accept_encoding

from .scenario import Ask, Do, Drip, Outcome, Scenario
from .wires import answer, broken, chunked, head, ok, refused, too_large, undecodable

__all__ = ["SCENARIOS"]

TEXT = b"All work and no play makes a dull API. " * 50
_TEXT = ok(TEXT)
_LIMIT = {"max_response_bytes": 10_000}


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _raw(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush()


def _coded(
    name: str, coding: str, body: bytes, first: Outcome = _TEXT, **fields: object
) -> Scenario:
    data = answer(body, f"Content-Encoding: {coding}")
    return Scenario(f"coding-{name}", ((data,),), first, **fields)  # type: ignore[arg-type]


def _wrong(name: str, coding: str, body: bytes, **fields: object) -> Scenario:
    # The default engine has read the body by then, and so can keep the connection.
    return _coded(name, coding, body, undecodable(), **{"connections": 1, **fields})


_PACKED = _gzip(TEXT)
_BOMB = _gzip(b"\0" * 5_000_000)

# "good", not compressed at all: no library is needed to write that down.
_BR_GOOD = b"\x30\0\x10good\x03"
_ZSTD_GOOD = b"\x28\xb5\x2f\xfd\x20\x04\x21\0\0good"


def _if_readable(coding: str) -> Outcome:
    """Expect the text if there is a library for the coding."""
    return ok(b"good") if coding in accept_encoding() else undecodable()


_GOOD = (
    _coded("gzip", "gzip", _PACKED),
    _coded("gzip-in-capitals", "GZIP", _PACKED),
    _coded("x-gzip", "x-gzip", _PACKED),
    _coded("deflate-zlib", "deflate", zlib.compress(TEXT)),
    _coded("deflate-raw", "deflate", _raw(TEXT)),
    _coded("deflate-stored", "deflate", zlib.compress(TEXT, 0)),
    _coded("br", "br", _BR_GOOD, _if_readable("br"), connections=1),
    _coded("zstd", "zstd", _ZSTD_GOOD, _if_readable("zstd"), connections=1),
    _coded("identity", "identity", TEXT),
    _coded("empty", "", TEXT),
    _coded("commas", ",,gzip,", _PACKED),
    _coded("gzip-of-nothing", "gzip", _gzip(b""), ok()),
    _coded("gzip-members", "gzip", _gzip(TEXT[:100]) + _gzip(TEXT[100:])),
    _coded("gzip-50-members", "gzip", b"".join(_gzip(b"ab") for _ in range(50)), ok(b"ab" * 50)),
    _coded("gzip-padded", "gzip", _PACKED + b"\0" * 100),
    _coded("gzip-twice", "gzip, gzip", _gzip(_PACKED)),
    _coded("deflate-then-gzip", "deflate, gzip", _gzip(zlib.compress(TEXT))),
    _coded("gzip-then-deflate", "gzip, deflate", zlib.compress(_PACKED)),
    _coded("gzip-and-identity", "gzip, identity", _PACKED),
    _coded("gzip-1m", "gzip", _gzip(TEXT * 500), ok(TEXT * 500)),
    _coded("empty-body", "gzip", b"", ok()),
    _coded("of-head", "gzip", b"", ok(), ask=Ask("HEAD")),
    Scenario(
        "coding-gzip-chunked",
        ((chunked(_PACKED[:10], _PACKED[10:], lines=("Content-Encoding: gzip",)),),),
        ok(TEXT),
    ),
    Scenario(
        "coding-gzip-in-one-byte-chunks",
        ((chunked(*[bytes([b]) for b in _PACKED], lines=("Content-Encoding: gzip",)),),),
        ok(TEXT),
    ),
    Scenario(
        "coding-gzip-until-close",
        ((head("Content-Encoding: gzip") + _PACKED, Do.CLOSE),),
        ok(TEXT),
        connections=2,
    ),
    Scenario(
        "coding-gzip-byte-by-byte",
        ((Drip(answer(_PACKED, "Content-Encoding: gzip"), 0),),),
        ok(TEXT),
    ),
    Scenario(
        "coding-in-two-lines",
        ((answer(_PACKED, "Content-Encoding: gzip", "Content-Encoding: identity"),),),
        ok(TEXT),
    ),
    Scenario(
        "coding-of-204",
        ((head("Content-Encoding: gzip", status="204 No Content"),),),
        ok(b"", 204),
    ),
    Scenario(
        "coding-of-an-error",
        ((answer(_PACKED, "Content-Encoding: gzip", status="422 Odd"),),),
        refused(422, TEXT),
        ask=Ask(any_status=False),
    ),
)

_BAD = (
    _wrong("gzip-truncated", "gzip", _PACKED[:-20]),
    _wrong("gzip-without-checksum", "gzip", _PACKED[:-8]),
    _wrong("gzip-checksum-cut", "gzip", _PACKED[:-1]),
    _wrong("gzip-head-only", "gzip", _PACKED[:10]),
    _wrong("gzip-wrong-checksum", "gzip", _PACKED[:-8] + b"\1\2\3\4" + _PACKED[-4:]),
    _wrong("gzip-wrong-size", "gzip", _PACKED[:-4] + b"\1\2\3\4"),
    _wrong("gzip-damaged", "gzip", _PACKED[:20] + b"\xff" * 20 + _PACKED[40:]),
    _wrong("gzip-not-at-all", "gzip", b"plain text"),
    _wrong("gzip-surplus", "gzip", _PACKED + b"xyz"),
    _wrong("gzip-second-member-cut", "gzip", _PACKED + _PACKED[:15]),
    _wrong("deflate-truncated", "deflate", zlib.compress(TEXT)[:-5]),
    _wrong("deflate-one-byte", "deflate", b"\x78"),
    _wrong("deflate-damaged", "deflate", b"\xff" * 40),
    _wrong("deflate-surplus", "deflate", zlib.compress(TEXT) + b"xyz"),
    _wrong("twice-but-once", "gzip, gzip", _PACKED),
    _wrong("three", "gzip, gzip, gzip", _PACKED),
    _wrong("unknown", "x-secret", TEXT),
    _wrong("compress", "compress", TEXT),
    _wrong("unknown-behind-gzip", "gzip, x-secret", _PACKED),
    _wrong("aes128gcm", "aes128gcm", TEXT),
    Scenario(
        "coding-gzip-connection-cut",
        ((head("Content-Encoding: gzip", "Content-Length: 500") + _PACKED[:40], Do.CLOSE),),
        broken(2),
    ),
    Scenario(
        "coding-gzip-until-close-cut",
        ((head("Content-Encoding: gzip") + _PACKED[:40], Do.CLOSE),),
        undecodable(),
    ),
    Scenario(
        "coding-of-an-error-damaged",
        ((answer(b"plain", "Content-Encoding: gzip", status="500 Odd"),),),
        refused(500),
        ask=Ask(any_status=False),
    ),
)

_LARGE = (
    _coded("bomb", "gzip", _BOMB, too_large(), options=_LIMIT, connections=1),
    _coded(
        "bomb-deflate",
        "deflate",
        zlib.compress(b"\0" * 5_000_000),
        too_large(),
        options=_LIMIT,
        connections=1,
    ),
    _coded("bomb-twice", "gzip, gzip", _gzip(_BOMB), too_large(), options=_LIMIT, connections=1),
    _coded(
        "bomb-members", "gzip", _gzip(b"\0" * 4000) * 5, too_large(), options=_LIMIT, connections=1
    ),
    _coded("at-the-bound", "gzip", _gzip(b"x" * 10_000), ok(b"x" * 10_000), options=_LIMIT),
    _coded(
        "over-the-bound", "gzip", _gzip(b"x" * 10_001), too_large(), options=_LIMIT, connections=1
    ),
    Scenario(
        "coding-bomb-chunked",
        ((chunked(_BOMB[:2000], _BOMB[2000:], lines=("Content-Encoding: gzip",)),),),
        too_large(),
        options=_LIMIT,
        connections=1,
    ),
    Scenario(
        "coding-bomb-of-an-error",
        ((answer(_BOMB, "Content-Encoding: gzip", status="400 Odd"),),),
        refused(400),
        options=_LIMIT,
        ask=Ask(any_status=False),
    ),
    Scenario(
        "coding-long-but-small-declared",
        ((answer(_gzip(b"y" * 9000), "Content-Encoding: gzip"),),),
        ok(b"y" * 9000),
        options=_LIMIT,
    ),
)

SCENARIOS = (*_GOOD, *_BAD, *_LARGE)
