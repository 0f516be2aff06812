"""What a server's certificate says, trusted or not."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any

__all__ = ["describe", "presented"]

_DAY = 86_400


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


def presented(place: tuple[str, int], host: str, seconds: float) -> dict[str, Any]:
    """Return the same of a certificate that is not trusted; empty if it cannot be read.

    ``ssl`` reads no certificate that it does not trust.  So it is asked for first, and then trusted
    for itself on another connection, on which nothing is sent.
    """
    try:
        anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anything.check_hostname = False
        anything.verify_mode = ssl.CERT_NONE
        with _handshake(anything, place, host, seconds) as secure:
            raw = secure.getpeercert(binary_form=True)
        if not raw:
            return {}
        itself = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        itself.check_hostname = False
        itself.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        itself.load_verify_locations(cadata=raw)
        with _handshake(itself, place, host, seconds) as secure:
            return describe(secure.getpeercert() or {})
    except OSError:
        return {}


def _handshake(
    context: ssl.SSLContext, place: tuple[str, int], host: str, seconds: float
) -> ssl.SSLSocket:
    sock = socket.create_connection(place, seconds)
    try:
        return context.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise
