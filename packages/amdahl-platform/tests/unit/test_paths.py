"""Paths that were written out: encoded once, and never leading elsewhere."""

from __future__ import annotations

from posixpath import normpath
from urllib.parse import unquote

import pytest
from hypothesis import given, strategies as st

from amdahl import MisuseError
from amdahl._paths import split_path
from amdahl._wire import for_path
from quintet.core.retry import RetryClass


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/pages", "/pages"),
        ("pages/1", "/pages/1"),
        ("/pages/a%2Fb", "/pages/a%2Fb"),
        ("/pages/50%", "/pages/50%25"),
        ("/pages/ü", "/pages/%C3%BC"),
        ("/pages/{id}", "/pages/%7Bid%7D"),
        ("/pages/a:b@c;d=e,f", "/pages/a:b@c;d=e,f"),
        ("/pages/..a/.b", "/pages/..a/.b"),
    ],
)
def test_path_is_encoded_once(path: str, sent: str) -> None:
    assert split_path(path) == (sent, None)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/pages/",
        "/pages//x",
        "//evil.example/x",
        "https://evil.example/x",
        "/pages/../webhooks/1",
        "/pages/./1",
        "/pages/%2e%2E/1",
        "/pages/..%2Fwebhooks",
        "/pages/..%5Cwebhooks",
        "/pages/a\\b",
        "/pages/a b",
        "/pages/a\nb",
        "/pages/1#x",
        "/pages?x=1#y",
    ],
)
def test_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(MisuseError):
        split_path(path)


def test_path_that_is_no_text_is_refused() -> None:
    with pytest.raises(MisuseError, match="must be a str"):
        split_path(7)  # type: ignore[arg-type]


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=12))
def test_whatever_is_accepted_stays_where_it_is(text: str) -> None:
    try:
        sent, _ = split_path("/pages/" + text)
    except MisuseError:
        return
    bare = unquote(sent)
    assert sent.isascii()
    assert sent.startswith("/pages/")
    assert normpath(bare.replace("\\", "/")).startswith("/pages/")


def test_query_of_the_path_and_params_become_one() -> None:
    assert split_path("/x?a=1&a=2&b=") == ("/x", {"a": ["1", "2"], "b": [""]})
    assert split_path("/x?a=1&c=3", {"a": 9}) == ("/x", {"a": 9, "c": ["3"]})
    assert split_path("/x?") == ("/x", None)


@pytest.mark.parametrize(
    ("method", "path", "name", "kind"),
    [
        ("GET", "/pages/templates", "pages.templates", RetryClass.SAFE),
        ("GET", "/pages/1", "pages.get", RetryClass.SAFE),
        ("POST", "/pages/validate", "pages.validate", RetryClass.SAFE),
        ("POST", "/agents/run", "agents.start", RetryClass.KEYED),
        ("POST", "/agents/as_1/cancel", "agents.cancel", RetryClass.IDEMPOTENT),
        ("POST", "/enrich", "POST /enrich", RetryClass.NEVER),
        ("PATCH", "/unknown/1", "PATCH /unknown/1", RetryClass.NEVER),
        ("PUT", "/unknown/1", "PUT /unknown/1", RetryClass.IDEMPOTENT),
        ("DELETE", "/unknown/1", "DELETE /unknown/1", RetryClass.IDEMPOTENT),
    ],
)
def test_path_finds_its_line_of_the_table(
    method: str, path: str, name: str, kind: RetryClass
) -> None:
    found = for_path(method, path)
    assert (found.name, found.retry, found.path, found.method) == (name, kind, path, method)
