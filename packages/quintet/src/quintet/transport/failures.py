"""Exceptions of the engines and of HTTP libraries stop here, and become the errors users see.

httpx, httpx2, httpcore and vendored copies of them share class names but not classes, and a
client may come from any of them; so failures are told apart by the names in their class's
ancestry.  Ours have the same names, and say more: their bounds, who holds the connections, what is
wrong with a request without showing it.
"""

from __future__ import annotations

import os
import ssl

from quintet.core.open_files import TOO_MANY_FILES, WHAT_TO_DO
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
from quintet.transport.http11 import MAX_HEAD_BYTES, HeadTooLarge, LocalProtocolError
from quintet.transport.watch import PoolTimeout, Watch

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
# What HTTP libraries and we ourselves say of a peer that went away in the middle.
_WENT_AWAY = ("disconnected", "peer closed", "closed connection")
# ... and h11, the parser of httpx, of a head without an end.
_HEAD_TOO_LONG = "buffer too long"
# ... and anyio, which httpx waits by, in the place of every reason that it has.
_NONE_CONNECTED = "All connection attempts failed"
# The peer went away in the middle: unlike a refusal, that may be different next time.
_TLS_BROKEN_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
# OpenSSL's numbers for a certificate of another host, or of another address.
_ANOTHER_NAME = frozenset({62, 64})
# OpenSSL's numbers for "no such authority": unable to get issuer (2, 20), self-signed (18, 19),
# unable to verify the first certificate (21).
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
_TLS_HINTS = {
    "WRONG_VERSION_NUMBER": ": the server does not speak TLS there; is it an http:// URL?",
    "HTTP_REQUEST": ": the server does not speak TLS there; is it an http:// URL?",
    "UNSUPPORTED_PROTOCOL": ": the server's TLS is older than 1.2",
    "TLSV1_ALERT_PROTOCOL_VERSION": ": the two share no version of TLS",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": ": the server wants a client certificate, see cert=",
    "TLSV1_ALERT_UNKNOWN_CA": ": the server does not trust the client certificate of cert=",
    "SSLV3_ALERT_BAD_CERTIFICATE": ": the server refuses the client certificate of cert=",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": ": the client certificate of cert= has expired",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": ": perhaps the server wants a client certificate, see cert=",
}
_PHASE_WORDS = {
    "pool": "no connection became free",
    "connect": "the connection{to} was not made",
    "write": "the request was not sent",
    "read": "the answer did not come",
}


def explain(
    failure: Exception, watch: Watch, *, closed: bool, where: str = "", anonymous: bool = False
) -> Exception:
    """Return the error to raise for a failure of the engine, its cause set.

    Args:
        failure: What was raised.
        watch: Of the exchange.
        closed: Whether the client was closed meanwhile, which then is the reason.
        where: What was to be connected to, as a message names it.
        anonymous: Whether TLS is spoken with the server, and no client certificate shown.
    """
    if failure is watch.source_failure:
        # The caller's own body failed: that is theirs, and no fault of the connection.  Forgotten
        # here: its traceback has the frame that has the watch.
        watch.source_failure = None
        return failure
    if closed:
        return ClientClosedError("the client was closed while the request was under way")
    error = translate(
        failure,
        progress=watch.progress,
        reused=not watch.fresh,
        seconds=watch.seconds,
        where=where,
    )
    asked = watch.fresh and watch.progress == Progress.REQUEST_SENT
    if anonymous and asked and _was_reset(failure):
        # Since TLS 1.3 a server refuses after the handshake, and the reset may overtake the alert.
        error.args = (f"{error}; perhaps the server wants a client certificate, see cert=",)
        if isinstance(error, QuintetError):
            error.message = error.args[0]
    return error


def _was_reset(failure: BaseException) -> bool:
    """Tell whether the peer ended the connection without a word."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, (ConnectionResetError, BrokenPipeError)):
            return True
        cause = cause.__cause__
    return False


def translate(
    failure: Exception,
    *,
    progress: int,
    reused: bool = False,
    seconds: float | None = None,
    where: str = "",
) -> Exception:
    """Return our error for an HTTP library's failure, caused by it; others as they are.

    Args:
        failure: What the library raised.
        progress: How far the exchange got, as far as the transport knows.
        reused: Whether it ran on a kept-alive connection.
        seconds: Length of the time limit of this attempt.
        where: What was to be connected to, where that is known.
    """
    ours = _ours(failure, progress, reused, seconds, f" to {where}" if where else "")
    if ours is None:
        return failure
    ours.__cause__ = failure
    return ours


def _ours(
    failure: Exception, progress: int, reused: bool, seconds: float | None, to: str
) -> QuintetError | None:
    if isinstance(failure, QuintetError):
        return None
    names = {cls.__name__ for cls in type(failure).__mro__}
    if names & _NOTHING_SENT:
        progress = Progress.NOTHING_SENT
    for name, phase in _TIMEOUT_PHASES.items():
        if name in names:
            return _timeout(failure, phase, progress, reused, seconds, to)
    if "ProxyError" in names:
        return _refused_by_proxy(failure)
    if names & _CONNECTION or isinstance(failure, OSError):
        return _broken(failure, progress, reused, to)
    if "RemoteProtocolError" in names:
        return _remote(failure, progress, reused)
    if "LocalProtocolError" in names:
        return _local(failure)
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


def _timeout(
    failure: Exception, phase: str, progress: int, reused: bool, seconds: float | None, to: str
) -> TimeoutFailure:
    limit = "in time" if seconds is None else f"within {seconds:g} s"
    words = _PHASE_WORDS[phase].format(to=to)
    text = f"timed out: {words} {limit}"
    if isinstance(failure, PoolTimeout) and str(failure):
        text = f"{text}: {failure}; raise max_connections, or close streams that nobody reads"
    return TimeoutFailure(text, phase=phase, seconds=seconds, progress=progress, reused=reused)


def _broken(failure: BaseException, progress: int, reused: bool, to: str) -> ConnectionFailure:
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(cause)
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, _TLS_BROKEN_OFF):
            reason = getattr(cause, "reason", None) or str(cause)
            hint = _TLS_HINTS.get(str(reason), "")
            return ConnectionFailure(
                f"no TLS connection could be agreed on ({reason}){hint}",
                progress=progress,
                repeatable=progress != Progress.NOTHING_SENT,
            )
        cause = cause.__cause__ or cause.__context__
    text = _reason(failure) or type(failure).__name__
    if any(os.strerror(code) in text for code in TOO_MANY_FILES):
        text = f"{text}; {WHAT_TO_DO}"
    verb = f"could not connect{to}" if progress == Progress.NOTHING_SENT else "the connection broke"
    return ConnectionFailure(f"{verb}: {text}", progress=progress, reused=reused)


def _reason(failure: BaseException) -> str:
    """Return what a failure says, or what is below it if it says nothing."""
    text = str(failure)
    if text != _NONE_CONNECTED:
        return text
    cause: BaseException | None = failure
    while cause is not None:
        # One for each address of the host; the last is as good as any.
        found: BaseException = (getattr(cause, "exceptions", None) or (cause,))[-1]
        if isinstance(found, OSError) and found.errno is not None:
            return f"[Errno {found.errno}] {os.strerror(found.errno)}"
        cause = found.__cause__ or found.__context__
    return text


def _untrusted(failure: ssl.SSLCertVerificationError) -> ConnectionFailure:
    reason = getattr(failure, "verify_message", "") or "unknown reason"
    text = f"the server's certificate is not trusted ({reason})"
    if getattr(failure, "verify_code", 0) in _UNKNOWN_AUTHORITY:
        text = (
            f"{text}: if its authority is your own, add it to the system's trust store or to "
            "SSL_CERT_FILE, or pass transport=quintet.NativeTransport(verify=FILE)"
        )
    elif getattr(failure, "verify_code", 0) in _ANOTHER_NAME:
        # For which ones it is, ssl does not tell of a certificate that it has refused.
        text = f'{text}: it is for other names, which "python -m quintet doctor URL" lists'
    return ConnectionFailure(text, progress=Progress.NOTHING_SENT, repeatable=False)


def _refused_by_proxy(failure: BaseException) -> ConnectionFailure:
    text = str(failure)
    hint = "NO_PROXY says which hosts to reach without it"
    if text.startswith("407"):
        hint = "put user and password into the proxy's URL"
        known = getattr(failure, "introduced", None)
        if known:
            hint = "the user and password in the proxy's URL are wrong"
        elif known is None:
            hint = f"{hint}, or they are wrong"
    return ConnectionFailure(
        f"the proxy did not connect to the server ({text}); {hint}",
        progress=Progress.NOTHING_SENT,
        # What it forbids it will forbid again; trouble on its way to the server may pass.
        repeatable=not text.startswith("4") or text.startswith(("408", "429")),
    )


def _local(failure: Exception) -> ProtocolFailure:
    text = f"the request is not valid HTTP: {failure}"
    if not isinstance(failure, LocalProtocolError):
        # A library's message quotes the offending header, which may hold a credential.
        text = "the request is not valid HTTP"
        failure.args = ("message withheld",)
        failure.__cause__ = failure.__context__ = None
    return ProtocolFailure(text, progress=Progress.NOTHING_SENT, repeatable=False)


def _remote(failure: BaseException, progress: int, reused: bool) -> QuintetError:
    text = str(failure)
    if any(words in text for words in _WENT_AWAY):
        return ConnectionFailure(
            "the server closed the connection before its answer was complete",
            progress=progress,
            reused=reused,
        )
    if isinstance(failure, HeadTooLarge):
        return _head_too_large(failure.bound, failure.limit)
    if _HEAD_TOO_LONG in text:
        return _head_too_large("max_head_bytes", MAX_HEAD_BYTES)
    return ProtocolFailure(f"the server's answer is not valid HTTP: {text}", progress=progress)


def _head_too_large(bound: str, limit: int) -> LimitExceeded:
    what = "lines" if bound == "max_header_lines" else "bytes"
    return LimitExceeded(
        f"the head of the server's answer has more than {limit} {what} ({bound})",
        bound=bound,
        limit=limit,
    )
