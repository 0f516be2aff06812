# Generated from amdahl/_async/calls.py by tools/async_to_sync; edit the source and run scripts/fix.
"""How a method becomes a call of the runtime, and an answer what the types say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from amdahl._arguments import required
from amdahl._envelope import is_hidden_error, items_of, parsed, unwrapped
from amdahl._error_map import adopt, from_response
from amdahl._retry_scope import RetryScope, current_scope
from amdahl._service import IN_PROGRESS, seconds
from amdahl._wire import with_key
from amdahl.errors import ConflictError, DecodeError, RequestTimeoutError
from quintet.core.deadline import Deadline
from quintet.core.unsaid import answered
from quintet.errors import QuintetError
from quintet.service_errors import placed

if TYPE_CHECKING:
    from quintet._sync.client import ApiClient
    from quintet.clock import Clock
    from quintet.core.operation import Operation
    from quintet.core.response import Response

Shape = Callable[[dict[str, Any]], None]

# No limit can be none.
_LEAST_SECONDS = 0.001
_NO_DEADLINE = Deadline()
_SAYS_NO = rb'"success"\s*:\s*false'


class Calls:
    """The connection of a client, its limits, and its last answer.

    Args:
        api: The runtime's client.
        clock: Time and chance.
        extra: Headers that the caller put into ``session.headers``.
        timeout: Seconds for one attempt; ``None`` for the client's.
        deadline: Seconds for a whole call; ``None`` for the client's.
        max_retries: Attempts beyond the first; ``None`` for the client's.
    """

    def __init__(
        self,
        api: ApiClient,
        clock: Clock,
        extra: Mapping[str, str],
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        max_retries: int | None = None,
    ) -> None:
        self.api = api
        self.clock = clock
        self.extra = extra
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
            at_least: What this endpoint needs unless a call says otherwise.
        """
        if timeout is not None:
            return seconds("timeout", timeout)
        usual = self.api.options.timeout
        if self.timeout is not None:
            usual = seconds("timeout", self.timeout)
        return usual if usual is None or at_least is None else max(usual, at_least)

    def headers(self, own: Mapping[str, str] | None = None) -> dict[str, str] | None:
        """Return the headers to add to a call: the session's, and the call's over them.

        Raises:
            MisuseError: ``own`` is no mapping.
        """
        # Two spellings of one name would both be sent, and which counts is the service's guess.
        if own is None and not self.extra:
            return None
        named = [*self.extra.items(), *required("headers", own or {}).items()]
        merged = {str(name).lower(): (name, value) for name, value in named}
        return dict(merged.values()) or None

    def request(self, operation: Operation, parts: dict[str, Any]) -> Response:
        """Call an operation; return its whole answer and remember it.

        Args:
            parts: The keywords of the runtime's ``request``, and three more: ``at_least``, see
                :meth:`attempt_seconds`; ``within``, the seconds that the whole call may take
                besides the client's own deadline; and ``patience``, the seconds to go on asking
                while the service is still at an earlier attempt at this very call, beyond the
                retries, ``None`` for no limit. What they leave open is as this view says.

        Raises:
            RequestTimeoutError: The service was still at it when the patience was over.
        """
        patience = parts.pop("patience", 0.0)
        key = parts.get("idempotency_key")
        scope = current_scope()
        if scope is not None:
            what = repr((operation.method, operation.path, parts.get("path"), parts.get("json")))
            given = scope.key(operation, what)
            key = given if key is None else key
        if patience != 0.0 and key is None:
            key = self.clock.new_id()
        operation = with_key(operation, key)
        parts["idempotency_key"] = key
        timeout, at_least = parts.pop("timeout", None), parts.pop("at_least", None)
        if timeout is not None or self.timeout is not None or at_least is not None:
            parts["timeout"] = self.attempt_seconds(timeout, at_least)
        headers = parts.get("headers")
        if headers is not None or self.extra:
            parts["headers"] = self.headers(headers)
        parts["max_retries"] = self.max_retries
        until = _NO_DEADLINE
        total = self._total(parts.pop("within", None))
        if total is not None:
            until = Deadline.after(total, self.clock.monotonic())
        if patience == 0.0:
            return self._once(operation, until, scope, parts)
        return self._patiently(operation, until, scope, parts, patience)

    def _patiently(
        self,
        operation: Operation,
        until: Deadline,
        scope: RetryScope | None,
        parts: dict[str, Any],
        patience: float | None,
    ) -> Response:
        patient: Deadline | None = None
        while True:
            try:
                return self._once(operation, until, scope, parts)
            except ConflictError as error:
                if error.code != IN_PROGRESS:
                    raise
                now = self.clock.monotonic()
                # The service may hold the first attempt as long from now as it may hold any.
                patient = patient or Deadline.after(patience, now)
                pause = error.retry_after or 1.0
                if patient.expired(now + pause) or until.expired(now + pause):
                    raise _still_under_way(operation, error) from error
            self.clock.sleep(pause)

    def _total(self, within: float | None) -> float | None:
        """Return the seconds that a whole call may take."""
        own = self.api.options.deadline
        if self.deadline is not None:
            own = seconds("deadline", self.deadline)
        if own is None or within is None:
            return own if within is None else within
        return min(own, within)

    def _once(
        self,
        operation: Operation,
        until: Deadline,
        scope: RetryScope | None,
        parts: dict[str, Any],
    ) -> Response:
        if until.at is not None:
            parts["deadline"] = max(_LEAST_SECONDS, until.at - self.clock.monotonic())
        try:
            response = self.api.request(operation, **parts)
        except QuintetError as error:
            if error.response is not None:
                self.last = error.response
            if scope is not None and error.outcome_unknown:
                scope.wrote(operation)
            raise
        if scope is not None:
            scope.wrote(operation)
        # Other threads put theirs there as well: what is returned is never read from it.
        self.last = response
        if _refuses(response):
            response = self.last = self.api.cleaned(response)
            raise placed(from_response(response, operation), response)
        return response

    def value(self, operation: Operation, **parts: Any) -> Any:
        """Call an operation; return what its answer holds, ``None`` if it is empty.

        A deletion that succeeded has, whatever its body is.
        """
        response = self.request(operation, parts)
        if not response.body:
            return None
        if operation.method == "DELETE":
            return unwrapped(parsed(response))
        return unwrapped(_json(response))

    def answer(
        self,
        operation: Operation,
        *,
        shape: Shape | None = None,
        needs: str | None = None,
        **parts: Any,
    ) -> dict[str, Any]:
        """Call an operation that answers with an object; return it.

        Args:
            shape: Brings it into its form.
            needs: A field without which the answer is of no use.
        """
        response = self.request(operation, parts)
        found = object_of(response, operation)
        if needs is not None and needs not in found:
            raise _not_as_documented(operation, f"the field {needs}", response)
        if shape is not None:
            shape(found)
        return found

    def page(
        self,
        operation: Operation,
        *,
        key: str = "items",
        shape: Shape | None = None,
        **parts: Any,
    ) -> dict[str, Any]:
        """Call an operation that lists; return its envelope, with the list under ``items``.

        Args:
            key: Where older generations of the service have the list.
            shape: Brings each item into its form.
        """
        response = self.request(operation, parts)
        found = unwrapped(_json(response))
        items = items_of(found, key)
        if items is None:
            raise _not_as_documented(operation, "a list", response)
        envelope = found if isinstance(found, dict) else {}
        envelope.setdefault("items", items)
        if shape is not None:
            for item in items:
                if isinstance(item, dict):
                    shape(item)
        return envelope


class Resource:
    """A group of methods, such as ``client.pages``."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls


def object_of(response: Response, operation: Operation) -> dict[str, Any]:
    """Return the object that an answer holds.

    Raises:
        DecodeError: It holds something else.
    """
    found = unwrapped(_json(response))
    if not isinstance(found, dict):
        raise _not_as_documented(operation, "an object", response)
    return found


def _json(response: Response) -> Any:
    try:
        return response.json()
    except QuintetError as error:
        raise adopt(error) from error.__cause__


def _refuses(response: Response) -> bool:
    """Tell a success whose body says that it is an error."""
    # Parsing every answer twice for this would double its cost.
    body = response.body
    if b'"success"' not in body or not re.search(_SAYS_NO, body):
        return False
    return is_hidden_error(parsed(response))


def _still_under_way(operation: Operation, error: ConflictError) -> RequestTimeoutError:
    return RequestTimeoutError(
        message=f"{operation.name}: the service is still at an earlier attempt at this call",
        phase="deadline",
        attempts=error.attempts,
        outcome_unknown=True,
        response=error.response,
        request_id=error.request_id,
    )


def _not_as_documented(operation: Operation, wanted: str, response: Response) -> DecodeError:
    said = f"{operation.name}: expected JSON with {wanted}, got something else"
    return placed(DecodeError(message=f"{said} ({answered(response)})"), response)
