"""What an SDK says of its service and of each endpoint: facts, no behaviour."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from quintet.core.record import LightRecord, Record
from quintet.core.retry import RetryClass
from quintet.core.retry_after import parse_retry_after
from quintet.errors import QuintetError, StatusError

if TYPE_CHECKING:
    from quintet.core.response import Response

__all__ = ["Operation", "Service"]


class Operation(LightRecord):
    """One line of an SDK's wire table.

    Attributes:
        name: The SDK's name of the call, for errors, hooks and logs.
        method: HTTP method, upper case.
        path: Path template below the base URL, such as ``/jobs/{id}``.
        retry: When the request may be sent again after something may have reached the server.
        success: Statuses that mean success; None means every 2xx.
    """

    __slots__ = _fields = ("name", "method", "path", "retry", "success")

    def __init__(
        self,
        name: str,
        method: str,
        path: str,
        retry: RetryClass,
        success: frozenset[int] | None = None,
    ) -> None:
        self.name: Final = name
        self.method: Final = method
        self.path: Final = path
        self.retry: Final = retry
        self.success: Final = success

    def with_retry(self, retry: RetryClass) -> Operation:
        """Return the operation with another word on repeats; itself if it is the same one."""
        if retry is self.retry:
            return self
        return Operation(self.name, self.method, self.path, retry, self.success)

    def succeeded(self, status: int) -> bool:
        """Tell whether an answer with this status is a success."""
        if self.success is None:
            return 200 <= status < 300
        return status in self.success


def _plain_status_error(response: Response, operation: Operation) -> QuintetError:
    from quintet.core.unsaid import answered, redirect_note

    note = redirect_note(response)
    return StatusError(f"{operation.name}: {answered(response)}{note and '; '}{note}")


def _keep(error: QuintetError) -> QuintetError:
    return error


def _never(response: Response) -> bool:
    return False


def _from_header(response: Response, now: float) -> float | None:
    return parse_retry_after(response.headers, now=now)


class Service(Record):
    """What all endpoints of a service share.

    Attributes:
        name: For logs and hooks, such as ``"flare"``.
        user_agent: Value of the ``User-Agent`` header.
        status_error: Makes the SDK's error from an answer with an error status.  The runtime
            fills in ``status``, ``response``, ``attempts`` and the like if it left them unset.
        adopt: Turns a runtime error into the SDK's own class for it, so that one ``except``
            of the SDK's base class catches all.  Gets every error but those of ``status_error``.
        is_final: Tells of an answer whose status is retried by default that a repeat cannot
            help, such as an exhausted quota behind a 429.
        retry_after: Reads how many seconds an answer with an error status asks to wait, given the
            epoch seconds of now; None if it does not say.  The ``Retry-After`` header alone by
            default; for services that say it in the body as well.
        idempotency_header: Header that carries the idempotency key, None if the service has
            none.
        request_id_header: Header that carries the request id, both ways.
        max_key_length: Longest idempotency key the service takes, in characters.
        credential_headers: Names of the headers that carry credentials, lower case.
    """

    __slots__ = _fields = (
        "name",
        "user_agent",
        "status_error",
        "adopt",
        "is_final",
        "retry_after",
        "idempotency_header",
        "request_id_header",
        "max_key_length",
        "credential_headers",
    )
    name: str
    user_agent: str
    status_error: Callable[[Response, Operation], QuintetError]
    adopt: Callable[[QuintetError], QuintetError]
    is_final: Callable[[Response], bool]
    retry_after: Callable[[Response, float], float | None]
    idempotency_header: str | None
    request_id_header: str
    max_key_length: int
    credential_headers: frozenset[str]

    def __init__(
        self,
        name: str,
        user_agent: str,
        status_error: Callable[[Response, Operation], QuintetError] = _plain_status_error,
        adopt: Callable[[QuintetError], QuintetError] = _keep,
        is_final: Callable[[Response], bool] = _never,
        retry_after: Callable[[Response, float], float | None] = _from_header,
        idempotency_header: str | None = "Idempotency-Key",
        request_id_header: str = "X-Request-Id",
        max_key_length: int = 255,
        credential_headers: frozenset[str] = frozenset({"authorization"}),
    ) -> None:
        self._fill(
            name,
            user_agent,
            status_error,
            adopt,
            is_final,
            retry_after,
            idempotency_header,
            request_id_header,
            max_key_length,
            credential_headers,
        )
