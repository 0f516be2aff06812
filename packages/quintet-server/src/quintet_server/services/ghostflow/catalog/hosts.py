"""Host names of domains, in the one spelling that requests have them in."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

import idna

__all__ = ["is_local", "read_host"]

_MOST_CHARS = 253
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def read_host(given: str) -> str:
    """The host in lower-case ASCII; international names in Punycode, IPv6 in brackets.

    Raises:
        ValueError: It is no host, or has something around it: a scheme, a port, a path.
    """
    host = given.strip()
    if len(host) > _MOST_CHARS:
        raise ValueError(f"must have at most {_MOST_CHARS} characters")
    address = _address(host)
    if isinstance(address, IPv6Address):
        return f"[{address}]"
    return str(address) if address is not None else _name(host)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return ip_address(bare) if "%" not in bare else None
    except ValueError:
        return None


def _name(host: str) -> str:
    if any(sign in host for sign in "/?#@:[]\\ "):
        raise ValueError("must be a host alone, without scheme, port or path")
    name = host.removesuffix(".").lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError("must be a host name such as go.example.com") from error
    labels = name.split(".")
    is_name = len(name) <= _MOST_CHARS and all(_LABEL.fullmatch(label) for label in labels)
    # What ends in a number is read as an address, or as nothing (the WHATWG's URL standard).
    if not is_name or _NUMBER.fullmatch(labels[-1]) or not _is_punycode(labels):
        raise ValueError("must be a host name such as go.example.com")
    return name


def _is_punycode(labels: list[str]) -> bool:
    try:
        for label in labels:
            if label.startswith("xn--"):
                idna.decode(label)
    except idna.IDNAError:
        return False
    return True


def is_local(host: str) -> bool:
    """Whether a host, as `read_host` gives it, is the very machine that asks (RFC 6761 §6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address is not None and address.is_loopback
