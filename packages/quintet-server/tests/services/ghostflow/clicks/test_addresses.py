"""Whose click it is: addresses behind proxies, and countries."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from quintet_server.services.ghostflow.clicks.addresses import (
    Addresses,
    Networks,
    client_ip,
    truncated,
)
from quintet_server.services.ghostflow.settings import GhostFlowSettings

PROXIES = Networks(["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"])


def forwarded(text: str) -> dict[bytes, bytes]:
    return {b"x-forwarded-for": text.encode("latin-1")}


@given(
    address=st.ip_addresses(),
    networks=st.lists(
        st.one_of(
            st.tuples(st.ip_addresses(v=4), st.integers(0, 32)),
            st.tuples(st.ip_addresses(v=6), st.integers(0, 128)),
        ),
        max_size=5,
    ),
)
def test_networks_hold_what_one_of_them_holds(
    address: object, networks: list[tuple[Any, int]]
) -> None:
    found = [ip_network(each, strict=False) for each in networks]
    within = ip_address(str(address))
    if isinstance(within, IPv6Address) and within.ipv4_mapped is not None:
        within = within.ipv4_mapped
    expected = any(within in each for each in found)
    assert (str(address) in Networks(map(str, found))) is expected


def test_networks_take_an_ipv4_address_in_ipv6_for_what_it_is() -> None:
    assert "::ffff:10.1.2.3" in PROXIES
    assert "" not in PROXIES
    assert "unix" not in PROXIES
    assert not Networks([])


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "example.com", ""])
def test_networks_of_what_is_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Networks([text])


def test_client_ip_of_an_untrusted_peer_is_the_peers() -> None:
    assert client_ip("203.0.113.9", forwarded("198.51.100.1"), PROXIES) == "203.0.113.9"
    assert client_ip("10.0.0.1", forwarded("198.51.100.1"), Networks([])) == "10.0.0.1"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("6.6.6.6, 198.51.100.1", "198.51.100.1"),  # anybody can write what is on the left
        ("198.51.100.1, 10.3.3.3, 192.0.2.7", "198.51.100.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db9::1]:4711", "2001:db9::1"),
        ("2001:DB9:0::1", "2001:db9::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("10.9.9.9, 10.3.3.3", "10.9.9.9"),  # a client inside
        ("198.51.100.1, unknown", "10.0.0.1"),
        ("198.51.100.1, unknown, 10.3.3.3", "10.3.3.3"),
        ("", "10.0.0.1"),
    ],
)
def test_client_ip_behind_proxies_is_the_last_one_not_trusted(header: str, expected: str) -> None:
    assert client_ip("10.0.0.1", forwarded(header), PROXIES) == expected


def test_truncated_address_is_its_network() -> None:
    assert truncated("198.51.100.77") == "198.51.100.0/24"
    assert truncated("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert truncated("unix") is None


def addresses(**settings: object) -> Addresses:
    return Addresses(GhostFlowSettings(**settings))  # type: ignore[arg-type]


def test_country_is_a_trusted_proxys_word() -> None:
    known = addresses(trusted_proxies="10.0.0.0/8, ::1", country_header="CF-IPCountry")
    assert known.country_of({b"cf-ipcountry": b"de"}, "10.1.1.1", "198.51.100.1") == "DE"
    assert known.country_of({b"cf-ipcountry": b"DE"}, "11.1.1.1", "11.1.1.1") is None
    for unknown in (b"XX", b"T1", b"", b"Germany", b"\xc3\x9f"):
        assert known.country_of({b"cf-ipcountry": unknown}, "::1", "198.51.100.1") is None
    assert addresses().country_of({b"cf-ipcountry": b"DE"}, "10.1.1.1", "10.1.1.1") is None


def test_country_without_a_word_is_what_the_database_says(tmp_path: Path) -> None:
    pytest.importorskip("maxminddb")
    path = tmp_path / "country.mmdb"
    path.write_bytes(country_database({"198.51.100.0/24": "FR", "2001:db8::/32": "SE"}))
    known = addresses(
        country_database=str(path), trusted_proxies=["10.0.0.0/8"], country_header="X-Country"
    )
    assert known.country_of({}, "198.51.100.9", "198.51.100.9") == "FR"
    assert known.country_of({b"x-country": b"US"}, "10.0.0.1", "198.51.100.9") == "US"
    assert known.country_of({b"x-country": b"XX"}, "10.0.0.1", "198.51.100.9") == "FR"
    assert known.country_of_ip("2001:db8:5::1") == "SE"
    assert known.country_of_ip("203.0.113.1") is None
    assert known.country_of_ip("unix") is None


def test_country_database_that_is_none_stops_the_start(tmp_path: Path) -> None:
    pytest.importorskip("maxminddb")
    path = tmp_path / "country.mmdb"
    path.write_bytes(b"no database")
    for name in (path, tmp_path / "missing.mmdb"):
        with pytest.raises(RuntimeError, match="COUNTRY_DATABASE"):
            addresses(country_database=str(name))


def test_scheme_is_the_clients_own() -> None:
    known = addresses(trusted_proxies="10.0.0.0/8")
    assert known.is_https("https", "203.0.113.1", {})
    assert not known.is_https("http", "203.0.113.1", {b"x-forwarded-proto": b"https"})
    assert known.is_https("http", "10.0.0.1", {b"x-forwarded-proto": b"HTTPS"})
    assert not known.is_https("https", "10.0.0.1", {b"x-forwarded-proto": b"http"})


def test_range_is_kept_only_on_demand() -> None:
    assert addresses().kept_range("198.51.100.77") is None
    assert addresses(keep_ip_ranges=True).kept_range("198.51.100.77") == "198.51.100.0/24"


def test_settings_with_a_network_that_is_none_are_refused() -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        GhostFlowSettings(trusted_proxies="10.0.0.0/8,nonsense")  # type: ignore[arg-type]


def country_database(countries: dict[str, str]) -> bytes:
    """A database in the MMDB format (version 2.0): a binary tree over addresses, and the data."""
    nodes: list[list[int | str | None]] = [[None, None]]
    for text, code in countries.items():
        network = ip_network(text)
        # IPv4 networks are below ::/96.
        length = network.prefixlen + (96 if network.version == 4 else 0)
        bits = f"{int(network.network_address):0128b}"[:length]
        node = 0
        for bit in bits[:-1]:
            following = nodes[node][int(bit)]
            if not isinstance(following, int):
                nodes.append([None, None])
                following = nodes[node][int(bit)] = len(nodes) - 1
            node = following
        nodes[node][int(bits[-1])] = code
    data, offsets = b"", {}
    for code in countries.values():
        offsets[code] = len(data)
        data += _map({"country": _map({"iso_code": _text(code)})})

    def record(value: int | str | None) -> bytes:
        if value is None:
            return len(nodes).to_bytes(3, "big")
        number = value if isinstance(value, int) else len(nodes) + 16 + offsets[value]
        return number.to_bytes(3, "big")

    tree = b"".join(record(left) + record(right) for left, right in nodes)
    about = _map(
        {
            "node_count": b"\xc4" + len(nodes).to_bytes(4, "big"),
            "record_size": _number(24),
            "ip_version": _number(6),
            "binary_format_major_version": _number(2),
            "binary_format_minor_version": _number(0),
            "build_epoch": b"\x08\x02" + bytes(7) + b"\x01",
            "database_type": _text("Test"),
            "languages": b"\x00\x04",
            "description": _map({}),
        }
    )
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + about


def _text(text: str) -> bytes:
    return bytes([0x40 | len(text)]) + text.encode()


def _number(number: int) -> bytes:
    return b"\xa2" + number.to_bytes(2, "big")


def _map(items: dict[str, bytes]) -> bytes:
    return bytes([0xE0 | len(items)]) + b"".join(_text(key) + item for key, item in items.items())
