"""Which codings are asked for: those that can be read, and that within a bound."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from quintet.core import codings
from quintet.core.codings import accept_encoding, make_coding
from quintet.errors import DecodeError


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, tuple[str, ...]]]:
    """The table of libraries, to be changed; what was found before is forgotten."""
    table: dict[str, tuple[str, ...]] = dict(codings._LIBRARIES)
    monkeypatch.setattr(codings, "_LIBRARIES", table)
    codings._library.cache_clear()
    accept_encoding.cache_clear()
    yield table
    codings._library.cache_clear()
    accept_encoding.cache_clear()


def test_everything_is_asked_for_where_the_libraries_are() -> None:
    assert accept_encoding() == "gzip, deflate, br, zstd"


def test_without_the_libraries_only_what_python_has_is_asked_for(
    libraries: dict[str, tuple[str, ...]],
) -> None:
    libraries.update(br=("no_such_module",), zstd=("no_such.module",))
    assert accept_encoding() == "gzip, deflate"
    with pytest.raises(DecodeError, match=r"'br'.* only gzip or deflate"):
        make_coding("br")


def test_library_that_cannot_be_bounded_is_left_alone(
    libraries: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = ModuleType("old_brotli")
    old.Decompressor = type("Decompressor", (), {})  # type: ignore[attr-defined]
    old.__spec__ = sys.__spec__
    monkeypatch.setitem(sys.modules, "old_brotli", old)
    libraries["br"] = ("old_brotli",)
    assert "br" not in accept_encoding()


def test_library_that_is_there_and_does_not_load_is_left_alone(
    libraries: dict[str, tuple[str, ...]],
) -> None:
    libraries["zstd"] = ("quintet.no_such_part", "quintet.nor_this")
    assert "zstd" not in accept_encoding()


def test_second_library_is_taken_where_the_first_is_not(
    libraries: dict[str, tuple[str, ...]],
) -> None:
    libraries["br"] = ("no_such_module", "brotlicffi", "brotli")
    assert "br" in accept_encoding()
    stream = make_coding("br")
    assert stream.step(b"\x0b\x02\x80hello\x03", 100)[0] == b"hello"
    assert stream.finished


def test_importing_the_client_loads_no_decoder() -> None:
    script = (
        "import sys, quintet; quintet.ApiClient; "
        "assert not {'brotli', 'backports.zstd', 'compression.zstd'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
