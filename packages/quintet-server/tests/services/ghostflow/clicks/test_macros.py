"""Templates: no value changes host, path or parameters."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.clicks.macros import (
    KNOWN,
    check_template,
    compile_template,
)

TEMPLATE = "https://shop.example:8443/{sub1}/.{sub2}/{sub1}{sub2}/end?a={sub3}&b=x{sub4}#f-{sub5}"
VALUES = st.dictionaries(
    st.sampled_from(["sub1", "sub2", "sub3", "sub4", "sub5"]),
    st.one_of(
        st.text(max_size=30),
        st.sampled_from([".", "..", "%2e", "%2E%2e", "/", "//evil.example", "\r\nX: y", "{sub1}"]),
        st.text(alphabet="./\\?#@:&=%2eE\r\n\0{} ", max_size=12),
    ),
)


@given(values=VALUES)
def test_template_with_any_values_keeps_host_path_and_parameters(values: dict[str, str]) -> None:
    url = compile_template(TEMPLATE).expand(values)
    assert url.isascii()
    assert not any(char <= " " or char in "\\\x7f" for char in url)
    parts = urlsplit(url)
    assert parts.netloc == "shop.example:8443"
    segments = parts.path.split("/")
    assert len(segments) == 5
    assert segments[4] == "end"
    # What browsers take for "here" and "upwards" (WHATWG URL standard).
    plain = [segment.lower().replace("%2e", ".") for segment in segments]
    assert "." not in plain
    assert ".." not in plain
    known = {name: value.encode("utf-8", "replace").decode() for name, value in values.items()}
    assert parse_qsl(parts.query, keep_blank_values=True, errors="strict") == [
        ("a", known.get("sub3", "")),
        ("b", f"x{known.get('sub4', '')}"),
    ]
    assert unquote(parts.fragment) == f"f-{known.get('sub5', '')}"


@given(name=st.text(max_size=20), value=st.text(max_size=20))
def test_template_with_appended_parameters_keeps_its_fragment_last(name: str, value: str) -> None:
    template = compile_template("https://a.example/x?y=1#end")
    url = template.expand({}, [(name, value)])
    assert url.endswith("#end")
    assert url.startswith("https://a.example/x?y=1&")
    assert len(parse_qsl(urlsplit(url).query, keep_blank_values=True)) == 2


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("https://a.example", "https://a.example?id=1"),
        ("https://a.example?", "https://a.example?id=1"),
        ("https://a.example/p#f", "https://a.example/p?id=1#f"),
        ("https://a.example/p?x=1", "https://a.example/p?x=1&id=1"),
    ],
)
def test_template_with_an_appended_parameter_makes_room_for_it(
    template: str, expected: str
) -> None:
    assert compile_template(template).expand({}, [("id", "1")]) == expected


def test_template_is_filled_in_one_pass() -> None:
    template = compile_template("https://a.example/?a={sub1}&b={sub2}")
    url = template.expand({"sub1": "{sub2}", "sub2": "x y/é"})
    assert url == "https://a.example/?a=%7Bsub2%7D&b=x%20y%2F%C3%A9"


def test_template_with_unknown_macros_keeps_them_as_text() -> None:
    template = compile_template("https://a.example/{what}?a={nothing}{sub1}&b=}{#{SUB1}")
    assert template.macros == {"sub1"}
    assert (
        template.expand({"sub1": "v", "nothing": "x"})
        == "https://a.example/%7Bwhat%7D?a=%7Bnothing%7Dv&b=%7D%7B#%7BSUB1%7D"
    )


def test_template_knows_every_macro() -> None:
    names = sorted(KNOWN)
    assert len(names) == 27
    url = "https://a.example/?" + "&".join(f"{name}={{{name}}}" for name in names)
    template = compile_template(url)
    assert template.macros == KNOWN
    filled = parse_qsl(urlsplit(template.expand({name: f"<{name}>" for name in names})).query)
    assert filled == [(name, f"<{name}>") for name in names]


def test_template_without_values_leaves_them_empty() -> None:
    assert compile_template("http://a.example/{sub1}/x?c={sub10}").expand({}) == (
        "http://a.example//x?c="
    )


def test_template_with_other_scripts_becomes_ascii() -> None:
    template = compile_template("HTTPS://Bücher.example/straße?q=ü%20|")
    assert template.expand({}) == "https://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%BC%20%7C"


@pytest.mark.parametrize("url", ["http://[::1]:8080/a", "http://localhost/{sub1}", "https://a_b.c"])
def test_check_template_with_an_odd_host_accepts_it(url: str) -> None:
    check_template(url)
    assert compile_template(url).expand({}).startswith(url.split("{")[0])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "absolute"),
        ("/path", "absolute"),
        ("//a.example/x", "absolute"),
        ("javascript:alert(1)", "absolute"),
        ("ftp://a.example", "absolute"),
        ("https://", "absolute"),
        ("https:///x", "absolute"),
        ("https://a.example:99999/", "absolute"),
        ("https://[::1/", "absolute"),
        ("https://user@a.example/", "user name"),
        ("https://user:secret@a.example/", "user name"),
        ("https://{sub1}.example/", "without macros"),
        ("https://{sub1}/", "without macros"),
        ("https://a.example{sub1}/", "without macros"),
        ("https://{unknown}.example/", "without macros"),
        ("https://a.example:{sub1}/", "absolute"),
        ("https://a.example\\@b.example/", "backslashes"),
        ("https://a.example/\r\nX: y", "control"),
        ("https://a.example/\0", "control"),
        ("https://a.example/a b", "spaces"),
        (" https://a.example/", "spaces"),
        ("https://a%2eexample/", "host name"),
        ("https://-\u2000.example/", "host name"),
        (f"https://a.example/{'x' * 2048}", "2048"),
    ],
)
def test_check_template_of_what_is_unsafe_says_why(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_template(url)
