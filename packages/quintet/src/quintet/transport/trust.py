"""Whom a transport trusts and as whom it shows itself: TLS contexts, made when first needed.

Building a context reads the whole trust store (about 20 ms), so it is made at the first https
connection, and shared by every client of the process with the same configuration.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Union

from quintet.errors import ConfigurationError
from quintet.transport.forks import renew_after_fork

__all__ = ["Cert", "Trust", "Verify", "check_spoken", "tls_context"]

Verify = Union[bool, str, "os.PathLike[str]"]
Cert = Union[
    str,
    "os.PathLike[str]",
    "tuple[str | os.PathLike[str], str | os.PathLike[str]]",
    "tuple[str | os.PathLike[str], str | os.PathLike[str], str | bytes | None]",
]

# A change of these after the first connection counts for the ones that follow.
_SURROUNDINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_MAX_KNOWN = 64
# As openssl rehash names certificates in a directory.
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")


class _Contexts:
    """The TLS contexts of this process, one per configuration."""

    def __init__(self) -> None:
        self._made: dict[object, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        renew_after_fork(self)

    def renew(self) -> None:
        self._lock = threading.Lock()

    def get(self, key: object, build: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        with self._lock:
            context = self._made.get(key)
            if context is None:
                context = build()
                if len(self._made) >= _MAX_KNOWN:
                    del self._made[next(iter(self._made))]
                self._made[key] = context
            return context


_contexts = _Contexts()


class Trust:
    """One TLS configuration, checked when made; its files are read when it is first needed.

    Args:
        verify: True for the system's trust store (``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` count)
            together with the certifi bundle; the path of a private CA file, or of a directory in
            OpenSSL's form, to trust these alone; False to accept any certificate, for tests only.
        cert: The client's certificate: the path of a PEM file with its key, or a tuple of the
            certificate's path, the key's, and the key's password if it has one.
        ssl_context: A context to use as it is, in place of the other two.

    Raises:
        ConfigurationError: A value is of the wrong kind, or ``ssl_context`` is not alone.
    """

    __slots__ = ("_cert", "_given", "_verify")

    def __init__(
        self,
        verify: Verify = True,
        cert: Cert | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        if ssl_context is not None:
            if not isinstance(ssl_context, ssl.SSLContext):
                raise ConfigurationError("ssl_context must be an ssl.SSLContext")
            if verify is not True or cert is not None:
                raise ConfigurationError(
                    "give ssl_context or verify and cert, not both: a context has its own"
                )
        if isinstance(verify, ssl.SSLContext):
            raise ConfigurationError("verify is an ssl.SSLContext: pass it as ssl_context=")
        self._given = ssl_context
        self._verify = verify if isinstance(verify, bool) else _path("verify", verify)
        self._cert = None if cert is None else _cert(cert)

    @property
    def anonymous(self) -> bool:
        """Whether no client certificate is shown; of a given context that is not known."""
        return self._given is None and self._cert is None

    def context(self) -> ssl.SSLContext:
        """Return the context: the same one for every :class:`Trust` of this configuration.

        Raises:
            ConfigurationError: A file cannot be read, or is not what it should be.
        """
        if self._given is not None:
            return self._given
        try:
            return _contexts.get(self._key(), self._build)
        except OSError as error:  # what an argument names was looked at; ssl.SSLError is one
            log = os.environ.get("SSLKEYLOGFILE")
            named = f"SSLKEYLOGFILE={log!r}" if log else "SSL_CERT_FILE or SSL_CERT_DIR"
            raise ConfigurationError(
                f"the TLS files cannot be used: {named}: {error.strerror or error}"
            ) from error

    def _key(self) -> tuple[object, ...]:
        """Return what makes a context different: where everything is, and of which age it is.

        So a certificate that is renewed in its place counts from the next connection on.
        """
        around = [os.environ.get(name) for name in _SURROUNDINGS]
        files = [self._verify, around[0], *(self._cert or ())[:2]]
        ages = [_age(path) for path in files if isinstance(path, str)]
        return (self._verify, self._cert, *around, *ages)

    def _build(self) -> ssl.SSLContext:
        if isinstance(self._verify, str):
            context = _trusting(self._verify)
        else:
            context = ssl.create_default_context()
            if self._verify:
                _add_certifi(context)
            else:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
        if self._cert is not None:
            _show_ourselves(context, *self._cert)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def __repr__(self) -> str:
        return f"Trust(verify={self._verify!r}, client certificate: {self._cert is not None})"


def tls_context(verify: Verify = True, cert: Cert | None = None) -> ssl.SSLContext:
    """Return the process's TLS context for a configuration; see :class:`Trust`."""
    return Trust(verify, cert).context()


def check_spoken(protocol: str | None) -> None:
    """Refuse what both sides agreed to speak if it is not ours; only a given context offers more.

    Args:
        protocol: As ALPN has it (RFC 7301); None for no agreement.

    Raises:
        ConfigurationError: It is another one than HTTP/1.1.
    """
    if protocol not in (None, "http/1.1"):
        raise ConfigurationError(
            f"the ssl_context offers {protocol!r} and the server took it, but the native engine "
            'speaks HTTP/1.1 alone: set_alpn_protocols(["http/1.1"]), or pass '
            "http_client=httpx.Client(http2=True)"
        )


def _trusting(path: str) -> ssl.SSLContext:
    """Return a context that trusts a file or a directory alone."""
    try:
        if not Path(path).is_dir():
            return ssl.create_default_context(cafile=path)
        # Its files are looked up by their names when needed, so others would never be found.
        if not any(_HASHED.fullmatch(file.name) for file in Path(path).iterdir()):
            raise _unusable("verify", path, "no file in it has a hashed name: run openssl rehash")
        return ssl.create_default_context(capath=path)
    except OSError as error:
        if error.filename is not None and error.filename != path:
            raise  # that of SSLKEYLOGFILE
        why = "no certificate in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise _unusable("verify", path, why) from error


def _show_ourselves(
    context: ssl.SSLContext, chain: str, key: str | None, password: str | bytes | None
) -> None:
    """Load the client's certificate, or say which of its files is wrong."""

    def no_password() -> str:
        # Without an answer OpenSSL would ask at the terminal, and a server has none.
        raise _unusable(
            "the key in cert",
            chain if key is None else key,
            "it is encrypted: give cert=(certificate, key, password)",
        )

    try:
        context.load_cert_chain(chain, key, password or no_password)
    except OSError as error:
        # OpenSSL tells neither the file nor, of most that can be wrong, what.
        if not _has(chain, b"-BEGIN CERTIFICATE-", "cert"):
            raise _unusable("cert", chain, "no certificate in PEM form") from error
        name, place = ("cert", chain) if key is None else ("the key in cert", key)
        if not _has(place, b"PRIVATE KEY-", name):
            why = "no private key in it" + (": give cert=(certificate, key)" if key is None else "")
            raise _unusable(name, place, why) from error
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            raise _unusable(name, place, f"the key does not fit the certificate {chain!r}") from (
                error
            )
        why = "damaged" if password is None else "the password is wrong, or it is damaged"
        raise _unusable(name, place, f"the key cannot be read: {why}") from error


def _has(path: str, mark: bytes, name: str) -> bool:
    try:
        return mark in Path(path).read_bytes()
    except OSError as error:
        raise _unusable(name, path, error.strerror) from error


def _unusable(name: str, path: str, why: str | None) -> ConfigurationError:
    return ConfigurationError(f"the TLS files cannot be used: {name}={path!r}: {why}")


def _add_certifi(context: ssl.SSLContext) -> None:
    """Slim images often have no system store, so certifi's is trusted as well."""
    try:
        import certifi
    except ImportError:
        return
    context.load_verify_locations(certifi.where())


def _age(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - at every connection, so without an object for it
    except OSError:
        return None  # whoever reads it will say so
    return found.st_mtime_ns, found.st_size


def _path(name: str, value: object) -> str:
    if not isinstance(value, (str, os.PathLike)) or isinstance(value, bytes):
        raise ConfigurationError(f"{name} must be the path of a file, not {type(value).__name__}")
    path = os.fspath(value)
    if not path or "\0" in path:
        raise ConfigurationError(f"{name} is {'no path' if path else 'empty'}; leave it out")
    return path


def _cert(given: Cert) -> tuple[str, str | None, str | bytes | None]:
    if not isinstance(given, tuple):
        return _path("cert", given), None, None
    if len(given) not in (2, 3):
        raise ConfigurationError("cert must be a path, (cert, key) or (cert, key, password)")
    password = given[2] if len(given) == 3 else None
    if password is not None and not isinstance(password, (str, bytes)):
        raise ConfigurationError("the password of cert must be text or bytes")
    return _path("cert", given[0]), _path("the key of cert", given[1]), password
