"""Where a click comes from: the client's address behind trusted proxies, and its country."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quintet_server.services.ghostflow.settings import GhostFlowSettings

__all__ = ["Addresses", "Networks", "canonical", "client_ip", "truncated"]

Address = IPv4Address | IPv6Address

_REMEMBERED = 10_000
_MOST_REMEMBERED_BYTES = 200
_MOST_COUNTRY_CHARS = 20


class Networks:
    """A set of networks, each `10.0.0.0/8`, `2001:db8::/32` or one address.

    Looking an address up costs as many steps as there are lengths of prefixes, however many
    networks there are.

    Raises:
        ValueError: One of them is none; bits behind the prefix count as a mistake.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._prefixes: dict[tuple[int, int], set[int]] = {}
        for text in texts:
            network = ip_network(text.strip())
            shift = network.max_prefixlen - network.prefixlen
            known = self._prefixes.setdefault((network.version, shift), set())
            known.add(int(network.network_address) >> shift)
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._look_up)

    def __bool__(self) -> bool:
        return bool(self._prefixes)

    def __contains__(self, ip: str) -> bool:
        return bool(self._prefixes) and self._remembered(ip)

    def _look_up(self, ip: str) -> bool:
        address = _address(ip)
        if address is None:
            return False
        number, version = int(address), address.version
        return any(
            version == family and number >> shift in known
            for (family, shift), known in self._prefixes.items()
        )


@lru_cache(maxsize=_REMEMBERED)
def _address(text: str) -> Address | None:
    """The address a text is, an IPv4 one if it is one in the clothes of IPv6."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def canonical(text: str) -> str | None:
    """The one spelling of an address; None if it is none."""
    address = _address(text)
    return None if address is None else str(address)


def client_ip(peer: str, headers: Mapping[bytes, bytes], trusted: Networks) -> str:
    """The address of the client.

    It is the peer of the socket, unless that is a trusted proxy: then the right-most hop of
    `X-Forwarded-For` that is not trusted. What stands left of it, anybody may have written.

    Args:
        peer: Of the socket.
        headers: Of the request, names in lower case; of a repeated one the last, or all joined.
        trusted: The proxies.
    """
    if peer not in trusted:
        return peer
    hops = headers.get(b"x-forwarded-for", b"")
    find = _last_hop if len(hops) <= _MOST_REMEMBERED_BYTES else _last_hop.__wrapped__
    return find(peer, hops, trusted)


@lru_cache(maxsize=_REMEMBERED)
def _last_hop(peer: str, hops: bytes, trusted: Networks) -> str:
    found = peer
    for hop in reversed(hops.decode("latin-1").split(",")):
        address = _hop(hop.strip())
        if address is None:  # a proxy wrote something else: who asked it is not known
            return found
        found = address
        if found not in trusted:
            return found
    return found


def _hop(text: str) -> str | None:
    """The address of a hop: `1.2.3.4`, `1.2.3.4:5678`, `2001:db8::1` or `[2001:db8::1]:5678`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return canonical(text)


class Addresses:
    """Answers by the operator's settings.

    Raises:
        ValueError: A network in the settings is none.
        RuntimeError: A database is named that cannot be opened, or nothing is installed to read it.
    """

    def __init__(self, settings: GhostFlowSettings) -> None:
        self.trusted = Networks(settings.trusted_proxies)
        self._header = (settings.country_header or "").lower().encode("latin-1")
        self._keeps_range = settings.keep_ip_ranges
        self._database = _open(settings.country_database)
        self._looked_up = lru_cache(maxsize=_REMEMBERED)(self._look_up)

    def client_ip(self, peer: str, headers: Mapping[bytes, bytes]) -> str:
        """The address of the client; see the function of this name."""
        return client_ip(peer, headers, self.trusted)

    def country_of(self, headers: Mapping[bytes, bytes], peer: str, ip: str) -> str | None:
        """The country of a request: a trusted proxy's word, else the database's; else None.

        Args:
            headers: Of the request, names in lower case.
            peer: Of the socket.
            ip: The client's.
        """
        if self._header and peer in self.trusted:
            told = _told_country(headers.get(self._header, b"")[:_MOST_COUNTRY_CHARS])
            if told is not None:
                return told
        return self.country_of_ip(ip)

    def country_of_ip(self, ip: str) -> str | None:
        """What the database says, if there is one."""
        return None if self._database is None else self._looked_up(ip)

    def is_https(self, scheme: str, peer: str, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the client's own connection is encrypted, a trusted proxy's word included."""
        if peer in self.trusted and (told := headers.get(b"x-forwarded-proto")) is not None:
            return told.rpartition(b",")[2].strip().lower() == b"https"
        return scheme == "https"

    def kept_range(self, ip: str) -> str | None:
        """The truncated address that may be stored: None unless the operator wants it."""
        return truncated(ip) if self._keeps_range else None

    def close(self) -> None:
        """Close the database."""
        if self._database is not None:
            self._database.close()

    def _look_up(self, ip: str) -> str | None:
        if _address(ip) is None:
            return None
        return _country_in(self._database.get(ip))


def truncated(ip: str) -> str | None:
    """The network of an address: 24 bits of an IPv4 address, 48 of an IPv6 one."""
    address = _address(ip)
    if address is None:
        return None
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


@lru_cache(maxsize=1000)
def _told_country(header: bytes) -> str | None:
    return _country(header.decode("latin-1"))


def _country(text: str) -> str | None:
    """A country code; `XX` (unknown) and `T1` (Tor) are none."""
    code = text.strip().upper()
    is_one = len(code) == 2 and code.isascii() and code.isalpha() and code != "XX"
    return code if is_one else None


def _country_in(record: Any) -> str | None:
    """The code in a record of any of the usual databases: an object or the code itself."""
    if not isinstance(record, Mapping):
        return None
    country = record.get("country") or record.get("registered_country")
    code = country.get("iso_code") if isinstance(country, Mapping) else None
    code = code or record.get("country_code") or country
    return _country(code) if isinstance(code, str) else None


def _open(path: str | None) -> Any:
    if not path:
        return None
    try:
        import maxminddb
    except ImportError:
        message = "QUINTET_GHOSTFLOW_COUNTRY_DATABASE is set; it needs quintet-server[geo]"
        raise RuntimeError(message) from None
    try:
        return maxminddb.open_database(path)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        message = f"QUINTET_GHOSTFLOW_COUNTRY_DATABASE: {path} cannot be read: {error}"
        raise RuntimeError(message) from error
