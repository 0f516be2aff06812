"""Templates, joining, origins."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given, strategies as st

from quintet.core.url import (
    check_base_url,
    expand,
    join,
    origin,
    path_of,
    percent_encode,
    shown_url,
    with_query,
)
from quintet.errors import ConfigurationError, MisuseError

SEGMENT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text not in {".", ".."}
)


@given(SEGMENT, SEGMENT)
def test_expanded_values_stay_one_segment_and_read_back(first: str, second: str) -> None:
    path = expand("/a/{x}/b/{y}", {"x": first, "y": second})
    parts = path.split("/")
    assert len(parts) == 5
    assert (unquote(parts[2]), unquote(parts[4])) == (first, second)
    assert not set(path) & set("?#;:@ ")
    assert path.isascii()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("a/b", "/jobs/a%2Fb"),
        ("../x", "/jobs/..%2Fx"),
        ("a?b#c%20", "/jobs/a%3Fb%23c%2520"),
        ("ü", "/jobs/%C3%BC"),
        ("A-z_0.~", "/jobs/A-z_0.~"),
        ("...", "/jobs/..."),
    ],
)
def test_expand_encodes_everything_but_the_unreserved(value: str, path: str) -> None:
    assert expand("/jobs/{id}", {"id": value, "ignored": "x"}) == path


def test_expand_without_names_returns_the_template() -> None:
    assert expand("/jobs", {}) == "/jobs"


@pytest.mark.parametrize("value", ["", ".", "..", None, 5, b"x", "\ud800"])
def test_expand_with_a_value_that_is_no_segment_is_misuse(value: object) -> None:
    with pytest.raises(MisuseError):
        expand("/jobs/{id}", {"id": value})  # type: ignore[dict-item]


def test_expand_with_a_missing_value_names_it() -> None:
    with pytest.raises(MisuseError, match="job_id"):
        expand("/jobs/{job_id}", {})


@pytest.mark.parametrize("template", ["/a/{", "/a/{}", "/a/{x"])
def test_expand_with_a_broken_template_is_misuse(template: str) -> None:
    with pytest.raises(MisuseError, match="template"):
        expand(template, {"x": "1"})


def test_percent_encode_keeps_plain_words() -> None:
    assert percent_encode("abc123") == "abc123"
    assert percent_encode("ab²") == "ab%C2%B2"


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("http://h", "/a", "http://h/a"),
        ("http://h/", "/a", "http://h/a"),
        ("http://h/v1", "a", "http://h/v1/a"),
        ("http://h/v1/", "/a/", "http://h/v1/a/"),
    ],
)
def test_join_puts_one_slash_between(base: str, path: str, url: str) -> None:
    assert join(base, path) == url


def test_with_query_appends_what_there_is() -> None:
    assert with_query("http://h/a", "") == "http://h/a"
    assert with_query("http://h/a", "x=1") == "http://h/a?x=1"
    assert with_query("http://h/a?x=1", "y=2") == "http://h/a?x=1&y=2"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://API.Example.com/v1", ("https", "api.example.com", 443)),
        ("HTTP://localhost:8787", ("http", "localhost", 8787)),
        ("http://127.0.0.1?x", ("http", "127.0.0.1", 80)),
        ("http://h#f", ("http", "h", 80)),
        ("http://h:/a", ("http", "h", 80)),
        ("http://[::1]:81/", ("http", "::1", 81)),
        ("https://[2001:DB8::1]", ("https", "2001:db8::1", 443)),
    ],
)
def test_origin_is_in_lower_case_with_a_port(url: str, expected: tuple[str, str, int]) -> None:
    assert origin(url) == expected


BAD_ORIGINS = [
    "",
    "/path",
    "example.com",
    "ftp://secret.example",
    "http://",
    "http:///secret",
    "http://user:secret@h",
    "http://h\\@secret",
    "http://h secret",
    "http://h\tsecret",
    "http://sécret",
    "http://h:secret",
    "http://h:0/secret",
    "http://h:65536/secret",
    "http://h:123456/secret",
    "http://h:-1/secret",
    "http://[::1/secret",
    "http://[secret]",
    "http://[::1]secret",
    "http://[::1]:x/secret",
]


@pytest.mark.parametrize("url", BAD_ORIGINS)
def test_origin_of_what_is_no_plain_url_is_refused_unseen(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        origin(url)
    assert "secret" not in str(caught.value)


@given(st.text())
def test_origin_of_anything_is_a_result_or_our_error(text: str) -> None:
    try:
        scheme, host, port = origin("http://" + text)
    except ConfigurationError:
        return
    assert scheme == "http"
    assert host
    assert 0 < port < 65536


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (" https://h/api/ ", "https://h/api"),
        ("http://h", "http://h"),
        ("http://h:8787/a%20b//", "http://h:8787/a%20b"),
    ],
)
def test_base_url_that_is_fine_is_stripped(url: str, kept: str) -> None:
    assert check_base_url(url) == kept


@pytest.mark.parametrize(
    "url",
    ["http://h?key=secret", "http://h/#secret", "http://h/a b", "http://h/ü", "http://h/{x}", None],
)
def test_base_url_that_is_not_fine_is_refused_unseen(url: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_base_url(url)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://a.example/v1/jobs/x?y=/z", "/v1/jobs/x"),
        ("https://a.example/", "/"),
        ("https://a.example", ""),
        ("https://a.example?q=1", ""),
    ],
)
def test_path_of_a_url_is_what_stands_between_host_and_query(url: str, path: str) -> None:
    assert path_of(url) == path


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.example/v1/things?key=hunter2", "https://api.example/v1/things"),
        ("https://us:hunter2@api.example/x#hunter2", "https://api.example/x"),
        ("https://us@hunter2@api.example", "https://api.example"),
        ("https://us:hunter2@api.example\\x", "https://api.example/x"),
        ("//us:hunter2@api.example/x", "//api.example/x"),
        ("/login@home//x?token=hunter2", "/login@home//x"),
        ("../in?hunter2", "../in"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        (" /a b\x1b[2J\n", "/ab[2J"),
        ("/" + "x" * 500, "/" + "x" * 198 + "…"),
        ("", ""),
    ],
)
def test_url_is_shown_by_origin_and_path_alone(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@given(st.text(), st.text(alphabet="abc:@", max_size=8))
def test_url_of_any_shape_is_one_bounded_line_without_its_query(path: str, user: str) -> None:
    shown = shown_url(f"https://{user}SECRET@h.example/{path}?SECRET")
    assert shown.startswith("https://h.example/")
    assert "SECRET" not in shown
    assert len(shown) <= 200
    assert shown.isprintable()
