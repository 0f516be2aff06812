# Generated from ghostflow/_async/calls.py by tools/async_to_sync; edit the source and run scripts/fix.
"""How a method becomes a call of the runtime, and an answer what the types say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ghostflow._answers import already_deleted, exactly, not_as_documented, plain
from ghostflow._error_map import adopt
from ghostflow._service import TEAM_HEADER, Settings, seconds
from ghostflow._wire import once_only
from ghostflow.errors import MisuseError
from ghostflow.pages import Page, read_page
from ghostflow.responses import RateLimitInfo, read_rate_limit
from quintet._sync.paging import iter_cursor_pages
from quintet.core.paging import CursorWalk
from quintet.core.retry import RetryClass
from quintet.errors import QuintetError

if TYPE_CHECKING:
    from quintet._sync.client import ApiClient
    from quintet.clock import Clock
    from quintet.core.operation import Operation, Service
    from quintet.core.response import Response


class Calls:
    """The connection of a client, and the limits of its calls.

    Args:
        api: The runtime's client.
        service: The facts of the service.
        clock: Time and chance.
        settings: What the client was told.
        team_id: Sent with every call; ``None`` for the key's own team.
    """

    def __init__(
        self,
        api: ApiClient,
        service: Service,
        clock: Clock,
        settings: Settings,
        team_id: str | None,
    ) -> None:
        self.api = api
        self.service = service
        self.clock = clock
        self.settings = settings
        self.team_id = team_id
        # Of a view; None for the client's own.
        self.timeout: float | None = None
        self.deadline: float | None = None
        self.max_retries: int | None = None
        # Told of every success; for views that return the answer beside the model.
        self.watch: Callable[[Response], None] | None = None

    def attempt_seconds(self, timeout: float | None = None) -> float | None:
        """Return the limit of one attempt: the call's, else the view's, else the client's."""
        for stated in (timeout, self.timeout):
            if stated is not None:
                return seconds("timeout", stated)
        return self.settings.options.timeout

    def request(self, operation: Operation, parts: dict[str, Any]) -> Response:
        """Call an operation; return its whole answer.

        A POST always carries a key. Where the service may not know it, the key goes along all the
        same, and the call is repeated only if nothing can have happened.

        Args:
            parts: The keywords of the runtime's ``request``. What they leave open is as this view
                says.
        """
        if operation.retry is RetryClass.NEVER:
            parts["retry"] = None
        else:
            parts["max_retries"] = self.max_retries
            if operation.retry is RetryClass.KEYED and not self.settings.idempotent_posts:
                operation = once_only(operation)
                parts["idempotency_key"] = parts.get("idempotency_key") or self.clock.new_id()
                parts["retry"] = self.settings.cautious
        timeout = parts.pop("timeout", None)
        if timeout is not None or self.timeout is not None:
            parts["timeout"] = self.attempt_seconds(timeout)
        if self.deadline is not None:
            parts["deadline"] = seconds("deadline", self.deadline)
        headers = parts.get("headers")
        if headers is not None or self.team_id is not None:
            parts["headers"] = self._named(headers)
        response = self.api.request(operation, **parts)
        if operation.method == "DELETE" and response.status == 404 and response.attempts == 1:
            raise self.service.status_error(self.api.cleaned(response), operation)
        if self.watch is not None:
            self.watch(response)
        return response

    def _named(self, headers: Mapping[str, str] | None) -> dict[str, str] | None:
        """Return the headers of a call; two spellings of one name are the last of them."""
        if headers is not None and not isinstance(headers, Mapping):
            raise MisuseError(message="headers must be a mapping of names to values")
        own = {} if self.team_id is None else {TEAM_HEADER: self.team_id}
        named = {
            str(name).lower(): (name, value) for name, value in {**own, **(headers or {})}.items()
        }
        return dict(named.values()) or None

    def raw(self, operation: Operation, **parts: Any) -> tuple[Any, RateLimitInfo]:
        """Call an operation; return the body as plain JSON, and the rate limit."""
        response = self.request(operation, parts)
        info = read_rate_limit(response.headers, self.clock.time())
        if operation.method == "DELETE" and already_deleted(response):
            return {"deleted": True, "already_deleted": True}, info
        return plain(response), info

    def answer(self, operation: Operation, **parts: Any) -> dict[str, Any]:
        """Call an operation that answers with an object; return it.

        Raises:
            InvalidResponseError: It answered with something else.
        """
        response = self.request(operation, parts)
        found = exactly(response)
        if not isinstance(found, dict):
            raise not_as_documented(operation, "an object", response)
        return found

    def text(self, operation: Operation, **parts: Any) -> str:
        """Call an operation that answers with text; return it."""
        return self.request(operation, parts).text()

    def page(self, operation: Operation, **parts: Any) -> Page[Any]:
        """Call an operation that lists; return a page.

        Raises:
            InvalidResponseError: There is no list in the answer.
        """
        response = self.request(operation, parts)
        page = read_page(exactly(response), response.headers)
        if page is None:
            raise not_as_documented(operation, "a list", response)
        return page

    def items(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any],
        max_items: int | None,
    ) -> Iterator[Any]:
        """Yield the items of all pages, fetching each when its first item is asked for."""
        seen: set[str] = set()

        def fetch(params: dict[str, Any]) -> tuple[Page[Any], str | None, bool | None]:
            page = self.page(operation, path=path, query={**query, **params})
            return page, self.onward(operation, page.next_cursor, seen), None

        for item in self.walk(fetch, max_items):
            yield item

    def walk(
        self,
        fetch: Callable[[dict[str, Any]], tuple[Any, str | None, bool | None]],
        max_items: int | None,
    ) -> Iterator[Any]:
        """Yield the items of the pages that ``fetch`` brings."""
        if max_items is not None and (type(max_items) is not int or max_items < 0):
            raise MisuseError(message="max_items must be a whole number, 0 or more")
        try:
            walk: CursorWalk[Any] = CursorWalk(max_items=max_items)
            for item in iter_cursor_pages(walk, fetch):
                yield item
        except QuintetError as error:
            raise adopt(error) from error.__cause__

    def onward(self, operation: Operation, cursor: str | None, seen: set[str]) -> str | None:
        """Return where a list goes on; a cursor that came before ends it."""
        if not cursor:
            return None
        if cursor in seen:
            import logging

            log = logging.getLogger("ghostflow")
            log.warning("%s: a cursor came for the second time; the list ends", operation.name)
            return None
        seen.add(cursor)
        return cursor

    def deletion(self, operation: Operation, id: str, **parts: Any) -> Any:
        """Call an operation that deletes; any body of a success will do."""
        response = self.request(operation, parts)
        found: Any = None
        if response.status != 404 and response.body.strip():
            found = exactly(response)
        said = found if isinstance(found, dict) else {}
        gone = already_deleted(response)
        return {"id": id, "deleted": True, **said, "already_deleted": gone}


class Resource:
    """A group of methods, such as ``client.campaigns``."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
