"""What the error classes of all SDKs have in common.

An SDK puts its documented names over the runtime's tree (see :mod:`quintet.errors`): each of its
classes derives from its own base, which derives from :class:`ServiceError`, and from the runtime's
class for the same trouble.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from quintet.errors import QuintetError

if TYPE_CHECKING:
    from quintet.core.response import Response

__all__ = ["ServiceError", "adopt_as", "placed"]

E = TypeVar("E", bound="ServiceError")
Q = TypeVar("Q", bound=QuintetError)

# What the service cannot do at all: not implemented, or not in this version of HTTP.
_NEVER_DONE = frozenset({501, 505})


class ServiceError(QuintetError):
    """The part of an SDK's base class that is the same in all of them.

    Attributes:
        _passing: Whether errors of this class are of the kind that goes away by itself; an SDK says
            so for its classes of that kind.
    """

    code = "unknown"
    _passing: bool = False

    def __init__(
        self,
        message: str = "",
        code: str | None = None,
        request_id: str = "",
        status_code: int = 0,
        **fields: Any,
    ) -> None:
        if code:
            fields["code"] = code
        if request_id:
            fields["request_id"] = request_id
        if status_code:
            fields["status"] = status_code
        super().__init__(message, **fields)

    @property
    def status_code(self) -> int:
        """HTTP status of the error answer, 0 if none arrived."""
        return self.status

    @property
    def is_retryable(self) -> bool:
        """Whether to make the same call again later, unchanged.

        True if the trouble is of a kind that passes by itself and the call cannot happen twice:
        not where a write may have taken effect already, as ``outcome_unknown`` says.  Repeating
        such a write is for the caller to decide, or safe with the idempotency key that it had.
        Our decision, since no service documents such a thing; it means the same in all SDKs.
        """
        return self._may_pass() and not self.outcome_unknown

    def _may_pass(self) -> bool:
        """Tell whether the trouble may go away by itself."""
        return self._passing and self.status not in _NEVER_DONE

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(status_code={self.status_code!r}, code={self.code!r}, "
            f"request_id={self.request_id!r}, message={self.message!r})"
        )


def placed(error: Q, response: Response) -> Q:
    """Return the error with the circumstances of the answer that it is about."""
    error.response = response
    error.status = response.status
    error.method, error.url, error.attempts = response.method, response.url, response.attempts
    error.request_id = error.request_id or response.request_id() or ""
    return error


def adopt_as(error: QuintetError, base: type[E], own: Mapping[type[QuintetError], type[E]]) -> E:
    """Return a runtime error as one of an SDK's classes, with all it knows.

    Args:
        error: Any error; one of the SDK's own comes back as it is.
        base: The SDK's base class.
        own: The SDK's class for each of the runtime's; the nearest ancestor that is listed counts.
    """
    if isinstance(error, base):
        return error
    kind = next(own[kind] for kind in type(error).__mro__ if kind in own)
    # By name: an SDK's constructor may begin with something else.
    adopted = kind(message=error.message)
    # What was not said keeps the class's own word.
    known = {name: value for name, value in vars(error).items() if value not in (None, "")}
    adopted.__dict__.update(known)
    adopted.__cause__ = error.__cause__
    return adopted
