"""What is remembered of links and domains, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio

from quintet_server.services.ghostflow import remembering
from quintet_server.services.ghostflow.redirects import book as book_module
from quintet_server.services.ghostflow.redirects.book import Book
from quintet_server.services.ghostflow.teams import CHANNEL

from .conftest import Links


class Bus:
    """Notifications that come when the test says so."""

    def __init__(self) -> None:
        self.is_connected = True
        self.callbacks: list[Any] = []

    def subscribe(self, channel: str, callback: Any) -> Any:
        assert channel == CHANNEL
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def notify(self) -> None:
        for callback in self.callbacks:
            callback("")


class Counting:
    """The database, counting who borrows a connection."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.reads = 0

    def connection(self) -> Any:
        self.reads += 1
        return self._db.connection()


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest_asyncio.fixture(loop_scope="session")
async def db(links: Links) -> Counting:
    return Counting(links.api.runtime.db)


@pytest.fixture
def book(db: Counting, bus: Bus) -> Iterator[Book]:
    found = Book(db, bus, 5.0)  # type: ignore[arg-type]
    yield found
    found.stop()
    assert bus.callbacks == []


async def test_link_is_read_once_until_something_changes(
    links: Links, book: Book, db: Counting, bus: Bus
) -> None:
    campaign = await links.campaign()
    for _ in range(3):
        assert await book.by_slug(campaign["slug"]) is not None
    assert db.reads == 1
    await links.api.ask("PATCH", f"/campaigns/{campaign['id']}", {"status": "paused"})
    bus.notify()
    assert await book.by_slug(campaign["slug"]) is None
    assert db.reads == 2


async def test_change_while_a_link_is_read_is_not_missed(
    links: Links, book: Book, db: Counting, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = await links.campaign(url="https://before.example/")
    read = book_module.read_link

    def change_meanwhile(row: Any) -> Any:
        bus.notify()
        return read(row)

    monkeypatch.setattr(book_module, "read_link", change_meanwhile)
    await book.by_slug(campaign["slug"])
    monkeypatch.undo()
    await book.by_slug(campaign["slug"])
    assert db.reads == 2


async def test_nothing_is_remembered_while_changes_go_unheard(
    links: Links, book: Book, db: Counting, bus: Bus
) -> None:
    campaign = await links.campaign()
    await book.by_slug(campaign["slug"])
    bus.is_connected = False
    for _ in range(2):
        assert await book.by_slug(campaign["slug"]) is not None
    assert db.reads == 3


async def test_many_who_ask_at_once_share_one_query(links: Links, book: Book, db: Counting) -> None:
    import asyncio

    campaign = await links.campaign()
    found = await asyncio.gather(*(book.by_slug(campaign["slug"]) for _ in range(20)))
    assert all(link is found[0] and link is not None for link in found)
    assert db.reads == 1


async def test_guesses_are_remembered_but_not_without_bound(
    links: Links, book: Book, db: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "_REMEMBERED", 5)
    campaign = await links.campaign()
    await book.by_slug(campaign["slug"])
    for number in range(12):
        assert await book.by_slug(f"no-such-link-{number}") is None
        assert await book.domain_of(f"no-such-host-{number}.example") is None
    assert db.reads == 25
    assert await book.by_slug("no-such-link-11") is None
    assert await book.by_slug(campaign["slug"]) is not None
    assert db.reads == 25


@pytest.mark.parametrize("name", ["", "ab", "with.dot", "a" * 65, "a b", "\0\0\0", "slug/more"])
async def test_what_can_be_no_slug_is_not_asked_for(book: Book, db: Counting, name: str) -> None:
    assert await book.by_slug(name) is None
    assert db.reads == 0
