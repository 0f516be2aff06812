"""Which store settings name."""

from __future__ import annotations

import asyncio
import builtins

import pytest
from pydantic import ValidationError

from quintet_server.engines.kv.opening import open_kv
from quintet_server.engines.kv.postgres import PostgresKv
from quintet_server.engines.kv.prefixes import end_of_prefix
from quintet_server.engines.kv.settings import KvSettings
from quintet_server.engines.kv.sweeping import Sweeper


class Clock:
    @staticmethod
    def now() -> float:
        return 0.0


@pytest.mark.parametrize("url", [None, "", "  "])
def test_without_a_url_the_cache_is_in_postgres(url) -> None:
    assert isinstance(open_kv(KvSettings(url=url), None, Clock), PostgresKv)


@pytest.mark.parametrize("name", ["CACHE_URL", "QUINTET_KV_URL"])
@pytest.mark.parametrize("scheme", ["valkey", "valkeys", "redis", "rediss"])
def test_url_from_the_environment_names_a_valkey(monkeypatch, name, scheme) -> None:
    monkeypatch.setenv(name, f"{scheme}://user:pass%40word@127.0.0.1:1/2")
    settings = KvSettings()
    assert "pass" not in repr(settings)
    kv = open_kv(settings, None, Clock)
    pool = kv._client.connection_pool
    assert pool.connection_kwargs["password"] == "pass@word"
    assert pool.connection_kwargs["db"] == 2
    assert ("SSL" in pool.connection_class.__name__) is (scheme in {"valkeys", "rediss"})


def test_url_of_another_kind_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("CACHE_URL", "http://127.0.0.1")
    with pytest.raises(ValidationError, match="must start with one of valkey://") as caught:
        KvSettings()
    assert "127.0.0.1" not in str(caught.value).replace("http://127.0.0.1", "")


def test_url_without_the_library_says_what_to_install(monkeypatch) -> None:
    real = builtins.__import__

    def refuse(name, *rest):
        if name.startswith("valkey"):
            raise ModuleNotFoundError(f"No module named {name!r}", name="valkey")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.delitem(__import__("sys").modules, "quintet_server.engines.kv.valkey", False)
    with pytest.raises(ModuleNotFoundError, match=r"quintet-server\[valkey\]"):
        open_kv(KvSettings(url="valkey://127.0.0.1"), None, Clock)


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        ("", None),
        ("a", "b"),
        ("ab", "ac"),
        ("a\U0010ffff", "b"),
        ("\U0010ffff\U0010ffff", None),
        ("\ud7ff", "\ue000"),
        ("\x7f", "\x80"),
        ("\uffff", "\U00010000"),
    ],
)
def test_prefix_ends_before_the_next_text_that_lacks_it(prefix, end) -> None:
    assert end_of_prefix(prefix) == end
    if end is not None:
        assert (prefix + "\U0010ffff" * 3).encode() < end.encode()


async def test_sweeper_goes_on_after_a_store_was_away() -> None:
    rounds = 0
    done = asyncio.Event()

    async def sweep() -> int:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            raise ConnectionError("away")
        done.set()
        return 0

    sweeper = Sweeper(sweep, 0.0, (ConnectionError,))
    sweeper.start()
    async with asyncio.timeout(60):
        await done.wait()
    await sweeper.stop()
