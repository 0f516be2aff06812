"""Every exception of this package, as one tree under :class:`GhostFlowError`.

::

    GhostFlowError                    code, message, status, request_id, details, headers, body, …
    ├── APIStatusError                the service answered with an error
    │   ├── ValidationError           400, 413, 415, 422; ``details`` names the fields
    │   ├── AuthenticationError       401: the key or token is missing, wrong, revoked or expired
    │   ├── PermissionDeniedError     403: the key lacks a scope, or the team is another one
    │   ├── NotFoundError             404
    │   ├── ConflictError             409, 412, or an idempotency key that was used otherwise
    │   ├── RateLimitedError          429; ``retry_after``
    │   └── ServerError               5xx
    ├── APIConnectionError            (ConnectionError) unreachable, or the connection broke
    │   └── ProtocolError             what answered does not speak HTTP
    ├── APITimeoutError               (TimeoutError) a request took too long; ``phase``
    ├── InvalidResponseError          (ValueError) a success that is not what it should be
    ├── RedirectError                 a redirect that cannot be followed
    ├── ResponseTooLargeError         (ValueError) more than ``max_response_bytes``
    ├── ConfigurationError            (ValueError) a client cannot be built like this
    ├── MisuseError                   (ValueError) a call is wrong; nothing was sent
    │   └── ClientClosedError         the client was closed
    ├── PagingError                   pages without end
    ├── WebhookVerificationError      a webhook is not genuine, or not readable
    └── PostbackError                 a postback is not what its template says

``status`` is 0 wherever no complete answer arrived. Each class also derives from the runtime's
class for the same trouble, so code written against ``quintet.errors`` catches it as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quintet import errors as runtime
from quintet.core.headers import Headers
from quintet.service_errors import ServiceError

if TYPE_CHECKING:
    from ghostflow.responses import RateLimitInfo

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "GhostFlowError",
    "InvalidResponseError",
    "MisuseError",
    "NotFoundError",
    "PagingError",
    "PermissionDeniedError",
    "PostbackError",
    "ProtocolError",
    "RateLimitedError",
    "RedirectError",
    "ResponseTooLargeError",
    "ServerError",
    "ValidationError",
    "WebhookVerificationError",
]


class GhostFlowError(ServiceError):
    """Base of every exception that this package raises; prints its message.

    Args:
        code: The service's error code such as ``"NOT_FOUND"``; a word of ours such as
            ``"TIMEOUT"`` if the service did not answer; ``"UNKNOWN"`` if its answer named none.
        message: What the service said, or one sentence of ours. Never holds a key.
        status: HTTP status of the answer, 0 if none arrived.

    Attributes:
        request_id: The service's id of the request, ``""`` if unknown.
        details: The service's details: a list of ``{"field": …, "reason": …}``, or ``None``.
        rate_limit: What the answer said of the rate limit, ``None`` if no answer arrived.
        retry_after: Seconds the service asked to wait, ``None`` if it did not.
        method: HTTP method of the request, ``""`` if none was made.
        url: Its URL.
        attempts: How many times the request was sent.
        outcome_unknown: Whether a write may have taken effect nevertheless.
        response: The whole answer, if one arrived.
    """

    code = "UNKNOWN"
    rate_limit: RateLimitInfo | None = None

    def __init__(self, code: str = "", message: str = "", status: int = 0, **fields: Any) -> None:
        super().__init__(message, code, status_code=status, **fields)

    @property
    def headers(self) -> Headers:
        """The headers of the answer by case-insensitive name; empty if none arrived."""
        found: Headers = Headers() if self.response is None else self.response.headers
        return found

    @property
    def body(self) -> Any:
        """The body of the answer as parsed JSON, else as text; ``None`` if it is empty."""
        if self.response is None or not self.response.body:
            return None
        # Imported here: whoever has an answer has loaded it, and others need not.
        import json

        try:
            return json.loads(self.response.body)
        except (ValueError, RecursionError):
            return self.response.text()

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(code={self.code!r}, message={self.message!r}, "
            f"status={self.status!r}, request_id={self.request_id!r})"
        )


class APIStatusError(GhostFlowError, runtime.StatusError):
    """The service answered with a status that has no class of its own, such as 405 or 302."""


class AuthenticationError(APIStatusError):
    """401: no key, or one that is wrong, revoked or expired; ``code`` says which."""


class PermissionDeniedError(APIStatusError):
    """403: ``details[0]["reason"]`` is the scope that is needed, or the team is not yours."""


class NotFoundError(APIStatusError):
    """404: there is no such object in the key's team."""


class ConflictError(APIStatusError):
    """409, 412: a duplicate, a wrong state, an old version; 422: an idempotency key used otherwise.

    After more than one attempt it has ``outcome_unknown``: an earlier one may have made the change
    that the last one stumbled over.
    """


class ValidationError(APIStatusError):
    """400, 413, 415 or 422: the request is not acceptable; ``details`` names the fields."""


class RateLimitedError(APIStatusError):
    """429: too many requests; ``retry_after`` says for how long, ``rate_limit`` how many."""

    _passing = True


class ServerError(APIStatusError):
    """5xx: the service failed, or (501) cannot do this."""

    _passing = True


class APIConnectionError(GhostFlowError, runtime.ConnectionFailure):
    """The service could not be reached, or the connection broke; also a ``ConnectionError``."""

    _passing = True
    code = "CONNECTION_ERROR"


class ProtocolError(APIConnectionError, runtime.ProtocolFailure):
    """What answered does not speak HTTP."""

    _passing = False
    code = "PROTOCOL_ERROR"


class APITimeoutError(GhostFlowError, runtime.TimeoutFailure):
    """A request took too long; ``phase`` names the step, ``seconds`` the limit."""

    _passing = True
    code = "TIMEOUT"


class InvalidResponseError(GhostFlowError, runtime.DecodeError):
    """A successful answer is not the JSON it should be; what was asked for may have happened."""

    code = "INVALID_RESPONSE"


class RedirectError(GhostFlowError, runtime.RedirectError):
    """A redirect that cannot be followed."""

    code = "REDIRECT"


class ResponseTooLargeError(GhostFlowError, runtime.BodyTooLarge):
    """The answer, counted after decompression, exceeds ``max_response_bytes``."""

    code = "RESPONSE_TOO_LARGE"


class ConfigurationError(GhostFlowError, runtime.ConfigurationError):
    """A client cannot be built or used with these options."""

    code = "CONFIGURATION_ERROR"


class MisuseError(GhostFlowError, runtime.MisuseError):
    """A call is wrong in itself; nothing was sent."""

    code = "MISUSE"


class ClientClosedError(MisuseError, runtime.ClientClosedError):
    """The client was closed before the call, or while it was under way."""

    code = "CLIENT_CLOSED"


class PagingError(GhostFlowError, runtime.PagingError):
    """Pages without items that claim, again and again, that there is more."""

    code = "PAGING_ERROR"


class WebhookVerificationError(GhostFlowError, runtime.WebhookError):
    """A webhook is not genuine, too old, or not readable."""

    code = "WEBHOOK_VERIFICATION_FAILED"


class PostbackError(GhostFlowError, runtime.WebhookError):
    """A postback is not what its template says."""

    code = "POSTBACK_MISMATCH"
