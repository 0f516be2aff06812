"""Lists, page after page, as plain iterators."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from amdahl._arguments import given
from amdahl._lists import ListWalk

if TYPE_CHECKING:
    from amdahl._async.calls import AsyncCalls, Shape
    from quintet.core.operation import Operation

__all__ = ["AsyncPager"]

T = TypeVar("T")


class AsyncPager(Generic[T]):
    """Everything in a list. Each page is fetched when its first item is asked for.

    Example::

        async for page in client.pages.iter(status="published"):
            print(page["name"])

    Whether the service pages by cursor or by offset shows in its first answer. Every iteration
    begins anew.

    Raises:
        PaginationError: While iterating: a cursor came for the second time, or a page is empty and
            claims that there is more.
    """

    def __init__(
        self, fetch: Callable[[dict[str, Any]], Awaitable[Any]], key: str = "items"
    ) -> None:
        self._fetch = fetch
        self._key = key

    def __aiter__(self) -> AsyncIterator[T]:
        return self._items(None)

    async def _items(self, most: int | None) -> AsyncIterator[T]:
        walk = ListWalk(self._key, most)
        while (params := walk.next_params()) is not None:
            for item in walk.take(await self._fetch(params)):
                yield item

    async def pages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the envelopes: each page with its items and what it says of the list."""
        walk = ListWalk(self._key)
        while (params := walk.next_params()) is not None:
            envelope = await self._fetch(params)
            walk.take(envelope)
            yield envelope

    async def first(self, count: int = 1) -> list[T]:
        """Return the first items, as many as there are; no page is fetched beyond them.

        Args:
            count: At most so many.

        Raises:
            MisuseError: ``count`` is no whole number, or negative.
        """
        return [item async for item in self._items(count)]


def list_all(
    calls: AsyncCalls,
    operation: Operation,
    *,
    key: str = "items",
    shape: Shape | None = None,
    path: dict[str, str] | None = None,
    timeout: float | None = None,
    **filters: Any,
) -> AsyncPager[Any]:
    """Return a pager over a list of the wire table."""

    async def fetch(params: dict[str, Any]) -> dict[str, Any]:
        query = {**given(**filters), **params}
        return await calls.page(
            operation, key=key, shape=shape, path=path, query=query, timeout=timeout
        )

    return AsyncPager(fetch, key)
