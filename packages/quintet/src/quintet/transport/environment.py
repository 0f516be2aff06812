"""Which proxy a request goes through: as the environment says, or as the caller does.

Only proxies are taken from there, and from :mod:`~quintet.transport.trust` the trust store.
Credentials never are: no netrc, no cookies.

The variables are ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``; in lower case
they count more, and an empty one in lower case takes the other back.  ``NO_PROXY`` is a list, with
commas or spaces between, of

- ``*``: no proxy at all,
- ``example.com``, ``.example.com`` or ``*.example.com``: that name and every name below it,
- ``10.1.2.3``, ``::1``, ``[::1]``: that address, where the URL has the address and not a name,
- ``10.0.0.0/8``, ``fd00::/8``: the addresses of that network,
- any of these with ``:8080`` behind it (an IPv6 address then in brackets): that port alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from quintet.core.record import Record
from quintet.errors import ConfigurationError

__all__ = ["Proxies", "redacted", "split_proxy"]

_KEYS = frozenset({"http", "https", "all", "no"})
_SUFFIX = "_proxy"
_OTHER_KINDS = frozenset({"https", "socks", "socks4", "socks4a", "socks5", "socks5h"})


class Proxies(Record):
    """Which proxy a URL goes through.

    Attributes:
        by_scheme: The proxy's URL for ``http``, ``https`` and ``all`` (what the other two do not
            say), and under ``no`` where none is used; see this module for its form.
    """

    __slots__ = _fields = ("by_scheme",)
    by_scheme: Mapping[str, str]

    def __init__(self, by_scheme: Mapping[str, str] | None = None) -> None:
        self._fill({} if by_scheme is None else by_scheme)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Proxies:
        """Read the variables named above, now."""
        environ = os.environ if environ is None else environ
        found: dict[str, str] = {}
        for name, value in environ.items():
            if value and name.lower().endswith(_SUFFIX):
                found[name.lower()[: -len(_SUFFIX)]] = value
        if "REQUEST_METHOD" in environ:
            # A CGI script's HTTP_PROXY comes from whoever sent the request ("httpoxy").
            found.pop("http", None)
        for key in _KEYS:
            value = environ.get(key + _SUFFIX, found.get(key, ""))
            if value:
                found[key] = value
            else:
                found.pop(key, None)
        return cls({key: value for key, value in found.items() if key in _KEYS})

    @classmethod
    def of(cls, given: Proxies | Mapping[str, str] | str | None) -> Proxies:
        """Return what a caller means: one URL for everything, one for each key, or None for the
        environment.

        Raises:
            ConfigurationError: A key is none of the four, or a proxy is of another kind than
                ``http://``.
        """
        if given is None:
            return cls.from_environment()
        if isinstance(given, str):
            given = {"all": given}
        if not isinstance(given, Proxies):
            # Other libraries' keys look like the beginning of a URL.
            given = cls({key.removesuffix("://"): value for key, value in given.items()})
        for key, url in given.by_scheme.items():
            if key not in _KEYS:
                raise ConfigurationError(
                    f"proxies has the key {key[:20]!r}; the keys are http, https, all and no"
                )
            if key != "no":
                split_proxy(url)
        return given

    def choose(self, scheme: str, host: str, port: int | None = None) -> str | None:
        """Return the proxy URL for a target, None for a direct connection."""
        if not self.by_scheme or self._direct(host.lower().rstrip("."), port):
            return None
        return self.by_scheme.get(scheme) or self.by_scheme.get("all")

    def _direct(self, host: str, port: int | None) -> bool:
        rules = self.by_scheme.get("no", "").replace(",", " ").lower().split()
        return any(_covers(rule, host, port) for rule in rules)

    def __repr__(self) -> str:
        shown = {
            key: value if key == "no" else redacted(value) for key, value in self.by_scheme.items()
        }
        return f"Proxies({shown})"


def _covers(rule: str, host: str, port: int | None) -> bool:
    """Tell whether one entry of ``NO_PROXY`` is about a host, both in lower case."""
    if rule == "*":
        return True
    name, only = _split_port(rule)
    if only is not None and only != port:
        return False
    if ":" in host or host.replace(".", "").isdigit():
        return _has_address(name, host)
    name = name.removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _split_port(rule: str) -> tuple[str, int | None]:
    if rule.startswith("["):
        name, _, port = rule[1:].partition("]")
        port = port.removeprefix(":")
    elif rule.count(":") == 1:
        name, _, port = rule.partition(":")
    else:
        return rule, None
    # A port that is none matches no request.
    return name, (int(port) if port.isascii() and port.isdigit() else -1) if port else None


def _has_address(network: str, host: str) -> bool:
    # Imported here: few programs need it, and those with NO_PROXY only.
    import ipaddress

    try:
        address = ipaddress.ip_address(host.partition("%")[0])
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


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
        raise _unusable(parts.scheme)
    auth = (
        None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
    )
    return (host, port), auth


def _unusable(scheme: str) -> ConfigurationError:
    if scheme not in _OTHER_KINDS:
        return ConfigurationError(
            "the proxy (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY or proxies=) must be an http:// URL "
            "with a host, such as http://proxy.example:3128"
        )
    install = "pip install httpx" if scheme == "https" else 'pip install "httpx[socks]"'
    return ConfigurationError(
        f"the proxy (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY or proxies=) is a {scheme}:// one, and the "
        'native engine speaks to http:// proxies alone: use transport="httpx" '
        f"(or QUINTET_TRANSPORT=httpx; {install}), or pass an http_client that supports it"
    )


def redacted(url: str) -> str:
    """Return a proxy's URL as it may be shown: without user, password, path and query."""
    scheme, mark, rest = url.partition("://") if "://" in url else ("http", "://", url)
    # From the last "@" on: a password may hold any other mark, though it should not.
    _, at, place = rest.rpartition("@")
    for end in "/?#":
        place = place.partition(end)[0]
    return f"{scheme}{mark}{'***@' if at else ''}{place}"
