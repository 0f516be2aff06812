"""Every exception of this package, as one tree.

::

    AerostackError
    ├── SDKBaseError                  the service answered with an error, or with nonsense:
    │   │                             status_code, message, body, headers, raw_response
    │   ├── ErrorResponse             the answer is the service's error object: ``data``
    │   ├── SDKError                  any other error answer
    │   ├── ResponseValidationError   (ValueError) not what is documented; ``cause`` says why
    │   └── ResponseTooLargeError     (ValueError) more than ``max_response_bytes``
    ├── NoResponseError               no complete answer came; always an ``httpx.RequestError``, too
    │   ├── ConnectionFailedError     (ConnectionError) such as ``httpx.ConnectError``
    │   ├── RequestTimeoutError       (TimeoutError) such as ``httpx.ReadTimeout``
    │   └── ProtocolError             ``httpx.RemoteProtocolError``
    ├── StreamError                   a stream broke off; ``StreamIdleError`` if it fell silent
    ├── RequestValidationError        (ValueError) the request is wrong; nothing was sent
    │   └── RequestTypeError          (TypeError) something in it has no form on the wire
    ├── ConfigurationError            (ValueError) an SDK cannot be built or used like this
    └── ClientClosedError             (ValueError) the SDK is closed

Handlers written for the published package go on working. Where it raised ``ErrorResponse``, that is
what is raised. Where it raised ``SDKError`` although the answer was an error object, or no JSON,
the exception is of both classes.

Each class also derives from the runtime's class for the same trouble (``quintet.errors``). No
exception shows a key, and none a whole page of HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quintet import errors as runtime
from quintet.service_errors import ServiceError, adopt_as

if TYPE_CHECKING:
    import httpx

    from aerostack.models.failures import Code as Code, ErrorResponseData as ErrorResponseData
    from quintet.core.operation import Operation
    from quintet.core.response import Response

__all__ = [
    "AerostackError",
    "ClientClosedError",
    "Code",
    "ConfigurationError",
    "ConnectionFailedError",
    "ErrorResponse",
    "ErrorResponseData",
    "NoResponseError",
    "ProtocolError",
    "RequestTimeoutError",
    "RequestTypeError",
    "RequestValidationError",
    "ResponseTooLargeError",
    "ResponseValidationError",
    "SDKBaseError",
    "SDKError",
    "StreamError",
    "StreamIdleError",
]


class AerostackError(ServiceError):
    """Base of every exception that this package raises.

    Attributes:
        message: What happened, in one sentence.
        request_id: The service's id of the request, ``""`` if unknown.
        retry_after: Seconds the service asked to wait, ``None`` if it did not.
        attempts: How many times the request was sent.
        outcome_unknown: Whether a write may have taken effect nevertheless.
    """

    code = ""


_LOOK_AT_SERVER_URL = "is server_url right?"
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
FINAL_CODES = frozenset(
    {"DB_QUERY_FAILED", "VALIDATION_ERROR", "FORBIDDEN", "AUTH_INVALID_KEY"}
    | {"AUTH_INVALID_CREDENTIALS"}
)
"""Codes whose errors a repeat brings again, whatever their status."""


class SDKBaseError(AerostackError):
    """The service answered, with an error or with nonsense.

    Attributes:
        message: What the service said, or one sentence of ours.
        status_code: HTTP status of the answer.
        body: Its body as text; can be ``""``.
        headers: Its headers, as ``httpx.Headers``.
        raw_response: The answer as an ``httpx.Response``. Its request has method and URL, and no
            headers: they held the key.
    """

    _body: str | None = None
    _raw: Any = None

    def __init__(
        self,
        message: str = "",
        raw_response: httpx.Response | None = None,
        body: str | None = None,
        **fields: Any,
    ) -> None:
        if raw_response is not None:
            fields.setdefault("status_code", raw_response.status_code)
            fields["_raw"] = raw_response
        if body is not None:
            fields["_body"] = body
        super().__init__(message, **fields)

    def _may_pass(self) -> bool:
        """Tell by status and code whether the trouble may go away by itself."""
        return self.status in _PASSING and self.code not in FINAL_CODES

    @property
    def body(self) -> str:
        """The answer's body as text; ``""`` if there is none."""
        text = self._body
        if text is None:
            text = self.raw_response.text if self.response is None else self.response.text()
            self._body = text
        return text

    @property
    def headers(self) -> httpx.Headers:
        """The answer's headers."""
        return self.raw_response.headers

    @property
    def raw_response(self) -> httpx.Response:
        """The answer as httpx knows it, made when first asked for."""
        if self._raw is None:
            from quintet.core.headers import Headers
            from quintet.core.response import Response
            from quintet.transport.httpx_objects import to_httpx_response

            answer = self.response
            if answer is None:
                answer = Response(self.status, Headers(), b"", url=self.url, method=self.method)
            self._raw = to_httpx_response(answer)
        return self._raw  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return self.message


class ErrorResponse(SDKBaseError, runtime.StatusError):
    """The service answered with its error object.

    Attributes:
        data: The object: ``code``, ``message``, ``details``.
    """

    data: ErrorResponseData

    def __init__(
        self,
        data: ErrorResponseData,
        raw_response: httpx.Response | None = None,
        body: str | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(data.message, raw_response, body, **fields)
        self.data = data
        self.code = str(data.code)
        self.details = data.details


class SDKError(SDKBaseError, runtime.StatusError):
    """The service, or something before it, answered with an error that is no error object."""


class GeneralErrorResponse(ErrorResponse, SDKError):
    """An error object where the published package raised a plain ``SDKError``."""


class ResponseValidationError(SDKBaseError, runtime.DecodeError):
    """The answer is not what is documented, although its status says success.

    Attributes:
        cause: What is wrong with it: pydantic's ``ValidationError``, or the error of the JSON
            parser.
    """

    @property
    def cause(self) -> BaseException | None:
        """What is wrong with the answer; the same as ``__cause__``."""
        return self.__cause__


class UnreadableResponseError(ResponseValidationError, SDKError):
    """An answer that is not JSON, where the published package raised a plain ``SDKError``."""


class ResponseTooLargeError(SDKBaseError, runtime.BodyTooLarge):
    """The answer is larger than ``max_response_bytes``; ``limit`` is that number."""


class NoResponseError(AerostackError, runtime.TransportError):
    """No complete answer came. What is raised is an ``httpx.RequestError`` as well."""

    _passing = True


class ConnectionFailedError(NoResponseError, runtime.ConnectionFailure):
    """The connection was not made, or broke."""


class RequestTimeoutError(NoResponseError, runtime.TimeoutFailure):
    """Time ran out; ``phase`` says in which step, ``seconds`` how long the limit was."""


class ProtocolError(NoResponseError, runtime.ProtocolFailure):
    """The peer does not speak HTTP, or hung up without an answer."""


class StreamError(AerostackError, runtime.StreamError):
    """A stream broke off before its end. What came until then is real."""

    _passing = True


class StreamIdleError(StreamError, runtime.StreamIdleTimeout):
    """Nothing arrived for longer than the idle limit."""


class RequestValidationError(AerostackError, runtime.MisuseError):
    """The request is not what the operation takes; nothing was sent.

    Attributes:
        cause: pydantic's ``ValidationError`` if the shape is wrong, else ``None``.
    """

    @property
    def cause(self) -> BaseException | None:
        """The error of pydantic, which names the fields; never the values."""
        return self.__cause__


class RequestTypeError(RequestValidationError, TypeError):
    """Something in the request has a type that has no form on the wire; nothing was sent."""


class ConfigurationError(AerostackError, runtime.ConfigurationError):
    """An SDK cannot be built or used with these options."""


class ClientClosedError(RequestValidationError, runtime.ClientClosedError):
    """The SDK was closed, by ``with``, ``close()`` or ``aclose()``; make a new one."""


_OWN: dict[type[runtime.QuintetError], type[AerostackError]] = {
    runtime.QuintetError: AerostackError,
    runtime.StatusError: SDKError,
    runtime.ConfigurationError: ConfigurationError,
    runtime.MisuseError: RequestValidationError,
    runtime.ClientClosedError: ClientClosedError,
    runtime.TransportError: NoResponseError,
    runtime.ConnectionFailure: ConnectionFailedError,
    runtime.TimeoutFailure: RequestTimeoutError,
    runtime.ProtocolFailure: ProtocolError,
    runtime.ResponseError: ResponseValidationError,
    runtime.DecodeError: UnreadableResponseError,
    runtime.RedirectError: UnreadableResponseError,
    runtime.LimitExceeded: ResponseTooLargeError,
    runtime.BodyTooLarge: ResponseTooLargeError,
    runtime.StreamError: StreamError,
    runtime.StreamIdleTimeout: StreamIdleError,
}

# Where the published package raised ErrorResponse; everywhere else it raised SDKError.
_TYPED: Mapping[str, frozenset[int]] = {
    "authSignup": frozenset({400, 409}),
    "authSignin": frozenset({401}),
    "dbQuery": frozenset({400, 401, 500}),
}


def adopt(error: runtime.QuintetError) -> runtime.QuintetError:
    """Return the error as one of this package's classes, a failed connection as httpx's, too."""
    if isinstance(error, AerostackError):
        return error
    adopted = adopt_as(error, AerostackError, _OWN)
    if isinstance(adopted, NoResponseError):
        try:
            from quintet.transport.httpx_errors import network_error

            return network_error(adopted)
        except OSError:
            # No more files can be opened, which this error may well tell of: no httpx either.
            return adopted
    return adopted


def from_response(response: Response, operation: Operation) -> SDKBaseError:
    """Return the error for an answer with an error status."""
    typed = response.status in _TYPED.get(operation.name, ())
    found = None
    if response.status >= 400:  # a redirect has to name its location, whatever its body says
        found = _from_object(response, ErrorResponse if typed else GeneralErrorResponse)
    return found or SDKError(_described(response), response=response, status_code=response.status)


def from_event(data: str, status: int = 200) -> SDKBaseError | None:
    """Return the error that an event of a stream reports, ``None`` if it reports none."""
    from quintet.core.headers import Headers
    from quintet.core.response import Response

    kind = Headers((("Content-Type", "application/json"),))
    return _from_object(Response(status, kind, data.encode()), GeneralErrorResponse)


def _from_object(response: Response, kind: type[ErrorResponse]) -> ErrorResponse | None:
    from aerostack.models.failures import Code, ErrorResponseData
    from quintet.core.error_map import parse_error_body

    found = parse_error_body(response)
    if not isinstance(found.raw, Mapping) or (found.code is None and found.message is None):
        return None
    flat = found.raw.get("code")
    # The gateway puts OpenAI's object beside the service's own, whose code then counts.
    own = isinstance(flat, str) and flat != ""
    known = {"code", "message", "details"} if own else {"code", "message", "details", "error"}
    message = found.message or f"the service answered with status {response.status}"
    if response.status == 404 and not own and isinstance(found.raw.get("error"), Mapping):
        # The shape of another service at this host.
        from quintet.core.unsaid import answered

        message = f"{message} ({answered(response)}); {_LOOK_AT_SERVER_URL}"
    data = ErrorResponseData(
        code=Code(flat if own else found.code or "UNKNOWN"),
        message=message,
        details=dict(found.details) if isinstance(found.details, Mapping) else None,
        **{str(name): value for name, value in found.raw.items() if name not in known},
    )
    return kind(
        data,
        response=response,
        status_code=response.status,
        request_id=response.request_id() or found.request_id or "",
    )


def _described(response: Response) -> str:
    from quintet.core.unsaid import answered, is_page, redirect_note

    text = f"API error occurred: Status {response.status}"
    if note := redirect_note(response):
        return f"{text}. {note[0].upper()}{note[1:]} ({answered(response)})"
    kind = response.content_type[:80]
    if kind and kind != "application/json":
        text += f" Content-Type {kind}"
    excerpt = "" if is_page(response) else response.excerpt(200)
    hint = f"; {_LOOK_AT_SERVER_URL}" if response.status == 404 else ""
    if excerpt:
        return f"{text}{hint}. Body: {excerpt}"
    return f"{text} ({answered(response)}){hint}"


def __getattr__(name: str) -> Any:
    if name in ("Code", "ErrorResponseData"):
        from aerostack.models import failures

        return getattr(failures, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
