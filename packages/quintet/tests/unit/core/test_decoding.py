"""Content codings and their bound."""

from __future__ import annotations

import gzip
import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace

import brotli
import pytest
from hypothesis import given, strategies as st

from quintet.core.decoding import BodyDecoder
from quintet.errors import BodyTooLarge, DecodeError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"The quick brown fox. " * 20_000


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def br(data: bytes) -> bytes:
    return brotli.compress(data, quality=4)  # the default takes its time


CODINGS: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "deflate": zlib.compress,
    " Deflate , identity": raw_deflate,
    "deflate, gzip": lambda data: gzip.compress(zlib.compress(data)),
    "gzip, deflate": lambda data: raw_deflate(gzip.compress(data)),
    "br": br,
    "ZSTD": zstd.compress,
    "zstd, br": lambda data: br(zstd.compress(data)),
}


def decode(decoder: BodyDecoder, raw: bytes, cuts: list[int]) -> bytes:
    places = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    out = b"".join(decoder.feed(raw[start:end]) for start, end in pairwise(places))
    return out + decoder.finish()


@pytest.mark.parametrize("coding", CODINGS)
@given(data=st.binary(max_size=500) | st.just(TEXT), cuts=st.lists(st.integers(0, 2**20)))
def test_body_in_any_coding_and_any_pieces_reads_back(
    coding: str | None, data: bytes, cuts: list[int]
) -> None:
    raw = CODINGS[coding](data)
    assert decode(BodyDecoder(coding, len(data)), raw, cuts) == data
    assert decode(BodyDecoder(coding, None), raw, cuts) == data


@pytest.mark.parametrize("coding", CODINGS)
def test_body_byte_by_byte_reads_back(coding: str | None) -> None:
    data = b"short text, short text"
    raw = CODINGS[coding](data)
    assert decode(BodyDecoder(coding, len(data)), raw, list(range(len(raw)))) == data


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("limit", [0, 1, 65_535, 65_536, len(TEXT) - 1])
def test_body_above_the_limit_stops_there(coding: str | None, limit: int) -> None:
    decoder = BodyDecoder(coding, limit)
    with pytest.raises(BodyTooLarge, match="max_response_bytes") as caught:
        decode(decoder, CODINGS[coding](TEXT), [])
    assert caught.value.limit == limit
    assert caught.value.bound == "max_response_bytes"


def test_bomb_costs_the_limit_and_not_its_size() -> None:
    inflated = 0
    bomb = gzip.compress(gzip.compress(bytes(200_000_000), 9), 9)
    assert len(bomb) < 20_000
    decoder = BodyDecoder("gzip, gzip", 100_000)
    with pytest.raises(BodyTooLarge):
        inflated += len(decoder.feed(bomb))
    assert inflated == 0


def test_bomb_between_two_codings_is_stopped_as_well() -> None:
    # Empty members, as many as make ten megabytes: nothing ever comes out at the end.
    bomb = gzip.compress(gzip.compress(b"") * 500_000)
    with pytest.raises(BodyTooLarge):
        BodyDecoder("gzip, gzip", 100_000).feed(bomb)


def test_incompressible_body_compressed_twice_at_the_limit_passes() -> None:
    data = random.Random(1).randbytes(300_000)
    raw = gzip.compress(gzip.compress(data))
    assert decode(BodyDecoder("gzip, gzip", len(data)), raw, [1000]) == data


def test_gzip_of_several_members_and_padding_is_one_body() -> None:
    raw = gzip.compress(b"one ") + bytes(5) + gzip.compress(b"two") + bytes(9)
    for cuts in ([], list(range(len(raw)))):
        assert decode(BodyDecoder("gzip", None), raw, cuts) == b"one two"


def test_output_that_zlib_holds_back_is_fetched() -> None:
    # A run ends just behind a full piece with the input used up; raw deflate has no trailer left.
    for size in range(64 * 1024 - 2, 64 * 1024 + 300):
        data = b"a" * size
        assert decode(BodyDecoder("deflate", None), raw_deflate(data), []) == data


@pytest.mark.parametrize("coding", ["gzip", "deflate", "deflate, gzip", "br", "zstd"])
def test_empty_body_needs_no_coding(coding: str) -> None:
    decoder = BodyDecoder(coding, 10)
    assert decoder.feed(b"") == b""
    assert decoder.finish() == b""


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, deflate", "br", "ZSTD"])
@pytest.mark.parametrize("keep", [1, 5, -1])
def test_body_cut_in_the_middle_is_an_error(coding: str, keep: int) -> None:
    raw = CODINGS[coding](TEXT) if coding in CODINGS else b""
    decoder = BodyDecoder(coding, None)
    decoder.feed(raw[:keep])
    with pytest.raises(DecodeError, match="before it was complete"):
        decoder.finish()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_body_that_is_not_what_it_says_is_an_error(coding: str) -> None:
    with pytest.raises(DecodeError, match=f"not valid {coding}") as caught:
        BodyDecoder(coding, None).feed(b"\xff\xff{}")
    assert type(caught.value.__cause__).__name__.lower() in {"error", "zstderror"}


def test_gzip_with_a_wrong_checksum_is_an_error() -> None:
    raw = bytearray(gzip.compress(b"data"))
    raw[-5] ^= 1
    with pytest.raises(DecodeError):
        BodyDecoder("gzip", None).feed(bytes(raw))


def test_deflate_with_data_after_its_end_is_an_error() -> None:
    with pytest.raises(DecodeError, match="after the end"):
        BodyDecoder("deflate", None).feed(zlib.compress(b"x") + b"y")


@pytest.mark.parametrize("pause", [True, False])
def test_br_with_data_after_its_end_is_an_error(pause: bool) -> None:
    decoder, raw = BodyDecoder("br", None), brotli.compress(b"x")
    with pytest.raises(DecodeError):
        if pause:
            decoder.feed(raw)
            raw = b""
        decoder.feed(raw + b"\0")


def test_zstd_of_several_frames_is_one_body() -> None:
    skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc"
    raw = zstd.compress(b"one ") + skippable + zstd.compress(b"two") + skippable
    for cuts in ([], list(range(len(raw)))):
        assert decode(BodyDecoder("zstd", None), raw, cuts) == b"one two"


def test_zstd_window_larger_than_a_content_coding_may_have_is_refused() -> None:
    large = {zstd.CompressionParameter.window_log: 27}
    compressor = zstd.ZstdCompressor(options=large)
    raw = compressor.compress(bytes(10)) + compressor.flush()
    with pytest.raises(DecodeError, match="not valid zstd"):
        BodyDecoder("zstd", None).feed(raw)


@pytest.mark.parametrize(
    ("coding", "compress"),
    [("gzip", gzip.compress), ("br", br), ("zstd", zstd.compress)],
)
def test_body_without_a_limit_is_made_piece_by_piece(
    coding: str, compress: Callable[[bytes], bytes]
) -> None:
    raw = compress(bytes(20_000_000))
    tracemalloc.start()
    try:
        made = sum(len(piece) for piece in BodyDecoder(coding, None).pieces(raw))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made == 20_000_000
    assert peak < 1_000_000


@pytest.mark.parametrize("coding", ["compress", "gzip, aes128gcm", "x" * 1000])
def test_unknown_coding_is_an_error_that_names_it(coding: str) -> None:
    with pytest.raises(DecodeError, match=coding.split()[-1][:40]) as caught:
        BodyDecoder(coding, None)
    assert len(str(caught.value)) < 200


def test_more_than_two_codings_are_an_error() -> None:
    with pytest.raises(DecodeError, match="more than 2"):
        BodyDecoder("gzip, gzip, gzip", None)


@given(st.sampled_from(["gzip", "deflate", "br", "zstd"]), st.binary(max_size=200))
def test_any_bytes_are_decoded_or_our_error(coding: str, raw: bytes) -> None:
    decoder = BodyDecoder(coding, 1000)
    try:
        assert len(decoder.feed(raw)) <= 1000
        decoder.finish()
    except (DecodeError, BodyTooLarge):
        pass


def test_want_of_memory_is_not_taken_for_a_broken_body(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(data: bytes, room: int) -> tuple[bytes, bytes, bool]:
        raise MemoryError

    starved = SimpleNamespace(finished=False, several=False, step=step)
    monkeypatch.setattr("quintet.core.decoding.make_coding", lambda name: starved)
    with pytest.raises(MemoryError):
        BodyDecoder("gzip", None).feed(b"x")
