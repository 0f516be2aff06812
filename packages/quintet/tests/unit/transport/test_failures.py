"""Foreign exceptions become ours, by the names in their ancestry."""

from __future__ import annotations

import ssl
from typing import Any

import httpcore
import httpx
import httpx2
import pytest

from quintet.errors import (
    ConfigurationError,
    ConnectionFailure,
    LimitExceeded,
    MisuseError,
    ProtocolFailure,
    TimeoutFailure,
)
from quintet.transport.failures import translate

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
