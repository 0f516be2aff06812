"""Proxies of the environment: forwarding, tunnels, credentials, refusals, nonsense."""

from __future__ import annotations

from typing import Any

from .scenario import Ask, Do, Drip, Outcome, Scenario, Script
from .wires import GOOD, answer, broken, chunked, head, head_too_large, nonsense, ok

__all__ = ["SCENARIOS"]

_HTTP = "http://origin.example:8080"
_HTTPS = "https://origin.example"
_LOOKS = ("host", "proxy-authorization", "authorization")
_GOOD = ok(b"good", 200, ("content-length", "4"))
_BASIC = "Basic bWU6cEBzcw=="
_TUNNEL: Script = (b"HTTP/1.1 200 Connection established\r\n\r\n", Do.TLS)


def _forward(
    name: str,
    *script: Any,
    first: Outcome = _GOOD,
    variables: dict[str, str] | None = None,
    seen: str | None = None,
    **fields: Any,
) -> Scenario:
    return Scenario(
        f"proxy-{name}",
        (script or (GOOD,),),
        first,
        url=fields.pop("url", _HTTP),
        environment=variables or {"HTTP_PROXY": "http://@HERE@"},
        looks=None if seen is None else _LOOKS,
        requests=None if seen is None else (seen,) * 2,
        **fields,
    )


def _tunnelled(
    name: str,
    *turns: Script,
    first: Outcome = _GOOD,
    variables: dict[str, str] | None = None,
    seen: tuple[str, ...] | None = None,
    certificate: str = "good",
    **fields: Any,
) -> Scenario:
    return Scenario(
        f"tunnel-{name}",
        turns or (_TUNNEL, (GOOD,)),
        first,
        url=_HTTPS,
        environment=variables or {"HTTPS_PROXY": "http://@HERE@"},
        certificate=certificate,
        looks=None if seen is None else _LOOKS,
        requests=seen,
        **fields,
    )


_ASKED = "GET http://origin.example:8080/thing host=origin.example:8080"
_BEARER = "authorization=Bearer sesame"

_FORWARD = (
    _forward("forwards", seen=f"{_ASKED} proxy-authorization=- {_BEARER}"),
    _forward(
        "with-credentials",
        variables={"HTTP_PROXY": "http://me:p%40ss@@HERE@"},
        seen=f"{_ASKED} proxy-authorization={_BASIC} {_BEARER}",
    ),
    _forward(
        "with-user-only",
        variables={"HTTP_PROXY": "http://me@@HERE@"},
        seen=f"{_ASKED} proxy-authorization=Basic bWU6 {_BEARER}",
    ),
    _forward("in-lower-case", variables={"http_proxy": "http://@HERE@"}),
    _forward("for-all", variables={"ALL_PROXY": "http://@HERE@"}),
    _forward("without-scheme", variables={"HTTP_PROXY": "@HERE@"}),
    _forward(
        "on-the-default-port",
        url="http://origin.example",
        seen=f"GET http://origin.example/thing host=origin.example proxy-authorization=- {_BEARER}",
    ),
    _forward(
        "for-another-name", variables={"HTTP_PROXY": "http://@HERE@", "NO_PROXY": "other.example"}
    ),
    _forward("that-says-502", answer(b"", status="502 Bad Gateway"), first=ok(b"", 502)),
    _forward(
        "that-says-407",
        answer(b"", "Proxy-Authenticate: Basic", status="407 Who"),
        first=ok(b"", 407),
    ),
    _forward("that-says-nothing", Do.CLOSE, first=broken(1)),
    _forward("that-resets", Do.RESET, first=broken(1)),
    _forward("that-speaks-nonsense", b"nonsense\r\n\r\n", Do.CLOSE, first=nonsense()),
    _forward("that-cuts-the-body", head("Content-Length: 9") + b"half", Do.CLOSE, first=broken(2)),
    _forward("that-sends-chunks", chunked(b"good"), first=ok(b"good")),
    _forward("that-closes", answer(b"good", "Connection: close"), first=ok(b"good"), connections=2),
    _forward(
        "for-a-write",
        ask=Ask("POST", lambda: b"data", operation="never"),
        seen=f"POST {_ASKED[4:]} proxy-authorization=- {_BEARER} data",
    ),
    # What is not for the proxy goes to the peer itself, with a path in its request line.
    *(
        Scenario(
            f"no-proxy-{name}",
            ((GOOD,),),
            _GOOD,
            url="http://@HERE@",
            environment={"HTTP_PROXY": "http://127.0.0.1:9", **variables},
            looks=(),
            requests=("GET /thing",) * 2,
        )
        for name, variables in {
            "by-address": {"NO_PROXY": "@HOST@"},
            "by-list": {"NO_PROXY": "other.example, @HOST@"},
            "by-star": {"NO_PROXY": "*"},
            "in-lower-case": {"no_proxy": "@HOST@"},
            "by-empty-proxy": {"HTTP_PROXY": ""},
            "for-the-other-scheme": {"HTTP_PROXY": "", "HTTPS_PROXY": "http://127.0.0.1:9"},
        }.items()
    ),
    Scenario(
        "proxy-that-is-not-there",
        ((GOOD,),),
        broken(0),
        url=_HTTP,
        environment={"HTTP_PROXY": "http://127.0.0.1:9"},
        connections=0,
    ),
)

_CONNECT = "CONNECT origin.example:443 host=origin.example:443"
_INSIDE = f"GET /thing host=origin.example proxy-authorization=- {_BEARER}"


def _refusing(name: str, *script: Any, first: Outcome | None = None) -> Scenario:
    """Have the proxy not open the tunnel: nothing was sent to the origin."""
    return _tunnelled(name, script, first=first or broken(0))


def _opened(name: str, data: bytes, first: Outcome = _GOOD) -> Scenario:
    """Have the proxy open the tunnel with an odd answer."""
    return _tunnelled(name, (data, Do.TLS), (GOOD,), first=first)


_TUNNELS = (
    _tunnelled(
        "opens",
        seen=(f"{_CONNECT} proxy-authorization=- authorization=-", _INSIDE, _INSIDE),
    ),
    _tunnelled(
        "with-credentials",
        variables={"HTTPS_PROXY": "http://me:p%40ss@@HERE@"},
        seen=(f"{_CONNECT} proxy-authorization={_BASIC} authorization=-", _INSIDE, _INSIDE),
    ),
    _tunnelled("for-all", variables={"ALL_PROXY": "http://@HERE@"}),
    _opened("of-version-1.0", b"HTTP/1.0 200 OK\r\n\r\n"),
    _opened("without-reason", b"HTTP/1.1 200\r\n\r\n"),
    _opened("with-headers", b"HTTP/1.1 200 OK\r\nVia: x\r\nX-A: 1\r\n\r\n"),
    _opened("with-length", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    _opened("with-length-that-means-nothing", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
    _opened(
        "with-coding-that-means-nothing", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    _opened("with-204", b"HTTP/1.1 204 No Content\r\n\r\n"),
    _opened("with-201", b"HTTP/1.1 201 Created\r\n\r\n"),
    _opened("behind-100", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    _opened("with-connection-close", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
    _opened("with-surplus", b"HTTP/1.1 200 OK\r\n\r\nevil", broken(0)),
    _opened("with-another-answer", b"HTTP/1.1 200 OK\r\n\r\n" + answer(b"evil"), broken(0)),
    _tunnelled("byte-by-byte", (Drip(b"HTTP/1.1 200 OK\r\n\r\n", 0), Do.TLS), (GOOD,)),
    _refusing(
        "refused-407",
        answer(b"who", "Proxy-Authenticate: Basic", status="407 Who"),
        first=broken(0, repeatable=False),
    ),
    _refusing("refused-403", answer(b"no", status="403 No"), first=broken(0, repeatable=False)),
    _refusing("refused-429", answer(b"", status="429 Too Many")),
    _refusing("refused-502", answer(b"", status="502 Bad Gateway")),
    _refusing("refused-503-without-length", head(status="503 No") + b"body", Do.CLOSE),
    _refusing("refused-302", answer(b"", "Location: http://@HERE@/login", status="302 Login")),
    _refusing(
        "refused-in-chunks", head("Transfer-Encoding: chunked", status="500 No") + b"0\r\n\r\n"
    ),
    _refusing("closed", Do.CLOSE),
    _refusing("closed-in-the-answer", b"HTTP/1.1 200", Do.CLOSE),
    _refusing("reset", Do.RESET),
    _refusing("nonsense", b"nonsense\r\n\r\n", Do.CLOSE, first=nonsense(0)),
    _refusing("zeros", b"\0" * 20, Do.CLOSE, first=nonsense(0)),
    _refusing("page", b"<html>no</html>\r\n\r\n", Do.CLOSE, first=nonsense(0)),
    _refusing("version-2", b"HTTP/2.0 200 OK\r\n\r\n", Do.CLOSE, first=nonsense(0)),
    _refusing("large-head", answer(b"", "X-A: " + "x" * 300_000), first=head_too_large()),
    _tunnelled(
        "then-nonsense", _TUNNEL, (b"nonsense\r\n\r\n", Do.CLOSE), first=nonsense(), calls=1
    ),
    _tunnelled("then-closed", _TUNNEL, (Do.CLOSE,), first=broken(1), calls=1),
    _tunnelled("then-reset", _TUNNEL, (Do.RESET,), first=broken(1), calls=1),
    _tunnelled("closed-before-tls", (b"HTTP/1.1 200 OK\r\n\r\n", Do.CLOSE), first=broken(0)),
    _tunnelled(
        "without-tls-behind-it",
        (b"HTTP/1.1 200 OK\r\n\r\n", Do.BYTES, b"HTTP/1.1 400 No TLS\r\n\r\n", Do.CLOSE),
        first=broken(0, repeatable=False),
    ),
    _tunnelled(
        "to-an-expired-certificate",
        _TUNNEL,
        first=broken(0, repeatable=False),
        certificate="expired",
    ),
    _tunnelled("to-an-unknown-authority", _TUNNEL, first=broken(0, repeatable=False), trust=False),
    Scenario(
        "tunnel-to-a-proxy-that-is-not-there",
        ((GOOD,),),
        broken(0),
        url=_HTTPS,
        environment={"HTTPS_PROXY": "http://127.0.0.1:9"},
        connections=0,
    ),
)

SCENARIOS = (*_FORWARD, *_TUNNELS)
