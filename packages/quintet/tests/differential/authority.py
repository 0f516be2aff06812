"""A certificate authority of the tests, made once per process and only when TLS is spoken."""

from __future__ import annotations

import atexit
import shutil
import ssl
import tempfile
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from threading import RLock

import trustme

from tests.support.loopback import HOST

__all__ = ["client_context", "mine", "server_context", "trusted"]

# Scenarios may run side by side, and a cache alone would let two of them make an authority each.
_one_at_a_time = RLock()


@cache
def _authority() -> tuple[trustme.CA, Path]:
    folder = Path(tempfile.mkdtemp(prefix="quintet-ca-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("me@example.org").private_key_and_cert_chain_pem.write_to_path(
        folder / "mine.pem"
    )
    return authority, folder


def trusted() -> str:
    """Return the path of the authority's certificate."""
    with _one_at_a_time:
        return str(_authority()[1] / "ca.pem")


def mine() -> str:
    """Return the path of a client certificate with its key."""
    with _one_at_a_time:
        return str(_authority()[1] / "mine.pem")


@cache
def server_context(kind: str) -> ssl.SSLContext:
    """Return the peer's context: ``good``, ``wrong-name``, ``expired`` or ``asks`` (for one).

    With ``tls1.2`` at its end, for no later version than that.
    """
    with _one_at_a_time:
        authority, _ = _authority()
    name = "somewhere.example" if kind.startswith("wrong-name") else HOST
    now = datetime.now(timezone.utc)
    begins, ends = (-9, -2) if kind.startswith("expired") else (-9, 9)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(
        name,
        "origin.example",
        not_before=now + timedelta(days=begins),
        not_after=now + timedelta(days=ends),
    ).configure_cert(context)
    if kind.startswith("asks"):
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
    if kind.endswith("tls1.2"):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@cache
def client_context(trust: bool, shows: bool) -> ssl.SSLContext:
    """Return a client's context, for the libraries that take one."""
    context = (
        ssl.create_default_context(cafile=trusted()) if trust else ssl.create_default_context()
    )
    if shows:
        context.load_cert_chain(mine())
    return context
