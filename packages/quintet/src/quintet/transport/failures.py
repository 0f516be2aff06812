"""Foreign exceptions stop here: the HTTP libraries' failures become ours, by class name.

httpx, httpx2, httpcore and vendored copies of them share class names but not classes, and a
client may come from any of them; so failures are told apart by the names in their class's
ancestry, never by ``isinstance``.
"""

from __future__ import annotations

import ssl

from quintet.core.retry import Progress
from quintet.errors import (
    ClientClosedError,
    ConfigurationError,
    ConnectionFailure,
    LimitExceeded,
    ProtocolFailure,
    QuintetError,
    TimeoutFailure,
)
from quintet.transport.http11 import MAX_HEAD_BYTES
from quintet.transport.watch import Watch

__all__ = ["explain", "translate"]


_TIMEOUT_PHASES = {
    "PoolTimeout": "pool",
    "ConnectTimeout": "connect",
    "WriteTimeout": "write",
    "ReadTimeout": "read",
    "TimeoutException": "read",
}
_NOTHING_SENT = frozenset({"PoolTimeout", "ConnectTimeout", "ConnectError", "ProxyError"})
_CONNECTION = frozenset({"ConnectError", "ReadError", "WriteError", "CloseError", "NetworkError"})
# The peer went away in the middle: unlike a refusal, that may be different next time.
_TLS_BROKEN_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_PHASE_WORDS = {
    "pool": "no connection became free",
    "connect": "the connection was not made",
    "write": "the request was not sent",
    "read": "the answer did not come",
}


def explain(failure: Exception, watch: Watch, *, closed: bool) -> Exception:
    """Return the error to raise for a failure of the engine, its cause set.

    Args:
        failure: What was raised.
        watch: Of the exchange.
        closed: Whether the client was closed meanwhile, which then is the reason.
    """
    if failure is watch.source_failure:
        # The caller's own body failed: that is theirs, and no fault of the connection.
        return failure
    if closed:
        return ClientClosedError("the client was closed while the request was under way")
    return translate(
        failure, progress=watch.progress, reused=not watch.fresh, seconds=watch.seconds
    )


def translate(
    failure: Exception, *, progress: int, reused: bool = False, seconds: float | None = None
) -> Exception:
    """Return our error for an HTTP library's failure, caused by it; others as they are.

    Args:
        failure: What the library raised.
        progress: How far the exchange got, as far as the transport knows.
        reused: Whether it ran on a kept-alive connection.
        seconds: Length of the time limit of this attempt.
    """
    ours = _ours(failure, progress, reused, seconds)
    if ours is None:
        return failure
    ours.__cause__ = failure
    return ours


def _ours(
    failure: Exception, progress: int, reused: bool, seconds: float | None
) -> QuintetError | None:
    if isinstance(failure, QuintetError):
        return None
    names = {cls.__name__ for cls in type(failure).__mro__}
    if names & _NOTHING_SENT:
        progress = Progress.NOTHING_SENT
    for name, phase in _TIMEOUT_PHASES.items():
        if name in names:
            return _timeout(phase, progress, reused, seconds)
    if "ProxyError" in names:
        return ConnectionFailure(f"the proxy refused: {failure}", progress=progress)
    if names & _CONNECTION or isinstance(failure, OSError):
        return _broken(failure, progress, reused)
    if "RemoteProtocolError" in names:
        return _remote(failure, progress, reused)
    if "LocalProtocolError" in names:
        # The library's message quotes the offending header, which may hold a credential.
        failure.args = ("message withheld",)
        failure.__cause__ = failure.__context__ = None
        return ProtocolFailure("the request is not valid HTTP", progress=0, repeatable=False)
    if "UnsupportedProtocol" in names or "InvalidURL" in names:
        return ConfigurationError("the URL is not one that can be requested over HTTP")
    if "TransportError" in names or "StreamError" in names:
        return ConnectionFailure(str(failure) or "the exchange failed", progress=progress)
    if "RequestError" in names:  # undecodable bodies, endless redirects: there was an answer
        return ProtocolFailure(
            str(failure) or "the answer is not usable",
            progress=Progress.RESPONSE_BEGUN,
            repeatable=False,
        )
    return None


def _timeout(phase: str, progress: int, reused: bool, seconds: float | None) -> TimeoutFailure:
    limit = "in time" if seconds is None else f"within {seconds:g} s"
    return TimeoutFailure(
        f"timed out: {_PHASE_WORDS[phase]} {limit}",
        phase=phase,
        seconds=seconds,
        progress=progress,
        reused=reused,
    )


def _broken(failure: BaseException, progress: int, reused: bool) -> ConnectionFailure:
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = getattr(cause, "verify_message", "") or "unknown reason"
            return ConnectionFailure(
                f"the server's certificate is not trusted ({reason})",
                progress=Progress.NOTHING_SENT,
                repeatable=False,
            )
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, _TLS_BROKEN_OFF):
            reason = getattr(cause, "reason", None) or str(cause)
            return ConnectionFailure(
                f"no TLS connection could be agreed on ({reason})",
                progress=progress,
                repeatable=progress != Progress.NOTHING_SENT,
            )
        cause = cause.__cause__ or cause.__context__
    text = str(failure) or type(failure).__name__
    verb = "could not connect" if progress == Progress.NOTHING_SENT else "the connection broke"
    return ConnectionFailure(f"{verb}: {text}", progress=progress, reused=reused)


def _remote(failure: BaseException, progress: int, reused: bool) -> QuintetError:
    text = str(failure)
    if "disconnected" in text or "peer closed" in text or "closed connection" in text:
        return ConnectionFailure(
            "the server closed the connection before its answer was complete",
            progress=progress,
            reused=reused,
        )
    if "buffer too long" in text:
        return LimitExceeded(
            f"the head of the server's answer is larger than {MAX_HEAD_BYTES} bytes",
            bound="max_head_bytes",
            limit=MAX_HEAD_BYTES,
        )
    return ProtocolFailure(f"the server's answer is not valid HTTP: {text}", progress=progress)
