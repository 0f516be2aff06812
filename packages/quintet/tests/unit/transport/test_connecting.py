"""The order of addresses, and names that are looked up aside."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet.transport import connecting
from quintet.transport.connecting import Address, families_in_turn, resolve
from quintet.transport.sockets import Network
from quintet.transport.watch import ConnectError, ConnectTimeout, Watch


def watch(seconds: float | None = 60.0) -> Watch:
    until = None if seconds is None else time.monotonic() + seconds
    return Watch(until, seconds, time.monotonic)


@pytest.fixture
def network() -> Network:
    return Network(lambda: None)


def addresses(families: str) -> list[Address]:
    kinds = {"6": socket.AF_INET6, "4": socket.AF_INET}
    return [
        (kinds[family], socket.SOCK_STREAM, 0, number) for number, family in enumerate(families)
    ]


@pytest.mark.parametrize(
    ("given_order", "numbers"),
    [("", []), ("4", [0]), ("66644", [0, 3, 1, 4, 2]), ("46", [0, 1]), ("4466", [0, 2, 1, 3])],
)
def test_families_take_turns_from_the_resolvers_favourite(
    given_order: str, numbers: list[int]
) -> None:
    assert [address[3] for address in families_in_turn(addresses(given_order))] == numbers


@given(st.text(alphabet="46", max_size=12))
def test_every_address_is_tried_once_and_a_familys_order_stays(families: str) -> None:
    found = addresses(families)
    in_turn = families_in_turn(found)
    assert sorted(in_turn, key=lambda address: address[3]) == found
    for family in (socket.AF_INET, socket.AF_INET6):
        numbers = [address[3] for address in in_turn if address[0] == family]
        assert numbers == sorted(numbers)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_literal_address_needs_no_thread(
    network: Network, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "_aside", None)
    assert resolve(host, 80, network, watch())[0][3][:2] == (host, 80)


def test_name_is_looked_up_aside(network: Network) -> None:
    found = resolve("localhost", 80, network, watch())
    assert {address[3][1] for address in found} == {80}


def hang(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    release = threading.Event()

    def look_up(*_: Any, **__: Any) -> list[Any]:
        release.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return release


def test_look_up_that_hangs_ends_at_the_limit(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = hang(monkeypatch)
    began = time.monotonic()
    with pytest.raises(ConnectTimeout):
        resolve("service.test", 80, network, watch(0.05))
    assert time.monotonic() - began < 30
    release.set()


def test_look_up_that_hangs_ends_when_the_engine_is_closed(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = hang(monkeypatch)
    threading.Timer(0.05, network.shut).start()
    with pytest.raises(ConnectionAbortedError):
        resolve("service.test", 80, network, watch(None))
    release.set()


def test_failure_of_a_look_up_names_the_host(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConnectError, match=r"cannot resolve service\.test"):
        resolve("service.test", 80, network, watch())


def test_without_threads_left_the_look_up_is_made_here(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    assert resolve("localhost", 80, network, watch())
