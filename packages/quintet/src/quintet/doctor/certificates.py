"""TLS by hand, and what a server's certificate says, trusted or not."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

from quintet.doctor.connecting import Stopped, reason
from quintet.doctor.setup import Setup
from quintet.errors import ConfigurationError

__all__ = ["describe", "presented", "secured"]

Dial = Callable[[], socket.socket]

_DAY = 86_400
_MAX_NAMES = 20  # the shared certificates of large hosts have hundreds
# OpenSSL's X509_V_ERR_ codes: HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH; CERT_NOT_YET_VALID, _EXPIRED.
_OTHER_NAME = frozenset({62, 64})
_OTHER_TIME = frozenset({9, 10})


def describe(certificate: Mapping[str, Any]) -> dict[str, Any]:
    """Return whom a certificate is for, who issued it and until when.

    Args:
        certificate: As ``getpeercert`` of :mod:`ssl` gives it.
    """
    if not certificate:
        return {}
    expires = ssl.cert_time_to_seconds(certificate["notAfter"])
    names = [value for _, value in certificate.get("subjectAltName", ())]
    return {
        "subject": _name(certificate.get("subject", ())) or ", ".join(names[:3]),
        "issuer": _name(certificate.get("issuer", ())),
        "names": names,
        "expires": time.strftime("%Y-%m-%d", time.gmtime(expires)),
        "days_left": int((expires - time.time()) // _DAY),
    }


def _name(distinguished: Any) -> str:
    """Return the common name of a certificate's subject or issuer, else its organisation."""
    parts = {key: value for part in distinguished for key, value in part}
    return str(parts.get("commonName") or parts.get("organizationName") or "")


def secured(dial: Dial, sock: socket.socket, host: str, setup: Setup) -> dict[str, Any]:
    """Agree on TLS over a connection and return with what, and whose certificate came.

    Args:
        dial: Opens another connection to the same place.
        sock: Connected; closed here.
        host: The name that the certificate must have.
        setup: Whom to trust.
    """
    try:
        with setup.tls().wrap_socket(sock, server_hostname=host) as secure:
            version, cipher, found = secure.version(), secure.cipher(), secure.getpeercert()
    except ConfigurationError as error:
        raise Stopped(str(error)) from None
    except ssl.SSLCertVerificationError as error:
        raise Stopped(_refused(error, presented(dial, host), host, setup)) from None
    except OSError as error:
        why = getattr(error, "reason", None) or reason(error)
        raise Stopped(
            f"no TLS connection could be agreed on ({why}): does the port speak https?"
        ) from None
    return {
        "version": version,
        "cipher": cipher[0] if cipher else None,
        # Unchecked, it was not read either.
        **(describe(found or {}) or presented(dial, host)),
    }


def _refused(
    error: ssl.SSLCertVerificationError, found: Mapping[str, Any], host: str, setup: Setup
) -> str:
    who = f"; it is for {found['subject']}, issued by {found['issuer']}" if found else ""
    if error.verify_code in _OTHER_NAME:
        names = ", ".join(found.get("names", ())[:_MAX_NAMES]) or "none that could be read"
        return (
            f"the certificate is for another name: {host} is not among those it has ({names}). "
            "Use one of these in the URL, or have a certificate issued that names the host"
        )
    if error.verify_code in _OTHER_TIME:
        return (
            f"the certificate is not valid at this time ({error.verify_message}{who}): it has to "
            "be renewed, unless the clock of this machine is wrong"
        )
    if isinstance(setup.verify, bool):
        advice = (
            "if its authority is your own or your company's, add it to SSL_CERT_FILE, or pass "
            "transport=quintet.NativeTransport(verify=FILE)"
        )
    else:
        advice = f"what {setup.verify} holds is trusted alone, and its authority is not in there"
    return f"the certificate is not trusted ({error.verify_message}{who}): {advice}"


def presented(dial: Dial, host: str) -> dict[str, Any]:
    """Return the same of a certificate that is not trusted; empty if it cannot be read.

    ``ssl`` reads no certificate that it does not trust.  So it is asked for first, and then trusted
    for itself on another connection, on which nothing is sent.
    """
    try:
        anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anything.check_hostname = False
        anything.verify_mode = ssl.CERT_NONE
        with _handshake(anything, dial, host) as secure:
            raw = secure.getpeercert(binary_form=True)
        if not raw:
            return {}
        itself = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        itself.check_hostname = False
        itself.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        itself.load_verify_locations(cadata=raw)
        with _handshake(itself, dial, host) as secure:
            return describe(secure.getpeercert() or {})
    except (OSError, Stopped):
        return {}


def _handshake(context: ssl.SSLContext, dial: Dial, host: str) -> ssl.SSLSocket:
    sock = dial()
    try:
        return context.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise
