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
from typing import TYPE_CHECKING, Union
from urllib.parse import unquote, urlsplit

from quintet.core.record import Record
from quintet.errors import ConfigurationError

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

__all__ = ["GivenProxies", "Proxies", "redacted", "split_proxy", "without_effect"]

GivenProxies = Union[
    "Proxies", Mapping[str, Union[str, "list[str]", "tuple[str, ...]", None]], str, None
]
"""What a caller may say of proxies; see :meth:`Proxies.of`."""

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
        # A copy: the variables of Windows would be found in lower case too, HTTP_PROXY included.
        environ = dict(os.environ) if environ is None else environ
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
    def of(cls, given: GivenProxies) -> Proxies:
        """Return what a caller means: one URL for everything, one for each key, or None for the
        environment.

        The keys may end in ``://``, as httpx has them.  A proxy of None, or an empty one, is a
        direct connection, whatever ``all`` says; ``no`` may be a list of its entries.

        Raises:
            ConfigurationError: A key is none of the four, a proxy is of another kind than
                ``http://``, or an entry of ``no`` covers nothing.
        """
        if given is None:
            return cls.from_environment()
        if isinstance(given, str):
            given = {"all": given}
        if isinstance(given, Proxies):
            # It may be the environment's, where an entry that covers nothing is no error.
            read = given
        elif isinstance(given, Mapping):
            read = cls(dict(_entry(key, value) for key, value in given.items()))
        else:
            raise ConfigurationError(
                "proxies must be one URL or a mapping with the keys http, https, all and no, not "
                f"{type(given).__name__}"
            )
        for key, url in read.by_scheme.items():
            if key != "no" and url:
                split_proxy(url)
        return read

    def choose(self, scheme: str, host: str, port: int | None = None) -> str | None:
        """Return the proxy URL for a target, None for a direct connection."""
        if not self.by_scheme or self._direct(host.lower().rstrip("."), port):
            return None
        url = self.by_scheme.get(scheme)
        return (self.by_scheme.get("all") if url is None else url) or None

    def _direct(self, host: str, port: int | None) -> bool:
        return any(_covers(rule, host, port) for rule in _rules(self.by_scheme.get("no", "")))

    def __repr__(self) -> str:
        shown = {
            key: redacted(value) if value and key != "no" else value
            for key, value in self.by_scheme.items()
        }
        return f"Proxies({shown})"


def _entry(key: object, value: object) -> tuple[str, str]:
    """Return what a caller says of one key, as the environment would."""
    name = key.removesuffix("://") if isinstance(key, str) else repr(key)
    if name not in _KEYS:
        raise ConfigurationError(
            f"proxies has the key {name[:20]!r}; the keys are http, https, all and no"
        )
    if value is None:
        return name, ""
    if name == "no":
        if isinstance(value, (list, tuple, set, frozenset)) and all(
            isinstance(each, str) for each in value
        ):
            value = ",".join(value)
        if not isinstance(value, str):
            raise ConfigurationError("no in proxies must be text or a list of text")
        vain = without_effect(value)
        if vain:
            raise ConfigurationError(
                f"no in proxies has {vain[0]!r}, which covers nothing: an entry is a name, an "
                "address, a network such as 10.0.0.0/8, one of these with :port, or *"
            )
    elif not isinstance(value, str):
        # Its value is not shown: it may hold a password, whatever it is.
        raise ConfigurationError(
            f"{name} in proxies must be a URL, or None for none, not {type(value).__name__}"
        )
    return name, value


def without_effect(no: str) -> list[str]:
    """Return the entries of a ``NO_PROXY`` that cover nothing, whatever is requested."""
    return [rule for rule in _rules(no) if not _can_cover(rule)]


def _rules(no: str) -> list[str]:
    return no.replace(",", " ").lower().split()


def _can_cover(rule: str) -> bool:
    if rule == "*":
        return True
    name, port = _split_port(rule)
    if port == -1:
        return False
    if rule.startswith("[") or ":" in name or "/" in name or name.replace(".", "").isdigit():
        return _network(name) is not None
    name = name.removeprefix("*").strip(".")
    # What else a host name may consist of is for the resolver to judge.
    return bool(name) and all(each.isalnum() or each in "-_." for each in name)


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

    covered = _network(network)
    try:
        return covered is not None and ipaddress.ip_address(host.partition("%")[0]) in covered
    except ValueError:
        return False


def _network(text: str) -> IPv4Network | IPv6Network | None:
    import ipaddress

    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


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
