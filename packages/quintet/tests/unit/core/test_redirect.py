"""Redirects and what travels along."""

from __future__ import annotations

import pytest

from quintet.core.body import open_body
from quintet.core.headers import Headers
from quintet.core.redirect import RedirectPolicy, next_request
from quintet.core.request import Request
from quintet.errors import RedirectError

FOLLOW = RedirectPolicy(follow=True)
HEADERS = (
    ("Accept", "application/json"),
    ("Authorization", "Bearer hunter2"),
    ("X-Api-Key", "hunter2"),
    ("X-Flare", "hunter2"),
    ("Cookie", "hunter2"),
    ("Proxy-Authorization", "hunter2"),
    ("Idempotency-Key", "order-1"),
    ("Content-Type", "application/json"),
    ("Host", "a.example"),
)


def follow(
    location: str | None,
    *,
    status: int = 307,
    request: Request | None = None,
    method: str = "POST",
    policy: RedirectPolicy = FOLLOW,
    hops: int = 0,
) -> Request | None:
    sent = request or Request(method, "https://a.example/v1/jobs?x=1", HEADERS, b"{}")
    headers = Headers([] if location is None else [("Location", location)])
    return next_request(
        sent,
        status,
        headers,
        credential_headers=frozenset({"X-Flare"}),
        policy=policy,
        hops=hops,
    )


def names(request: Request | None) -> set[str]:
    assert request is not None
    return {name for name, _ in request.headers}


@pytest.mark.parametrize(
    ("status", "method", "new_method", "keeps_body"),
    [
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (301, "PUT", "PUT", True),
        (302, "DELETE", "DELETE", True),
        (303, "POST", "GET", False),
        (303, "PUT", "GET", False),
        (303, "GET", "GET", True),
        (303, "HEAD", "HEAD", True),
        (307, "POST", "POST", True),
        (308, "PATCH", "PATCH", True),
        (302, "GET", "GET", True),
    ],
)
def test_method_and_body_follow_the_status(
    status: int, method: str, new_method: str, keeps_body: bool
) -> None:
    request = follow("/v2", status=status, method=method)
    assert request is not None
    assert request.url == "https://a.example/v2"
    assert request.method == new_method
    assert (request.body == b"{}") is keeps_body
    assert ("Content-Type" in names(request)) is keeps_body


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://b.example/x", "https://b.example/x"),
        ("//b.example/x", "https://b.example/x"),
        ("other?y=2#frag", "https://a.example/v1/other?y=2"),
        ("?y=2", "https://a.example/v1/jobs?y=2"),
        ("/a b/\xfc", "https://a.example/a%20b/%FC"),
        ("/a%20b", "https://a.example/a%20b"),
    ],
)
def test_location_is_resolved_and_encoded(location: str, url: str) -> None:
    request = follow(location)
    assert request is not None
    assert request.url == url


def test_same_origin_keeps_credentials_but_not_host() -> None:
    assert names(follow("https://A.example:443/v2")) == {n for n, _ in HEADERS} - {"Host"}


@pytest.mark.parametrize(
    "location",
    [
        "https://b.example/",
        "https://a.example:8443/",
        "https://sub.a.example/",
        "//a.example.b.example",
    ],
)
def test_other_origin_gets_no_credential_in_whatever_header(location: str) -> None:
    request = follow(location)
    assert names(request) == {"Accept", "Content-Type", "Idempotency-Key"}
    assert "hunter2" not in str(request.headers if request else "")


def test_http_to_https_is_another_origin() -> None:
    request = follow("https://h/x", request=Request("GET", "http://h/x", HEADERS))
    assert "Authorization" not in names(request)


@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("http://a.example/", "https to http"),
        ("ftp://a.example/", "cannot be followed"),
        ("javascript:alert(1)", "cannot be followed"),
        ("https://user:pw@a.example/", "cannot be followed"),
        ("https://a.example\\@b.example/", "cannot be followed"),
        ("https://[::1/", "no valid target|cannot be followed"),
        ("https://a.example/v1/jobs?x=1", "same URL"),
        ("", "same URL"),
    ],
)
def test_target_that_must_not_be_followed_is_an_error(location: str, hint: str) -> None:
    with pytest.raises(RedirectError, match=hint) as caught:
        follow(location)
    assert caught.value.status == 307


def test_see_other_to_the_same_url_is_no_loop() -> None:
    request = follow("", status=303)
    assert request is not None
    assert request.method == "GET"


def test_too_many_hops_are_an_error() -> None:
    assert follow("/x", hops=4) is not None
    with pytest.raises(RedirectError, match="more than 5"):
        follow("/x", hops=5)


def test_spent_body_cannot_be_redirected_but_can_be_dropped() -> None:
    body = open_body(iter([b"x"]))
    list(body.chunks())
    request = Request("POST", "https://a.example/up", HEADERS, body)
    with pytest.raises(RedirectError, match="sent again"):
        follow("/x", request=request)
    assert follow("/x", request=request, status=303) is not None


@pytest.mark.parametrize(
    ("location", "status", "policy"),
    [
        ("/x", 307, RedirectPolicy()),
        ("/x", 200, FOLLOW),
        ("/x", 304, FOLLOW),
        ("/x", 300, FOLLOW),
        (None, 302, FOLLOW),
    ],
)
def test_answer_that_is_no_redirect_is_taken_as_it_is(
    location: str | None, status: int, policy: RedirectPolicy
) -> None:
    assert follow(location, status=status, policy=policy) is None
