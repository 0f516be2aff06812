"""Redirects: off by default; followed by the runtime's own rules, whatever carries the requests."""

from __future__ import annotations

from typing import Any

from quintet import RedirectPolicy, open_body

from .scenario import Ask, Do, Failure, Outcome, Scenario, Script
from .wires import GOOD, answer, head, ok, refused

__all__ = ["SCENARIOS"]

_LOOKS = ("authorization", "x-project-key")
_BOTH = "authorization=Bearer sesame x-project-key=sesame"
_NEITHER = "authorization=- x-project-key=-"
_WRONG = Failure("RedirectError")
_GOOD = ok(b"good", 200, ("content-length", "4"))


def _to(location: str, status: int = 302, *lines: str) -> bytes:
    return answer(b"", f"Location: {location}", *lines, status=f"{status} Moved")


def _followed(
    name: str,
    *turns: Script,
    first: Outcome = _GOOD,
    requests: tuple[str, ...] | None = None,
    method: str = "GET",
    body: Any = None,
    max_hops: int = 5,
    looks: tuple[str, ...] | None = (),
    **fields: Any,
) -> Scenario:
    return Scenario(
        f"redirect-{name}",
        turns,
        first,
        None,
        ask=Ask(method, body, any_status=False, operation="safe" if method == "GET" else "never"),
        options={"redirects": RedirectPolicy(follow=True, max_hops=max_hops)},
        calls=1,
        connections=fields.pop("connections", 1),
        looks=None if requests is None else looks,
        requests=requests,
        **fields,
    )


def _target(name: str, location: str, target: str) -> Scenario:
    seen = ("GET /thing", f"GET {target}")
    return _followed(f"to-{name}", (_to(location),), (GOOD,), requests=seen)


def _code(status: int, method: str) -> Scenario:
    keeps = status in (307, 308) or method in ("GET", "HEAD") or (status != 303 and method == "PUT")
    after = method if keeps else "GET"
    body = None if method in ("GET", "HEAD") else lambda: b"data"
    sent = " data" if body else ""
    there = " data" if body and keeps else ""
    return _followed(
        f"{status}-of-{method.lower()}",
        (_to("/there", status),),
        (head("Content-Length: 4") if after == "HEAD" else GOOD,),
        first=_GOOD if after != "HEAD" else ok(b"", 200, ("content-length", "4")),
        requests=(f"{method} /thing{sent}", f"{after} /there{there}"),
        method=method,
        body=body,
    )


_CODES = tuple(
    _code(status, method)
    for status in (301, 302, 303, 307, 308)
    for method in ("GET", "POST", "PUT", "HEAD")
)

_TARGETS = (
    _target("a-path", "/there", "/there"),
    _target("a-name", "there", "/there"),
    _target("a-query", "?q=1", "/thing?q=1"),
    _target("dots", "/a/../there", "/there"),
    _target("its-own-address", "http://@HERE@/there", "/there"),
    _target("an-address-without-scheme", "//@HERE@/there", "/there"),
    _target("a-fragment", "/there#part", "/there"),
    _target("a-space", "/there and back", "/there%20and%20back"),
    _target("latin", "/th\xe9re", "/th%E9re"),
    _target("the-root", "http://@HERE@", "/"),
    _followed("to-ftp", (_to("ftp://@HERE@/x"),), first=_WRONG),
    _followed("to-script", (_to("javascript:alert(1)"),), first=_WRONG),
    _followed("to-a-user", (_to("http://me:pw@@HERE@/x"),), first=_WRONG),
    _followed("to-a-bad-port", (_to("http://127.0.0.1:99999/x"),), first=_WRONG),
    _followed("to-nowhere", (answer(b"", status="302 Moved"),), first=refused(302)),
    _followed("of-300", (_to("/there", 300),), first=refused(300)),
    _followed("of-305", (_to("/there", 305),), first=refused(305)),
    _followed("to-itself", (_to("/thing"),), first=_WRONG),
    _followed(
        "in-a-circle", (_to("/b"),), (_to("/thing"),), (_to("/b"),), first=_WRONG, max_hops=2
    ),
    _followed(
        "without-end",
        (_to("/next?@HERE@"),),
        (_to("/other"),),
        (_to("/more"),),
        (_to("/last"),),
        first=_WRONG,
        max_hops=3,
    ),
    _followed(
        "three-times",
        (_to("/a"),),
        (_to("/b"),),
        (_to("/c"),),
        (GOOD,),
        requests=("GET /thing", "GET /a", "GET /b", "GET /c"),
        max_hops=3,
    ),
)


def _away(name: str, location: str, status: int = 307, *, method: str = "GET") -> Scenario:
    body = None if method == "GET" else lambda: b"data"
    sent = "" if method == "GET" else " data"
    there = sent if status in (307, 308) else ""
    after = method if there else "GET"
    return _followed(
        name,
        (_to(location, status),),
        elsewhere=((GOOD,),),
        requests=(f"{method} /thing {_BOTH}{sent}", f"there: {after} /there {_NEITHER}{there}"),
        method=method,
        body=body,
        looks=_LOOKS,
    )


_ORIGINS = (
    _away("elsewhere", "http://@ELSE@/there"),
    _away("elsewhere-without-scheme", "//@ELSE@/there"),
    _away("elsewhere-with-data", "http://@ELSE@/there", method="POST"),
    _away("elsewhere-as-get", "http://@ELSE@/there", 303, method="POST"),
    _followed(
        "here-with-credentials",
        (_to("/there"),),
        (GOOD,),
        requests=(f"GET /thing {_BOTH}", f"GET /there {_BOTH}"),
        looks=_LOOKS,
    ),
    _followed(
        "elsewhere-and-back",
        (_to("http://@ELSE@/there"),),
        (GOOD,),
        elsewhere=((_to("http://@HERE@/back"),),),
        requests=(
            f"GET /thing {_BOTH}",
            f"GET /back {_NEITHER}",
            f"there: GET /there {_NEITHER}",
        ),
        looks=_LOOKS,
    ),
)


def _not_followed(status: int) -> Scenario:
    return Scenario(
        f"redirect-{status}-not-followed",
        ((_to("/there", status),),),
        refused(status),
        ask=Ask(any_status=False),
        looks=(),
        requests=("GET /thing", "GET /thing"),
    )


_OTHER = (
    *map(_not_followed, (301, 302, 303, 307, 308)),
    _followed(
        "of-a-stream-that-is-gone",
        (_to("/there", 307),),
        first=_WRONG,
        method="POST",
        body=lambda: open_body(piece for piece in (b"a", b"b")),
    ),
    _followed(
        "of-a-stream-that-is-not-needed",
        (_to("/there", 303),),
        (GOOD,),
        requests=("POST /thing ab", "GET /there"),
        method="POST",
        body=lambda: open_body(piece for piece in (b"a", b"b")),
    ),
    _followed(
        "with-a-body",
        (answer(b"moved" * 1000, "Location: /there", status="302 Moved"),),
        (GOOD,),
        requests=("GET /thing", "GET /there"),
    ),
    _followed(
        "that-closes",
        (_to("/there", 302, "Connection: close"), Do.CLOSE),
        (GOOD,),
        requests=("GET /thing", "GET /there"),
        connections=2,
    ),
    _followed(
        "whose-body-is-cut",
        (head("Location: /there", "Content-Length: 9", status="302 Moved") + b"half", Do.CLOSE),
        (GOOD,),
        requests=("GET /thing", "GET /there"),
        connections=2,
    ),
    _followed(
        "from-https-to-http",
        (_to("http://@HERE@/there"),),
        first=_WRONG,
        certificate="good",
    ),
)

SCENARIOS = (*_CODES, *_TARGETS, *_ORIGINS, *_OTHER)
