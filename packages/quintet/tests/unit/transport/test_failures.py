"""Foreign exceptions become ours, by the names in their ancestry."""

from __future__ import annotations

import errno
import os
import ssl
import time
from typing import Any

import httpcore
import httpx
import httpx2
import pytest

from quintet.errors import (
    ClientClosedError,
    ConfigurationError,
    ConnectionFailure,
    LimitExceeded,
    MisuseError,
    ProtocolFailure,
    TimeoutFailure,
)
from quintet.transport.failures import explain, translate
from quintet.transport.http11 import HeadTooLarge, LocalProtocolError, RemoteProtocolError
from quintet.transport.watch import (
    ConnectError,
    ConnectTimeout,
    PoolTimeout,
    ProxyError,
    ReadError,
    ReadTimeout,
    Watch,
)

LIBRARIES = [httpcore, httpx, httpx2]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("name", "phase", "progress"),
    [
        ("PoolTimeout", "pool", 0),
        ("ConnectTimeout", "connect", 0),
        ("WriteTimeout", "write", 1),
        ("ReadTimeout", "read", 1),
    ],
)
def test_timeouts_keep_their_phase(library: Any, name: str, phase: str, progress: int) -> None:
    foreign = getattr(library, name)("x")
    ours = translate(foreign, progress=1, reused=True, seconds=2.0)
    assert isinstance(ours, TimeoutFailure)
    assert (ours.phase, ours.progress, ours.seconds, ours.reused) == (phase, progress, 2.0, True)
    assert "within 2 s" in str(ours)
    assert ours.__cause__ is foreign


def test_timeout_without_a_limit_says_in_time() -> None:
    assert "in time" in str(translate(httpx.ReadTimeout("x"), progress=1))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("name", "progress"),
    [("ConnectError", 0), ("ReadError", 2), ("WriteError", 2), ("ProxyError", 0)],
)
def test_broken_connections_keep_the_progress(library: Any, name: str, progress: int) -> None:
    ours = translate(getattr(library, name)("why"), progress=2)
    assert isinstance(ours, ConnectionFailure)
    assert ours.progress == progress
    assert ours.repeatable
    assert "why" in str(ours)


def test_failure_without_a_message_is_named_by_its_class() -> None:
    assert "ReadError" in str(translate(httpx.ReadError(""), progress=1))
    assert str(translate(_stream_error(""), progress=1)) == "the exchange failed"


def _stream_error(text: str) -> Exception:
    return type("StreamError", (Exception,), {})(text)


@pytest.mark.parametrize(
    "text",
    [
        "Server disconnected without sending a response.",
        "peer closed connection without sending complete message body",
    ],
)
def test_peer_that_closed_is_a_connection_failure(text: str) -> None:
    ours = translate(httpx.RemoteProtocolError(text), progress=1, reused=True)
    assert isinstance(ours, ConnectionFailure)
    assert ours.reused


def test_other_nonsense_of_the_peer_is_a_protocol_failure() -> None:
    ours = translate(httpcore.RemoteProtocolError("illegal status line"), progress=2)
    assert isinstance(ours, ProtocolFailure)
    assert "illegal status line" in str(ours)


def test_head_without_end_is_a_limit() -> None:
    ours = translate(httpcore.RemoteProtocolError("Receive buffer too long"), progress=2)
    assert isinstance(ours, LimitExceeded)
    assert (ours.bound, ours.limit) == ("max_head_bytes", 102_400)


def test_own_protocol_error_does_not_quote_what_it_rejects() -> None:
    inner = ValueError("Illegal header value b'secret'")
    foreign = httpcore.LocalProtocolError("Illegal header value b'secret'")
    foreign.__cause__ = inner
    ours = translate(foreign, progress=1)
    assert isinstance(ours, ProtocolFailure)
    assert (ours.progress, ours.repeatable) == (0, False)
    assert "secret" not in f"{ours} {foreign} {foreign.__cause__} {foreign.__context__}"


def test_certificate_that_is_not_trusted_is_found_down_the_chain() -> None:
    verification = ssl.SSLCertVerificationError(1, "certificate verify failed")
    verification.verify_message = "self-signed certificate"
    foreign = httpcore.ConnectError("x")
    foreign.__context__ = verification
    ours = translate(foreign, progress=1)
    assert isinstance(ours, ConnectionFailure)
    assert "not trusted (self-signed certificate)" in str(ours)
    assert (ours.progress, ours.repeatable) == (0, False)


@pytest.mark.parametrize(
    ("error", "progress", "repeatable"),
    [
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), 0, False),
        (ssl.SSLError(1, "[SSL: DECRYPTION_FAILED] x"), 2, True),
        (ssl.SSLEOFError(8, "EOF occurred"), 0, True),
    ],
)
def test_tls_that_is_refused_is_not_repeated_but_broken_off_is(
    error: ssl.SSLError, progress: int, repeatable: bool
) -> None:
    foreign = httpcore.ConnectError("x") if progress == 0 else httpcore.ReadError("x")
    foreign.__cause__ = error
    ours = translate(foreign, progress=progress)
    assert isinstance(ours, ConnectionFailure)
    assert ours.repeatable is repeatable


@pytest.mark.parametrize(
    ("code", "advice"),
    [(20, "SSL_CERT_FILE"), (18, "verify=FILE"), (10, None), (62, "doctor"), (64, "doctor")],
)
def test_certificate_of_an_unknown_authority_comes_with_the_way_to_trust_it(
    code: int, advice: str | None
) -> None:
    verification = ssl.SSLCertVerificationError(1, "certificate verify failed")
    verification.verify_code, verification.verify_message = code, "why"
    text = str(translate(verification, progress=0))
    assert text.startswith("the server's certificate is not trusted (why)")
    assert (advice in text) if advice else text.endswith("(why)")
    assert ("SSL_CERT_FILE" in text) is (code in (20, 18))


def test_plain_answer_to_tls_comes_with_the_likely_reason() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    assert "is it an http:// URL?" in str(translate(error, progress=0))


def test_own_protocol_error_of_ours_says_what_is_wrong_with_the_request() -> None:
    ours = translate(LocalProtocolError("no valid header name"), progress=1)
    assert str(ours) == "the request is not valid HTTP: no valid header name"
    assert isinstance(ours, ProtocolFailure)
    assert (ours.progress, ours.repeatable) == (0, False)


@pytest.mark.parametrize(
    ("bound", "what"), [("max_head_bytes", "bytes"), ("max_header_lines", "lines")]
)
def test_head_above_a_bound_names_it(bound: str, what: str) -> None:
    ours = translate(HeadTooLarge(bound, 256), progress=2)
    assert isinstance(ours, LimitExceeded)
    assert (ours.bound, ours.limit) == (bound, 256)
    assert f"more than 256 {what} ({bound})" in str(ours)


def test_peer_that_went_away_is_a_connection_failure_for_our_parser_too() -> None:
    for text in ("Server disconnected without sending a response.", "peer closed connection in x"):
        assert isinstance(translate(RemoteProtocolError(text), progress=1), ConnectionFailure)


def test_pool_that_is_full_says_who_holds_it_and_what_to_do() -> None:
    full = PoolTimeout("all 100 connections are in use, the oldest for 12.3 s")
    text = str(translate(full, progress=0, seconds=2.0))
    assert text == (
        "timed out: no connection became free within 2 s: all 100 connections are in use, the "
        "oldest for 12.3 s; raise max_connections, or close streams that nobody reads"
    )


@pytest.mark.parametrize("several", [True, False])
def test_reason_that_a_library_hides_is_taken_from_below(several: bool) -> None:
    class Several(Exception):
        exceptions = (TimeoutError(), OSError(errno.EHOSTUNREACH, "x"))

    said = "All connection attempts failed"
    below = OSError(said)
    below.__cause__ = Several() if several else OSError(errno.EHOSTUNREACH, "x")
    failure = httpx.ConnectError(said)
    failure.__cause__ = below
    reason = f"[Errno {errno.EHOSTUNREACH}] {os.strerror(errno.EHOSTUNREACH)}"
    assert str(translate(failure, progress=0)) == f"could not connect: {reason}"
    assert str(translate(httpx.ConnectError(said), progress=0)) == f"could not connect: {said}"


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (ConnectError("Connection refused"), "could not connect to a:80: Connection refused"),
        (ConnectTimeout(), "timed out: the connection to a:80 was not made within 2 s"),
        (
            ProxyError("407 Proxy Authentication Required"),
            "the proxy did not connect to the server (407 Proxy Authentication Required); "
            "put user and password into the proxy's URL",
        ),
        (
            ProxyError("407 Proxy Authentication Required", introduced=True),
            "the proxy did not connect to the server (407 Proxy Authentication Required); "
            "the user and password in the proxy's URL are wrong",
        ),
        (
            httpx.ProxyError("407 Proxy Authentication Required"),
            "the proxy did not connect to the server (407 Proxy Authentication Required); "
            "put user and password into the proxy's URL, or they are wrong",
        ),
    ],
)
def test_failure_to_connect_names_the_place(failure: Exception, text: str) -> None:
    watch = Watch(None, 2.0, time.monotonic)
    assert str(explain(failure, watch, closed=False, where="a:80")) == text


def test_reason_that_counts_is_the_callers_body_then_the_closed_client() -> None:
    watch = Watch(None, None, time.monotonic)
    failure = watch.source_failure = KeyError("theirs")
    assert explain(failure, watch, closed=True) is failure
    assert isinstance(explain(ReadTimeout(), watch, closed=True), ClientClosedError)


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), OSError(5, "io")])
def test_operating_system_errors_are_connection_failures(error: OSError) -> None:
    ours = translate(error, progress=1)
    assert isinstance(ours, ConnectionFailure)
    assert "the connection broke" in str(ours)


@pytest.mark.parametrize("error", [httpx.UnsupportedProtocol("ftp"), httpx.InvalidURL("x")])
def test_url_that_cannot_be_requested_is_a_configuration_error(error: Exception) -> None:
    assert isinstance(translate(error, progress=0), ConfigurationError)


def test_unknown_transport_error_is_a_connection_failure() -> None:
    assert isinstance(translate(httpx.TransportError("odd"), progress=1), ConnectionFailure)


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("name", ["DecodingError", "TooManyRedirects"])
def test_answer_that_is_not_usable_is_a_protocol_failure(library: Any, name: str) -> None:
    ours = translate(getattr(library, name)("why"), progress=1)
    assert isinstance(ours, ProtocolFailure)
    assert (ours.progress, ours.repeatable) == (2, False)
    assert "why" in str(ours)


@pytest.mark.parametrize("error", [KeyError("x"), MisuseError("x"), AssertionError()])
def test_other_exceptions_stay_as_they_are(error: Exception) -> None:
    assert translate(error, progress=1) is error


def reset() -> ReadError:
    failure = ReadError("[Errno 104] Connection reset by peer")
    failure.__cause__ = ConnectionResetError(104, "Connection reset by peer")
    return failure


def watch_of(progress: int, fresh: bool) -> Watch:
    watch = Watch(None, None, lambda: 0.0)
    watch.progress, watch.fresh = progress, fresh
    return watch


def test_reset_right_after_a_handshake_hints_at_the_client_certificate() -> None:
    error = explain(reset(), watch_of(1, True), closed=False, anonymous=True)
    assert isinstance(error, ConnectionFailure)
    assert str(error).endswith("by peer; perhaps the server wants a client certificate, see cert=")
    assert error.args == (error.message,)


@pytest.mark.parametrize(
    ("progress", "fresh", "anonymous"), [(1, True, False), (1, False, True), (2, True, True)]
)
def test_other_resets_hint_at_nothing(progress: int, fresh: bool, anonymous: bool) -> None:
    error = explain(reset(), watch_of(progress, fresh), closed=False, anonymous=anonymous)
    assert str(error) == "the connection broke: [Errno 104] Connection reset by peer"


def test_connection_for_want_of_files_says_what_to_do() -> None:
    failure = ConnectError("[Errno 24] Too many open files")
    error = explain(failure, watch_of(0, True), closed=False, where="a:1")
    assert str(error).startswith("could not connect to a:1: [Errno 24] Too many open files; close")
