# Generated from flowmaestro/_async/calls.py by tools/async_to_sync; edit the source and run scripts/fix.
"""How a method becomes a call of the runtime, and an answer a dictionary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flowmaestro._service import seconds
from flowmaestro._shapes import fill_pagination
from flowmaestro._wire import with_key
from flowmaestro.errors import DecodeError, adopt
from quintet._sync.paging import iter_numbered_pages
from quintet.core.paging import PageWalk
from quintet.core.unsaid import answered
from quintet.errors import QuintetError
from quintet.service_errors import placed

if TYPE_CHECKING:
    from quintet._sync.client import ApiClient
    from quintet.clock import Clock
    from quintet.core.operation import Operation
    from quintet.core.response import Response


class Calls:
    """The connection of a client, its limits, and its last answer.

    Args:
        api: The runtime's client.
        clock: Time and chance.
        timeout: Seconds for one attempt; ``None`` for the default of each call.
        deadline: Seconds for a whole call; ``None`` for no limit.
        max_retries: Attempts beyond the first; ``None`` for the client's.
    """

    def __init__(
        self,
        api: ApiClient,
        clock: Clock,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        max_retries: int | None = None,
    ) -> None:
        self.api = api
        self.clock = clock
        self.timeout = timeout
        self.deadline = deadline
        self.max_retries = max_retries
        self.last: Response | None = None

    def attempt_seconds(
        self, timeout: float | None = None, at_least: float | None = None
    ) -> float | None:
        """Return the limit of one attempt: the call's, else the view's, else the client's.

        Args:
            timeout: Of the call.
            at_least: What this endpoint needs unless a call or a view says otherwise.
        """
        for stated in (timeout, self.timeout):
            if stated is not None:
                return seconds("timeout", stated, None)
        usual = self.api.options.timeout
        return usual if usual is None or at_least is None else max(usual, at_least)

    def _total_seconds(self, within: float | None) -> float | None:
        """Return the limit of a whole call: what is left of one's own, or the client's."""
        own = self.api.options.deadline
        if self.deadline is not None:
            own = seconds("deadline", self.deadline, None)
        if own is None or within is None:
            return own if within is None else within
        return min(own, within)

    def request(self, operation: Operation, parts: dict[str, Any]) -> Response:
        """Call an operation; return its whole answer and remember it.

        Args:
            parts: The keywords of the runtime's ``request``, and two more: ``at_least``, see
                :meth:`attempt_seconds`, and ``within``, the seconds that the whole call may take
                besides the client's own deadline.  What they leave open is as this view says.
        """
        timeout = parts.pop("timeout", None)
        at_least = parts.pop("at_least", None)
        within = parts.pop("within", None)
        if timeout is not None or self.timeout is not None or at_least is not None:
            parts["timeout"] = self.attempt_seconds(timeout, at_least)
        if within is not None or self.deadline is not None:
            parts["deadline"] = self._total_seconds(within)
        parts["max_retries"] = self.max_retries
        try:
            response = self.last = self.api.request(
                with_key(operation, parts.get("idempotency_key")), **parts
            )
        except QuintetError as error:
            if error.response is not None:
                self.last = error.response
            raise
        return response

    def answer(self, operation: Operation, **parts: Any) -> dict[str, Any]:
        """Call an operation; return its envelope, with an object as ``data``."""
        response = self.request(operation, parts)
        found = _json(response)
        if not isinstance(found, dict) or not isinstance(found.get("data"), dict):
            raise _not_as_documented(operation, "an object", response)
        return found

    def page(
        self,
        operation: Operation,
        *,
        shape: Callable[[dict[str, Any]], bool] | None = None,
        **parts: Any,
    ) -> dict[str, Any]:
        """Call an operation; return its envelope, with a list as ``data`` and pagination.

        Args:
            shape: Brings ``data`` into its form first; False if it cannot.
        """
        response = self.request(operation, parts)
        found = _json(response)
        good = isinstance(found, dict) and (shape is None or shape(found))
        if not good or not isinstance(found.get("data"), list):
            raise _not_as_documented(operation, "a list", response)
        fill_pagination(found, len(found["data"]))
        return found  # type: ignore[no-any-return]

    def deletion(self, operation: Operation, gone: Mapping[str, Any], **parts: Any) -> Any:
        """Call an operation that deletes; an empty answer is a success, too."""
        response = self.request(operation, parts)
        found = _json(response) if response.body else {}
        if not isinstance(found, dict):
            raise _not_as_documented(operation, "an object", response)
        data = found.get("data")
        found["data"] = {**gone, "deleted": True, **(data if isinstance(data, dict) else {})}
        found.setdefault("meta", {})
        return found

    def items(
        self,
        fetch: Callable[[int | None, int | None], Any],
        per_page: int,
        max_items: int | None,
    ) -> Iterator[Any]:
        """Yield the items of all pages, fetching each when its first item is asked for."""

        def page(params: dict[str, Any]) -> tuple[list[Any], bool | None]:
            answer = fetch(params["page"], params["per_page"])
            return answer["data"], answer["pagination"]["has_next"]

        try:
            walk: PageWalk[Any] = PageWalk(per_page=per_page, max_items=max_items)
            for item in iter_numbered_pages(walk, page):
                yield item
        except QuintetError as error:
            raise adopt(error) from error.__cause__


class Resource:
    """A group of methods, such as ``client.workflows``."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls


def _json(response: Response) -> Any:
    try:
        return response.json()
    except QuintetError as error:
        raise adopt(error) from error.__cause__


def _not_as_documented(operation: Operation, wanted: str, response: Response) -> DecodeError:
    said = f"{operation.name}: expected JSON with {wanted} as data, got something else"
    return placed(DecodeError(f"{said} ({answered(response)})"), response)
