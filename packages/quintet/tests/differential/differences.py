"""The table of differences: scenario, transport, what comes of it there, and the reason.

What is not listed here comes out the same on every transport.  A listed outcome is asserted like
any other, so a difference that goes away has to go from here too.
"""

from __future__ import annotations

from dataclasses import replace

from . import catalogue
from .difference import Change, Difference, Reason
from .scenario import Failure, Observed, Outcome, Scenario
from .transports import FOREIGN, FOREIGN_ASYNC, FOREIGN_BLOCKING
from .wires import broken, head_too_large, late, nonsense, ok, too_large

__all__ = ["DIFFERENCES", "NOT_RUN", "REASONS", "expected", "transports_of"]

PROGRESS = Reason(
    "how far a failed exchange got",
    "an answer has begun with its first byte (progress 2)",
    "it has begun with the end of its head; before that only the request was sent (1)",
    "The libraries report the head once it is complete, and no byte before.",
)
REPLAY = Reason(
    "a kept connection that dies inside the head of an answer",
    "a failure: the server had begun to answer",
    "a safe call is sent once more at no cost, as if no byte had come",
    "The same report makes the beginning of an answer look like a connection that was stale.",
)
SURPLUS = Reason(
    "bytes behind an answer",
    "the answer counts, the connection is closed",
    "they become the beginning of the next answer on the connection",
    "An answer that nobody asked for must never be given to whoever asks next.",
)
READ_WITH_HEAD = Reason(
    "a body that turns out to be of no use",
    "the connection is kept if the whole body came with the head",
    "the connection is closed",
    "The default engine has taken such a body off the wire before anybody looks into it.",
)
LENGTHS = Reason(
    "a length that is given twice, or beside chunks",
    "refused",
    "equal lengths count as one, and chunks win over a length",
    "Two ways to find the end of a body are how answers are smuggled in (RFC 9112 §6.3).",
)
LONG_LENGTH = Reason(
    "a length beyond 64 bits",
    "no HTTP",
    "a body over the bound",
    "The parser of the default engine counts in 64 bits, that of the libraries in digits.",
)
LINE_ENDS = Reason(
    "lines that end in LF alone",
    "refused",
    "accepted",
    "RFC 9112 §2.2 allows it, but programs that disagree on line ends see different headers.",
)
FOLDING = Reason(
    "folded header lines",
    "refused",
    "joined by a space",
    "RFC 9112 §5.2 lets a client refuse them, and nobody sends them in good faith any more.",
)
CONTROLS = Reason(
    "control characters in header values",
    "refused",
    "accepted, but for NUL, CR and a few others",
    "RFC 9110 §5.5 forbids them, and values end up in logs and terminals.",
)
VERSIONS = Reason(
    "versions other than HTTP/1.0 and 1.1",
    "refused",
    "accepted, even 0.9 and 2.0",
    "The framing of another version is anybody's guess.",
)
CHUNKS = Reason(
    "odd bytes around chunks",
    "refused",
    "accepted: space behind a size, CR or NUL in an extension, odd trailers",
    "RFC 9112 §7.1 has none of these, and only exact framing finds the true end of a body.",
)
OLD_CHUNKS = Reason(
    "chunks in an answer of HTTP/1.0",
    "refused",
    "accepted",
    "RFC 9112 §6.1 calls the framing of such an answer faulty.",
)
OLD_KEPT = Reason(
    "HTTP/1.0 with keep-alive",
    "the connection is kept",
    "the connection is closed",
    "RFC 9112 §9.3 allows to keep it, and the parser of the libraries does not.",
)
INTERIM = Reason(
    "interim answers",
    "at most 32 before an answer",
    "any number",
    "Everything has a bound; a server that only ever says 103 does not get far.",
)
LARGE_HEADS = Reason(
    "large heads",
    "at most 100 KiB and 256 lines, exactly",
    "the size is looked at while the head is incomplete, the lines never",
    "The libraries let a larger head pass if it arrives in few pieces.",
)
LARGE_CHUNKS = Reason(
    "endless extensions and trailers",
    "no HTTP",
    "a head over the bound",
    "The libraries have one bound for everything that is incomplete, and so one error.",
)
WAITING = Reason(
    "nonsense without a line end",
    "refused with the first wrong byte",
    "waited on until the line, the connection or the time ends",
    "The parser of the default engine looks at bytes, that of the libraries at whole lines.",
)
CASE = Reason(
    "header lines as they came",
    "names and values in the case of the wire",
    "names, and the value of Transfer-Encoding, in lower case",
    "The libraries fold them, and the header mapping of the runtime looks up by any case anyway.",
)
CHARSET = Reason(
    "header values beyond ASCII",
    "read as Latin-1, always",
    "read as UTF-8 where that is possible",
    "A guess depends on all headers at once; Latin-1 keeps every byte (RFC 9110 §5.5).",
)
TUNNELS = Reason(
    "a proxy that breaks off before its tunnel stands",
    "nothing was sent (progress 0), so any call may be repeated",
    "the request was sent (1), so a write is not repeated",
    "Over the adapter a CONNECT looks like any other request.",
)
TUNNEL_VERSION = Reason(
    "a proxy that answers CONNECT in another version",
    "no HTTP",
    "the tunnel is opened, and breaks",
    "The same leniency about versions.",
)
TUNNEL_SURPLUS = Reason(
    "bytes behind a proxy's answer to CONNECT",
    "the tunnel is refused",
    "they are thrown away",
    "What comes in clear text before TLS is nothing that TLS vouches for.",
)
TARGETS = Reason(
    "a redirect to what is no URL",
    "the rule about redirects is applied",
    "httpx (not httpx2) refuses the answer itself",
    "It looks at the target even where it was told not to follow it.",
)
TLS_ENDS = Reason(
    "a TLS connection that ends without notice",
    "a body that ends with its connection is incomplete",
    "it counts as complete, and the blocking ones take even a reset for its end",
    "Whoever can cut a connection could otherwise shorten an answer (RFC 9112 §9.8).",
)
PHASES = Reason(
    "an upload that is not taken, on asyncio",
    "the phase is write",
    "the phase is read",
    "The adapter ends an awaited exchange from outside, and cannot tell what it waited for.",
)
LEAKS = Reason(
    "a TLS handshake that does not come, on asyncio",
    "the connection is closed when the limit passes",
    "its socket is left to the garbage collector",
    "The libraries lose a connection that is cancelled in the middle of its handshake.",
)

DIFFERENCES: dict[str, list[Difference]] = {}
"""By scenario."""

NOT_RUN: dict[str, tuple[tuple[str, ...], Reason]] = {
    # What is left behind would fail whichever test runs when it is collected.
    "slow-silence-in-the-tls-handshake": (FOREIGN_ASYNC, LEAKS),
}
"""Scenarios that are not run on some transports, and why."""


def _differ(why: Reason, change: Change, names: str, transports: tuple[str, ...] = FOREIGN) -> None:
    for name in names.split():
        run = tuple(each for each in catalogue.transports_of(name) if each in transports)
        DIFFERENCES.setdefault(name, []).append(Difference(run, change, why))


def _surplus(names: str, then: Outcome) -> None:
    _differ(SURPLUS, Change(then=then, connections=1), names)


def _accepted(why: Reason, first: Outcome, names: str) -> None:
    _differ(why, Change(first), names)


_differ(
    PROGRESS,
    Change(progress=1),
    """
    length-value-plus length-value-minus length-value-hexadecimal length-value-fraction
    length-value-empty length-value-word length-value-two-numbers length-value-list-of-different
    length-value-underscore length-value-arabic-digits length-value-25-digits
    length-twice-different interim-101 interim-then-close interim-then-reset
    transfer-coding-gzip-chunked transfer-coding-chunked-gzip transfer-coding-gzip
    transfer-coding-identity transfer-coding-identity-chunked transfer-coding-xchunked
    transfer-coding-chunkedx transfer-coding-chunked-twice transfer-coding-two-lines
    transfer-coding-two-lines-identity transfer-coding-parameter transfer-coding-comma
    transfer-coding-empty transfer-coding-quoted transfer-coding-vertical-tab
    status-line-with-nul-in-reason status-line-with-cr-in-reason status-line-version-2
    status-line-version-11 status-line-version-1.10 status-line-version-without-number
    status-line-lower-case status-line-other-protocol status-line-other-name
    status-line-two-digits status-line-four-digits status-line-letters status-line-status-000
    status-line-status-099 status-line-signed-status status-line-no-status status-line-two-spaces
    status-line-tab status-line-space-in-front status-line-empty-line-in-front
    status-line-many-empty-lines-in-front status-line-is-a-request
    garbage-words garbage-zeros garbage-page garbage-json garbage-tls garbage-http2-settings
    header-without-colon header-without-name header-with-space-before-colon
    header-with-tab-before-colon header-with-space-in-name header-with-space-in-front
    header-with-parenthesis-in-name header-with-at-sign-in-name header-with-quote-in-name
    header-with-slash-in-name header-with-latin-name header-with-nul-in-name header-with-bare-cr
    header-with-bare-cr-at-the-end header-with-nul header-with-form-feed
    head-byte-by-byte-wrong head-cut retry-of-nonsense-never
    closed-in-the-status-line reset-in-the-status-line closed-behind-the-status-line
    reset-behind-the-status-line closed-in-a-header-name reset-in-a-header-name
    closed-in-a-header-value reset-in-a-header-value closed-before-the-end-of-the-head
    reset-before-the-end-of-the-head closed-in-the-end-of-the-head reset-in-the-end-of-the-head
    closed-behind-103 reset-behind-103 closed-in-103 reset-in-103
    reused-closed-in-the-status-line-never reused-reset-in-the-status-line-never
    proxy-that-speaks-nonsense tunnel-then-nonsense
    tls-closed-in-the-head tls-ended-in-the-head tls-reset-in-the-head
    slow-silence-in-the-status-line slow-silence-in-the-headers
    slow-silence-before-the-end-of-the-head slow-silence-behind-100 slow-drip-of-103
    """,
)
_differ(PROGRESS, Change(progress=1), "slow-drip-of-the-head", FOREIGN_ASYNC)
_differ(
    REPLAY,
    Change(then=ok(b"good", 200, ("content-length", "4"), attempts=2), connections=2),
    """
    reused-closed-in-the-status-line-safe reused-closed-in-a-header-safe
    reused-reset-in-the-status-line-safe reused-reset-in-a-header-safe
    """,
)
_surplus(
    """
    length-over-long-body length-line-end-behind length-body-sent-to-head
    length-body-sent-with-204 chunked-surplus chunked-line-end-behind
    dropped-behind-surplus dropped-behind-surplus-of-head dropped-behind-surplus-of-204
    dropped-behind-surplus-of-304 dropped-behind-surplus-of-chunks tls-surplus
    """,
    nonsense(1),
)
_surplus(
    "length-next-answer-behind chunked-next-answer-behind dropped-behind-another-answer",
    ok(b"evil", 200, ("content-length", "4")),
)
_differ(
    READ_WITH_HEAD,
    Change(connections=2),
    """
    coding-gzip-wrong-checksum coding-gzip-wrong-size coding-gzip-damaged coding-gzip-not-at-all
    coding-gzip-surplus coding-deflate-damaged coding-deflate-surplus coding-twice-but-once
    coding-three coding-unknown coding-compress coding-unknown-behind-gzip coding-aes128gcm
    coding-of-an-error-damaged coding-bomb coding-bomb-deflate coding-bomb-twice
    coding-bomb-members coding-over-the-bound coding-bomb-chunked coding-bomb-of-an-error
    """,
)
for _name in ("coding-br", "coding-zstd"):
    if isinstance(catalogue.SCENARIOS[_name].first, Failure):  # no library for it here
        _differ(READ_WITH_HEAD, Change(connections=2), _name)
_accepted(
    LENGTHS,
    ok(b"hello", 200, ("content-length", "5")),
    "length-value-list-of-equals length-twice-equal",
)
_accepted(LENGTHS, ok(b"hello"), "length-before-chunked length-behind-chunked")
_accepted(LONG_LENGTH, too_large(), "length-value-20-digits")
_accepted(
    LINE_ENDS,
    ok(b"good", 200, ("x-a", "1"), ("x-b", "2"), ("content-length", "4")),
    "header-with-bare-lf",
)
_accepted(
    LINE_ENDS,
    ok(b"good", 200, ("content-length", "4")),
    "head-ended-by-lf head-with-first-line-ended-by-lf head-with-last-line-ended-by-lf",
)
_accepted(
    FOLDING,
    ok(b"good", 200, ("x-a", "1 2"), ("content-length", "4")),
    "header-folded-by-space header-folded-by-tab",
)
_accepted(FOLDING, ok(b"good", 200, ("x-a", "1"), ("content-length", "4")), "header-folded-at-once")
_accepted(
    CONTROLS,
    ok(b"good"),
    "header-with-control-character header-with-escape header-with-delete",
)
for _version, _connections in (("1.2", 1), ("1.9", 1), ("2.0", 1), ("0.9", 2)):
    _differ(
        VERSIONS,
        Change(replace(ok(b"good"), version=f"HTTP/{_version}"), connections=_connections),
        f"status-line-version-{_version}",
    )
_accepted(
    CHUNKS,
    ok(b"hello"),
    """
    chunked-extension-with-bare-cr chunked-extension-with-nul chunked-trailer-like-a-length
    chunked-trailer-folded chunked-size-with-space-behind
    """,
)
_differ(
    OLD_CHUNKS,
    Change(replace(ok(b"hello"), version="HTTP/1.0"), connections=2),
    "transfer-coding-of-http-1.0",
)
_differ(OLD_KEPT, Change(connections=2), "kept-old-version-with-keep-alive")
_accepted(INTERIM, ok(b"good"), "interim-103-500-times")
_accepted(
    LARGE_HEADS, ok(b"good"), "head-of-300-lines head-of-2000-lines head-of-one-byte-over-100k"
)
_accepted(
    LARGE_CHUNKS, head_too_large(), "chunked-extensions-without-end chunked-trailers-without-end"
)
_accepted(WAITING, broken(1), "garbage-ssh garbage-smtp head-ended-by-cr")
_accepted(WAITING, broken(2), "chunked-size-of-17-digits")
_accepted(
    CASE,
    ok(b"hello", 200, ("transfer-encoding", "chunked")),
    "transfer-coding-capitals transfer-coding-mixed-case",
)
_accepted(CASE, ok(b"good", 200, ("x-case", "VaLue"), ("content-length", "4")), "header-case")
_accepted(
    CHARSET, ok(b"good", 200, ("x-a", "日本"), ("content-length", "4")), "header-with-utf-8-value"
)
_differ(
    TUNNELS,
    Change(progress=1),
    """
    tunnel-closed tunnel-closed-in-the-answer tunnel-reset tunnel-nonsense tunnel-zeros
    tunnel-page
    """,
)
_accepted(
    TUNNEL_SURPLUS,
    ok(b"good", 200, ("content-length", "4")),
    "tunnel-with-surplus tunnel-with-another-answer",
)
_accepted(TUNNEL_VERSION, broken(0), "tunnel-version-2")
_differ(TARGETS, Change(Failure("ConfigurationError")), "redirect-to-script", ("httpx",))
_differ(
    TLS_ENDS,
    Change(ok(b"all", 200, ("x-a", "1")), connections=2),
    "tls-until-close-without-notice",
)
_differ(
    TLS_ENDS,
    Change(ok(b"half", 200, ("x-a", "1")), connections=2),
    "tls-until-reset",
    FOREIGN_BLOCKING,
)
_differ(PHASES, Change(late("read", 1)), "slow-upload-that-is-not-taken", FOREIGN_ASYNC)

REASONS = tuple(
    dict.fromkeys(
        [difference.why for found in DIFFERENCES.values() for difference in found]
        + [why for _, why in NOT_RUN.values()]
    )
)
"""Those that some difference has."""


def transports_of(name: str) -> tuple[str, ...]:
    """Return the transports on which a scenario is run."""
    left_out, _ = NOT_RUN.get(name, ((), None))
    return tuple(each for each in catalogue.transports_of(name) if each not in left_out)


def expected(scenario: Scenario, transport: str) -> Observed:
    """Return what must come of a scenario on a transport."""
    for difference in DIFFERENCES.get(scenario.name, ()):
        if transport in difference.transports:
            return difference.change.apply(scenario)
    return scenario.expected
