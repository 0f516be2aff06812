"""TLS with an authority of the tests: trust, alerts, and ends with and without notice."""

from __future__ import annotations

from typing import Any

from .scenario import Ask, Do, Drip, Outcome, Raw, Scenario
from .wires import GOOD, answer, broken, chunked, chunks, head, ok, refused

__all__ = ["SCENARIOS"]

_GOOD = ok(b"good")
_UNTRUSTED = broken(0, repeatable=False)
_HANDSHAKE_FAILURE = b"\x15\x03\x03\x00\x02\x02\x28"
_NO_RECORD = b"\x17\x03\x03\x00\x20" + b"\xaa" * 32
_HALF = head("Content-Length: 9") + b"half"
# What comes together with a wrong record is lost with asyncio: let it arrive before.
_PAUSE = Drip(b"x", 0.2)


def _secure(
    name: str, *script: Any, first: Outcome = _GOOD, certificate: str = "good", **fields: Any
) -> Scenario:
    return Scenario(f"tls-{name}", (script or (GOOD,),), first, certificate=certificate, **fields)


def _slow(name: str, *script: Any, first: Outcome, **fields: Any) -> Scenario:
    return _secure(name, *script, first=first, slow=True, calls=1, connections=1, **fields)


def _no_tls(name: str, *script: Any, first: Outcome) -> Scenario:
    """Play a peer that does not get as far as TLS."""
    return Scenario(f"tls-not-{name}", ((GOOD,),), first, greet=(script,), url="https://@HERE@")


_TRUST = (
    _secure("good"),
    _secure("good-five-times", calls=5),
    _secure("good-1.2", certificate="tls1.2"),
    _secure("unknown-authority", trust=False, first=_UNTRUSTED),
    _secure("wrong-name", certificate="wrong-name", first=_UNTRUSTED),
    _secure("expired", certificate="expired", first=_UNTRUSTED),
    _secure("expired-1.2", certificate="expired-tls1.2", first=_UNTRUSTED),
    _secure("certificate-shown", certificate="asks", shows=True),
    _secure("certificate-shown-1.2", certificate="asks-tls1.2", shows=True),
    _secure("certificate-missing-1.2", certificate="asks-tls1.2", first=_UNTRUSTED),
    _secure("certificate-shown-unasked", shows=True),
    _secure(
        "unknown-authority-of-a-write",
        trust=False,
        first=_UNTRUSTED,
        ask=Ask("POST", lambda: b"x", operation="never"),
    ),
)

_ANSWERS = (
    _secure("1m", answer(b"x" * (1 << 20)), first=ok(b"x" * (1 << 20))),
    _secure("chunks", chunked(b"go", b"od")),
    _secure("many-chunks", chunked(*[b"x" * 1000] * 200), first=ok(b"x" * 200_000)),
    _secure("byte-by-byte", Drip(GOOD, 0)),
    _secure("of-head", head("Content-Length: 4"), first=ok(), ask=Ask("HEAD")),
    _secure("204", head(status="204 No"), first=ok(b"", 204)),
    _secure(
        "404", answer(b"no", status="404 No"), first=refused(404, b"no"), ask=Ask(any_status=False)
    ),
    _secure("connection-close", answer(b"good", "Connection: close"), connections=2),
    _secure("surplus", GOOD + b"xyz", connections=2),
    _secure("two-records", b"HTTP/1.1 200 OK\r\nContent-", b"Length: 4\r\n\r\n", b"go", b"od"),
)

_ENDS = (
    _secure("closed-behind-the-answer", GOOD, Do.CLOSE, connections=2),
    _secure("ended-behind-the-answer", GOOD, Do.NOTIFY, connections=2),
    _secure("reset-behind-the-answer", GOOD, Do.RESET, connections=2),
    _secure("closed-before-any-byte", Do.CLOSE, first=broken(1)),
    _secure("ended-before-any-byte", Do.NOTIFY, first=broken(1)),
    _secure("reset-before-any-byte", Do.RESET, first=broken(1)),
    _secure("closed-in-the-head", b"HTTP/1.1 200", Do.CLOSE, first=broken(2)),
    _secure("ended-in-the-head", b"HTTP/1.1 200", Do.NOTIFY, first=broken(2)),
    _secure("reset-in-the-head", b"HTTP/1.1 200", Do.RESET, first=broken(2)),
    _secure("closed-in-the-body", _HALF, Do.CLOSE, first=broken(2)),
    _secure("ended-in-the-body", _HALF, Do.NOTIFY, first=broken(2)),
    _secure("reset-in-the-body", _HALF, Do.RESET, first=broken(2)),
    _secure(
        "ended-in-a-chunk",
        head("Transfer-Encoding: chunked") + b"9\r\nha",
        Do.NOTIFY,
        first=broken(2),
    ),
    _secure(
        "closed-in-a-chunk",
        head("Transfer-Encoding: chunked") + b"9\r\nha",
        Do.CLOSE,
        first=broken(2),
    ),
    _secure("until-end", head("X-A: 1") + b"all", Do.NOTIFY, first=ok(b"all"), connections=2),
    _secure(
        "until-close-without-notice",
        head("X-A: 1") + b"all",
        Do.CLOSE,
        first=broken(2),
    ),
    _secure("until-reset", head("X-A: 1") + b"half", Do.RESET, first=broken(2)),
    _secure(
        "until-end-1.2",
        head("X-A: 1") + b"all",
        Do.NOTIFY,
        first=ok(b"all"),
        connections=2,
        certificate="tls1.2",
    ),
)

_WRONG = (
    _secure("nonsense-before-the-answer", Raw(b"nonsense" * 8), Do.CLOSE, first=broken(1)),
    _slow("nonsense-in-the-body", _HALF, _PAUSE, Raw(b"nonsense" * 8), Do.CLOSE, first=broken(2)),
    _slow("wrong-record-in-the-body", _HALF, _PAUSE, Raw(_NO_RECORD), Do.CLOSE, first=broken(2)),
    _secure("alert-before-the-answer", Raw(_HANDSHAKE_FAILURE), Do.CLOSE, first=broken(1)),
    _slow("alert-in-the-body", _HALF, _PAUSE, Raw(_HANDSHAKE_FAILURE), Do.CLOSE, first=broken(2)),
    _slow(
        "alert-in-the-body-1.2",
        _HALF,
        _PAUSE,
        Raw(_HANDSHAKE_FAILURE),
        Do.CLOSE,
        first=broken(2),
        certificate="tls1.2",
    ),
    _secure("nonsense-while-idle", GOOD, Do.ANSWERED, Raw(b"nonsense" * 8), connections=2),
    _no_tls("http-400", Do.BYTES, head(status="400 No TLS"), Do.CLOSE, first=_UNTRUSTED),
    _no_tls("nonsense", Do.BYTES, b"nonsense" * 8, Do.CLOSE, first=_UNTRUSTED),
    _no_tls("alert", Do.BYTES, _HANDSHAKE_FAILURE, Do.CLOSE, first=_UNTRUSTED),
    _no_tls("closed", Do.BYTES, Do.CLOSE, first=broken(0)),
    _no_tls("reset", Do.BYTES, Do.RESET, first=broken(0)),
    _no_tls("closed-in-a-record", Do.BYTES, b"\x16\x03\x03", Do.CLOSE, first=broken(0)),
    _no_tls("ssh", b"SSH-2.0-OpenSSH_9.6\r\n", Do.HOLD, first=_UNTRUSTED),
)


def _clear(name: str, clear: bytes, *script: Any) -> Scenario:
    """Send bytes in clear text before TLS: they must not count for those that came by TLS."""
    return Scenario(
        f"tls-behind-clear-{name}",
        (script,),
        _UNTRUSTED,
        greet=((clear, Do.TLS),),
        url="https://@HERE@",
        certificate="good",
    )


_CLEAR = (
    _clear("bytes", b"evil ", head("Transfer-Encoding: chunked"), Drip(chunks(b"good"), 0)),
    _clear("answer", answer(b"evil"), GOOD),
    _clear("chunk", b"4\r\nevil\r\n", head("Transfer-Encoding: chunked"), Drip(chunks(b"good"), 0)),
)

SCENARIOS = (*_TRUST, *_ANSWERS, *_ENDS, *_WRONG, *_CLEAR)
