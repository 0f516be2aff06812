# Generated from zeridion_flare/_async/calls.py by tools/async_to_sync; edit the source and run scripts/fix.
"""How a method of the client becomes a call of the runtime, and an answer a dictionary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from quintet._sync.paging import iter_cursor_pages
from quintet.core.paging import CursorWalk
from quintet.core.unsaid import answered
from quintet.errors import QuintetError
from quintet.options import UNSET, Unset
from quintet.service_errors import placed
from zeridion_flare.errors import FlareDecodeError, adopt
from zeridion_flare.responses import ResponseInfo

if TYPE_CHECKING:
    from typing_extensions import Self

    from quintet._sync.client import ApiClient
    from quintet.clock import Clock
    from quintet.core.operation import Operation
    from quintet.core.response import Response

T = TypeVar("T")


class Calls:
    """What the groups of methods share: the connection, its defaults, its last answer."""

    _api: ApiClient
    _clock: Clock
    _timeout: float | None | Unset = UNSET
    _deadline: float | None | Unset = UNSET
    _max_retries: int | None = None
    _last: Response | None = None
    _is_view = False

    def with_options(
        self,
        *,
        timeout: float | None | Unset = UNSET,
        deadline: float | None | Unset = UNSET,
        max_retries: int | None = None,
    ) -> Self:
        """Return a view of this client with other limits and a ``last_response`` of its own.

        It shares the connections, so it costs nothing and need not be closed.
        Closing it closes nothing. Use one view per task where you read ``last_response``: a client
        shared between tasks keeps only the answer that came last.

        Args:
            timeout: Seconds for one attempt; ``None`` for no limit.
            deadline: Seconds for a whole call, its retries and waits included.
            max_retries: Attempts beyond the first.
        """
        changed: dict[str, Any] = {"_last": None, "_is_view": True}
        if not isinstance(timeout, Unset):
            changed["_timeout"] = timeout
        if not isinstance(deadline, Unset):
            changed["_deadline"] = deadline
        if max_retries is not None:
            changed["_max_retries"] = max_retries
        import copy

        view = copy.copy(self)
        vars(view).update(changed)
        return view

    @property
    def last_response(self) -> ResponseInfo | None:
        """Headers, ids, rate limit and replay mark of the last answer; ``None`` before the first.

        Errors carry their own answer as ``error.response``.
        """
        return None if self._last is None else ResponseInfo(self._last, self._clock.time())

    def _call(self, operation: Operation, **parts: Any) -> Any:
        """Call an operation; return its decoded JSON, ``None`` for an empty body."""
        return _json(self._answer(operation, parts))

    def _answer(self, operation: Operation, parts: dict[str, Any]) -> Response:
        """Call an operation; return its answer and remember it.

        Args:
            parts: The keywords of the runtime's ``request``; limits of this view are added.
        """
        if parts.get("timeout", UNSET) is UNSET:
            parts["timeout"] = self._timeout
        parts["deadline"] = self._deadline
        parts["max_retries"] = self._max_retries
        try:
            response = self._api.request(operation, **parts)
        except QuintetError as error:
            if error.response is not None:
                self._last = error.response
            raise
        self._last = response
        return response

    def _object(self, operation: Operation, **parts: Any) -> Any:
        """Call an operation whose answer must be a JSON object."""
        response = self._answer(operation, parts)
        value = _json(response)
        if not isinstance(value, dict):
            said = f"{operation.name}: expected a JSON object, got {type(value).__name__}"
            raise placed(FlareDecodeError(f"{said} ({answered(response)})"), response)
        return value

    def _pages(
        self,
        fetch: Callable[[str | None], Mapping[str, Any]],
        items_of: Callable[[Mapping[str, Any]], list[T]],
        max_items: int | None,
    ) -> Iterator[T]:
        """Yield the items of all pages, fetching each when its first item is asked for."""

        def page(params: dict[str, Any]) -> tuple[list[T], str | None, bool | None]:
            answer = fetch(params.get("cursor"))
            return items_of(answer), answer.get("next_cursor"), answer.get("has_more")

        try:
            walk: CursorWalk[T] = CursorWalk(max_items=max_items)
            for item in iter_cursor_pages(walk, page):
                yield item
        except QuintetError as error:
            raise adopt(error) from error.__cause__


def _json(response: Response) -> Any:
    if not response.body:
        return None
    try:
        return response.json()
    except QuintetError as error:
        raise adopt(error) from error.__cause__
