"""Every exception of this package, as one tree under :class:`AmdahlError`.

::

    AmdahlError                       status, code, message, body, request_id, details, retry_after
    ├── APIStatusError                the service answered with an error
    │   ├── InvalidArgumentError      400, 422: ``fields`` and ``allowed`` say what is wrong
    │   │   ├── InvalidSqlError       the SQL is refused; ``reason``
    │   │   └── InvalidSpecError      the page is refused; ``verdict``
    │   ├── AuthenticationError       401
    │   ├── PermissionDeniedError     403; ``required_scopes``
    │   │   └── NotOnPublicApiError   the endpoint is not for keys of this kind
    │   ├── NotFoundError             404
    │   ├── ConflictError             409: a wrong state, an old version, a key used otherwise
    │   ├── QueryTimeoutError         408, 504 (TimeoutError): the service stopped the query
    │   ├── RateLimitError            429; ``limit``, ``remaining``, ``reset_at``
    │   │   └── QuotaError            an allowance is used up: waiting a minute does not help
    │   └── ServerError               5xx
    ├── AgentRunError                 a run did not bring a result; ``session_id``, ``run``
    │   ├── AgentFailedError          it failed; ``code`` and ``message`` are the run's
    │   ├── AgentCanceledError        it was canceled
    │   └── AgentInputRequiredError   it waits for an answer; ``pending_input``
    ├── RequestTimeoutError           (TimeoutError) a request took too long; ``phase``
    ├── WaitTimeoutError              (TimeoutError) a run did not settle in time; ``session_id``
    ├── ConnectionFailedError         (ConnectionError) unreachable, or the connection broke
    ├── StreamError                   a stream broke for good; ``last_event_id``
    │   ├── StreamIdleError           (TimeoutError) it fell silent
    │   └── StreamLimitError          a line or an event is larger than its bound
    ├── ConfigurationError            (ValueError) a client cannot be built like this
    │   └── MissingExtraError         (ImportError) an optional package is not installed
    ├── MisuseError                   (ValueError) a call is wrong; nothing was sent
    │   └── ClientClosedError         the client was closed
    ├── ProtocolError                 the peer does not speak HTTP
    ├── DecodeError                   (ValueError) the answer is not what it should be
    ├── RedirectError                 a redirect that cannot be followed
    ├── ResponseTooLargeError         (ValueError) more than ``max_response_bytes``
    ├── PaginationError               the pages of a list loop, or are empty and claim more
    └── SignatureError                a webhook is not genuine, or not readable

``status`` is 0 wherever no complete answer with an error status arrived; a success whose body says
that it is an error keeps its 200. Each class also derives from the runtime's class for the same
trouble, so code written against ``quintet.errors`` catches it as well.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quintet import errors as runtime
from quintet.service_errors import ServiceError

if TYPE_CHECKING:
    from amdahl.types import AgentStatus, PendingInput

__all__ = [
    "APIStatusError",
    "AgentCanceledError",
    "AgentFailedError",
    "AgentInputRequiredError",
    "AgentRunError",
    "AmdahlError",
    "AuthenticationError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectionFailedError",
    "DecodeError",
    "InvalidArgumentError",
    "InvalidSpecError",
    "InvalidSqlError",
    "MissingExtraError",
    "MisuseError",
    "NotFoundError",
    "NotOnPublicApiError",
    "PaginationError",
    "PermissionDeniedError",
    "ProtocolError",
    "QueryTimeoutError",
    "QuotaError",
    "RateLimitError",
    "RedirectError",
    "RequestTimeoutError",
    "ResponseTooLargeError",
    "ServerError",
    "SignatureError",
    "StreamError",
    "StreamIdleError",
    "StreamLimitError",
    "WaitTimeoutError",
]


class AmdahlError(ServiceError):
    """Base of every exception that this package raises; prints ``[status code] message``.

    Args:
        status: HTTP status of the error answer, 0 if none arrived.
        code: The service's error code such as ``"invalid_argument"``; ``"http_502"`` for an answer
            that is no JSON; a word of ours such as ``"timeout"`` if no answer came; ``"unknown"``
            if the answer names none.
        message: What the service said, or one sentence of ours. Never holds the key.
        body: The whole body of the answer as parsed JSON, what stands beside ``error`` included;
            ``None`` if there is none or it is no JSON, then :attr:`raw` has the bytes.

    Attributes:
        request_id: The service's id of the request, ``""`` if unknown.
        details: The service's structured details.
        retry_after: Seconds the service asked to wait, from the header or the body.
        attempts: How many times the request was sent.
        outcome_unknown: Whether a write may have taken effect nevertheless.
        response: The whole answer, if one arrived.
    """

    body: Any = None

    def __init__(
        self, status: int = 0, code: str = "", message: str = "", body: Any = None, **fields: Any
    ) -> None:
        super().__init__(message, code, status_code=status, **fields)
        self.body = body

    @property
    def raw(self) -> bytes:
        """The body of the answer as it came, ``b""`` if there was none."""
        return b"" if self.response is None else bytes(self.response.body)

    def _detail(self, name: str) -> Any:
        return self.details.get(name) if isinstance(self.details, Mapping) else None

    def __str__(self) -> str:
        return f"[{self.status} {self.code}] {self.message}"


class APIStatusError(AmdahlError, runtime.StatusError):
    """The service answered with an error that has no class of its own."""


class InvalidArgumentError(APIStatusError):
    """400 or 422: the request is not acceptable as it is."""

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The fields that are wrong, each with ``field`` and ``message``; empty if unsaid."""
        found = self._detail("fields")
        if isinstance(found, list):
            return found
        field = self._detail("field")
        return [] if field is None else [{"field": field, "message": self.message}]

    @property
    def allowed(self) -> Any:
        """What would have been accepted; ``None`` if unsaid."""
        return self._detail("allowed")


class InvalidSqlError(InvalidArgumentError):
    """The SQL is refused."""

    @property
    def reason(self) -> str | None:
        """Such as ``"unknown_column"`` or ``"not_select"``; ``None`` if unsaid."""
        found = self._detail("reason")
        return found if isinstance(found, str) else None


class InvalidSpecError(InvalidArgumentError):
    """The page does not pass the verifier."""

    @property
    def verdict(self) -> Any:
        """The verifier's verdict with all its errors; ``None`` if unsaid."""
        return self._detail("verdict")


class AuthenticationError(APIStatusError):
    """401: the key is missing, wrong, revoked or expired."""


class PermissionDeniedError(APIStatusError):
    """403: the key lacks a scope, or its user a role."""

    @property
    def required_scopes(self) -> list[str]:
        """The scopes of which one is needed; empty if unsaid."""
        found = self._detail("required_scopes")
        return found if isinstance(found, list) else []


class NotOnPublicApiError(PermissionDeniedError):
    """The endpoint exists, but is not reachable with keys of this kind."""


class NotFoundError(APIStatusError):
    """404: there is no such thing in the key's workspace."""


class ConflictError(APIStatusError):
    """409: the state does not allow it, the version is an old one, or the key is in use."""

    @property
    def current_version(self) -> int | None:
        """The version that the page has now; ``None`` if unsaid."""
        found = self._detail("current_version")
        return found if isinstance(found, int) else None


class QueryTimeoutError(APIStatusError, builtins.TimeoutError):
    """408 or 504: the service stopped the query at its deadline. Not repeated unless asked for."""

    _passing = True


class RateLimitError(APIStatusError):
    """429: too many requests. ``retry_after`` says in how many seconds to come back.

    Attributes:
        limit: Requests per window, ``None`` if unsaid.
        remaining: Requests left in it.
        reset_at: Epoch seconds at which it ends.
    """

    _passing = True
    limit: int | None = None
    remaining: int | None = None
    reset_at: float | None = None


class QuotaError(RateLimitError):
    """An allowance is used up, or too much is under way: the same call fails again in a minute."""

    _passing = False


class ServerError(APIStatusError):
    """5xx: the service failed."""

    _passing = True


class AgentRunError(AmdahlError):
    """A run settled without the result that was waited for.

    Attributes:
        session_id: The run.
        run: Its status object.
    """

    session_id: str = ""
    run: AgentStatus | None = None


class AgentFailedError(AgentRunError):
    """The run failed; ``code`` and ``message`` are its own."""

    code = "agent_failed"


class AgentCanceledError(AgentRunError):
    """The run was canceled."""

    code = "agent_canceled"


class AgentInputRequiredError(AgentRunError):
    """The run waits for an answer: ``client.agents.resume(session_id, answer)``."""

    code = "agent_input_required"

    @property
    def pending_input(self) -> PendingInput | None:
        """What it asks."""
        return None if self.run is None else self.run.get("pending_input")


class RequestTimeoutError(AmdahlError, runtime.TimeoutFailure):
    """A request took too long; ``phase`` names the step, ``seconds`` the limit."""

    _passing = True
    code = "timeout"


class WaitTimeoutError(AmdahlError, runtime.PollTimeout):
    """A run did not settle in time; also a built-in ``TimeoutError``.

    Attributes:
        session_id: The run; it goes on.
        last: Its status object as last seen, ``None`` if it never was.
    """

    code = "wait_timeout"
    session_id: str = ""


class ConnectionFailedError(AmdahlError, runtime.ConnectionFailure):
    """The service could not be reached, or the connection broke; also a ``ConnectionError``."""

    _passing = True
    code = "connection_error"


class StreamError(AmdahlError, runtime.StreamError):
    """A stream broke for good; ``last_event_id`` says where to go on."""

    code = "stream_error"


class StreamIdleError(StreamError, runtime.StreamIdleTimeout):
    """A stream fell silent; also a built-in ``TimeoutError``."""

    code = "stream_idle"


class StreamLimitError(StreamError, runtime.StreamLimitError):
    """A line or an event of a stream is larger than its bound."""

    code = "stream_limit"


class ConfigurationError(AmdahlError, runtime.ConfigurationError):
    """A client cannot be built or used with these options."""

    code = "configuration_error"


class MissingExtraError(ConfigurationError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""

    code = "missing_extra"


class MisuseError(AmdahlError, runtime.MisuseError):
    """A call is wrong in itself; nothing was sent."""

    code = "misuse"


class ClientClosedError(MisuseError, runtime.ClientClosedError):
    """The client was closed before the call, or while it was under way."""

    code = "client_closed"


class ProtocolError(AmdahlError, runtime.ProtocolFailure):
    """What answered does not speak HTTP."""

    code = "protocol_error"


class DecodeError(AmdahlError, runtime.DecodeError):
    """A successful answer is not the JSON it should be."""

    code = "decode_error"


class RedirectError(AmdahlError, runtime.RedirectError):
    """A redirect that cannot be followed; none is, by default."""

    code = "redirect"


class ResponseTooLargeError(AmdahlError, runtime.BodyTooLarge):
    """The answer, counted after decompression, exceeds ``max_response_bytes``."""

    code = "response_too_large"


class PaginationError(AmdahlError, runtime.PagingError):
    """The pages of a list come back to where they were, or are empty and claim more."""

    code = "pagination_error"


class SignatureError(AmdahlError, runtime.WebhookError):
    """A webhook is not genuine, too old, or not readable."""

    code = "invalid_signature"
