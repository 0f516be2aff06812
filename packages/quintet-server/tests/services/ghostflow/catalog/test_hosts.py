"""Which hosts are hosts, and in which spelling they are kept."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.catalog.hosts import is_local, read_host


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("go.example.com", "go.example.com"),
        (" GO.Example.COM. ", "go.example.com"),
        ("localhost", "localhost"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "[::1]"),
        ("[2001:DB8:0::1]", "[2001:db8::1]"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        ("1.2.3.example", "1.2.3.example"),
    ],
)
def test_host_is_kept_as_requests_have_it(given: str, host: str) -> None:
    assert read_host(given) == host
    assert read_host(host) == host


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        ".",
        "http://go.example.com",
        "go.example.com:8080",
        "go.example.com/",
        "go.example.com/path",
        "go.example.com?x",
        "user@go.example.com",
        "go example.com",
        "go..example.com",
        ".example.com",
        "-a.example.com",
        "a-.example.com",
        "a_b.example.com",
        "*.example.com",
        "a" * 64 + ".example",
        ".".join(["a" * 60] * 5),
        "xn--a.example",
        "1.2.3",
        "256.1.1.1",
        "127.1",
        "0x7f.1",
        "fe80::1%eth0",
        "[::1",
        "{sub1}.example",
        "a\u0000.example",
        "a\nb",
        "-",
        "\u2024",
    ],
)
def test_host_with_anything_around_it_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must"):
        read_host(given)


@given(st.text(max_size=40))
def test_any_text_is_a_host_in_its_own_spelling_or_refused(text: str) -> None:
    try:
        host = read_host(text)
    except ValueError:
        return
    assert host == read_host(host)
    assert host.isascii()
    assert host == host.lower()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("shop.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("[::ffff:127.0.0.1]", True),
        ("notlocalhost", False),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
        ("[2001:db8::1]", False),
        ("go.example.com", False),
    ],
)
def test_only_the_machine_itself_is_local(host: str, expected: bool) -> None:
    assert is_local(host) is expected
