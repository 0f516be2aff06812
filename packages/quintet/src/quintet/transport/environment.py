"""What a transport takes from its surroundings, once, when it is built: proxies and trust.

Credentials are never taken from the surroundings: no netrc, no cookies.
"""

from __future__ import annotations

import ssl
import threading
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from quintet.errors import ConfigurationError
from quintet.transport.forks import renew_after_fork

__all__ = ["Proxies", "split_proxy", "tls_context"]


class _Contexts:
    """The TLS contexts of this process, one per configuration."""

    def __init__(self) -> None:
        self._made: dict[tuple[str | bool, str | None], ssl.SSLContext] = {}
        self._lock = threading.Lock()
        renew_after_fork(self)

    def renew(self) -> None:
        self._lock = threading.Lock()

    def get(self, verify: str | bool, cert: str | None) -> ssl.SSLContext:
        with self._lock:
            context = self._made.get((verify, cert))
            if context is None:
                context = self._made[(verify, cert)] = _build(verify, cert)
            return context


_contexts = _Contexts()


def tls_context(verify: str | bool = True, cert: str | None = None) -> ssl.SSLContext:
    """Return the process's TLS context for a configuration; the same one each time.

    Building a context reads the whole trust store (about 20 ms), so it is made at the first
    https connection and shared by every client with the same configuration.

    Args:
        verify: True for the system's trust store (``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` count)
            together with the certifi bundle; a path for a private CA file; False to accept any
            certificate, for tests only.
        cert: Path of a PEM file with a client certificate and its key.

    Raises:
        ConfigurationError: A file cannot be read, or is not what it should be.
    """
    try:
        return _contexts.get(verify, cert)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"the TLS files cannot be used ({error.strerror or error}): check verify, cert, "
            "SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error


def _build(verify: str | bool, cert: str | None) -> ssl.SSLContext:
    if isinstance(verify, str):
        context = ssl.create_default_context(cafile=verify)
    else:
        context = ssl.create_default_context()
        if verify:
            # Slim images often have no system store; certifi comes with the HTTP library.
            try:
                import certifi
            except ImportError:
                pass
            else:
                context.load_verify_locations(certifi.where())
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    if cert is not None:
        context.load_cert_chain(cert)
    context.set_alpn_protocols(["http/1.1"])
    return context


@dataclass(frozen=True)
class Proxies:
    """Which proxy a URL goes through, as the environment said when the transport was built."""

    by_scheme: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls) -> Proxies:
        """Read ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``."""
        return cls(dict(urllib.request.getproxies_environment()))

    def choose(self, scheme: str, host: str) -> str | None:
        """Return the proxy URL for a target, None for a direct connection."""
        if not self.by_scheme or urllib.request.proxy_bypass_environment(  # type: ignore[attr-defined]
            host, dict(self.by_scheme)
        ):
            return None
        return self.by_scheme.get(scheme) or self.by_scheme.get("all")


def split_proxy(url: str) -> tuple[tuple[str, int], tuple[str, str] | None]:
    """Split a proxy URL into its host and port, and its credentials if it has any.

    Raises:
        ConfigurationError: Not a plain ``http://`` proxy.  The URL is not printed, since it may
            hold a password.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port = None, 0
        parts = urlsplit("")
    if parts.scheme != "http" or not host:
        raise ConfigurationError(
            "the proxy in the environment must be an http:// URL; for socks or https proxies "
            "pass an http_client that supports them"
        )
    auth = (
        None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
    )
    return (host, port), auth
