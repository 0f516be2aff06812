"""What a callable is, and what can go wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Target:
    """A function at the top level of a Python file."""

    file: Path
    function: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read `path/to/file.py:function`.

        Raises:
            ValueError: it has not that form; the message says how it should look.
        """
        path, colon, function = text.rpartition(":")
        if not colon or not path.endswith(".py") or not function.isidentifier() or "\0" in path:
            raise ValueError("must look like path/to/file.py:function")
        return cls(Path(path), function)

    def __str__(self) -> str:
        return f"{self.file}:{self.function}"


class CallableError(Exception):
    """Base of what a call may end in, other than an answer."""


class CallableFailed(CallableError):
    """The function raised, or gave an answer that is none.

    Attributes:
        type: name of the exception's class.
        message: what it said, shortened.
        traceback: the last frames within the function's own files, for the operator only.
        is_retryable: what the exception says of itself by an attribute `retryable` or
            `is_retryable`; True without one.
        retry_after: seconds, likewise.
    """

    def __init__(
        self,
        type: str,
        message: str,
        traceback: str = "",
        *,
        is_retryable: bool = True,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{type}: {message}" if message else type)
        self.type = type
        self.message = message
        self.traceback = traceback
        self.is_retryable = is_retryable
        self.retry_after = retry_after


class CallableTimedOut(CallableError):
    """No answer in time. The process was killed; whatever the function had done stays done."""

    def __init__(self, target: Target, timeout: float) -> None:
        super().__init__(f"{target.function} gave no answer within {timeout:g} s")
        self.timeout = timeout


class CallableUnavailable(CallableError):
    """The function was not reached: no such file or function, or the file cannot be loaded."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class CallablesBusy(CallableError):
    """All processes were at work for as long as the call could wait. Nothing was called."""
