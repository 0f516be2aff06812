"""Network errors that httpx's own ``except`` clauses catch as well.

An SDK's documentation may promise ``httpx.ConnectError`` and its kin.  An error is then of a class
made of both, the SDK's and httpx's; such a class is made once, and httpx is imported when the first
error of the kind comes up.
"""

from __future__ import annotations

from typing import Any, TypeVar

from quintet.core.retry import Progress
from quintet.errors import (
    ConfigurationError,
    ConnectionFailure,
    ProtocolFailure,
    QuintetError,
    TimeoutFailure,
    TransportError,
)

__all__ = ["network_error"]

E = TypeVar("E", bound=QuintetError)

_TIMEOUTS = {
    "pool": "PoolTimeout",
    "connect": "ConnectTimeout",
    "write": "WriteTimeout",
    "read": "ReadTimeout",
}
_OF_HTTPX = frozenset(
    {
        *_TIMEOUTS.values(),
        "CloseError",
        "ConnectError",
        "DecodingError",
        "LocalProtocolError",
        "ProxyError",
        "ReadError",
        "RemoteProtocolError",
        "TooManyRedirects",
        "UnsupportedProtocol",
        "WriteError",
    }
)

_classes: dict[tuple[type[QuintetError], str], type[Any]] = {}


def network_error(error: E) -> E:
    """Return the error in a class that derives from its own and from httpx's for the same trouble.

    Everything about it stays: attributes, arguments, cause.  Its ``request`` is made of method and
    URL when it is asked for.  Errors that are none of the network come back as they are, and so do
    all if httpx is not there: then nobody can catch its classes either.
    """
    name = _name(error)
    if name is None:
        return error
    try:
        cls = _class(type(error), name)
    except ImportError:
        return error
    made: E = _make(cls, error.args, dict(vars(error)))
    made.__cause__, made.__context__ = error.__cause__, error.__context__
    return made


def _name(error: QuintetError) -> str | None:
    """Return the name of httpx's class: as the transport called it, else by what is known."""
    cause = error.__cause__
    called = next((cls.__name__ for cls in type(cause).__mro__ if cls.__name__ in _OF_HTTPX), None)
    if isinstance(error, ConfigurationError):
        return called if called == "UnsupportedProtocol" else None
    if not isinstance(error, TransportError) or type(error) in _classes.values():
        return None
    if called is not None:
        return called
    if isinstance(error, TimeoutFailure):
        return _TIMEOUTS.get(error.phase, "TimeoutException")
    if isinstance(error, ProtocolFailure):
        return "LocalProtocolError" if error.progress == 0 else "RemoteProtocolError"
    if isinstance(error, ConnectionFailure):
        return "ConnectError" if error.progress == Progress.NOTHING_SENT else "ReadError"
    return "TransportError"


def _class(own: type[QuintetError], name: str) -> type[Any]:
    cls = _classes.get((own, name))
    if cls is None:
        import httpx

        parts = {
            "__module__": own.__module__,
            "__doc__": own.__doc__,
            "request": property(_request, _set_request),
            "__reduce__": _reduce,
        }
        made = type(name, (own, getattr(httpx, name)), parts)
        cls = _classes.setdefault((own, name), made)
    return cls


def _request(self: Any) -> Any:
    if self.__dict__.get("_request") is None:
        import httpx

        if not self.method:
            raise RuntimeError("the error came up before a request was made")
        self._request = httpx.Request(self.method, self.url)
    return self._request


def _set_request(self: Any, request: Any) -> None:
    self._request = request


def _make(cls: type[Any], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    # Without __init__: the SDK's may ask for other arguments, and httpx's would lose them.
    made: Any = cls.__new__(cls, *args)
    made.args = args
    made.__dict__.update(state)
    return made


def _reduce(self: Any) -> tuple[Any, ...]:
    own, name = next(key for key, cls in _classes.items() if cls is type(self))
    state = {key: value for key, value in vars(self).items() if key != "_request"}
    return _restore, (own, name, self.args, state)


def _restore(
    own: type[QuintetError], name: str, args: tuple[Any, ...], state: dict[str, Any]
) -> Any:
    return _make(_class(own, name), args, state)
