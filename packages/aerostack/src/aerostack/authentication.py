"""``sdk.authentication``: the users of the project."""

from __future__ import annotations

from aerostack._async.authentication import _AsyncAuthentication
from aerostack._sync.authentication import _Authentication

__all__ = ["Authentication"]


class Authentication(_Authentication, _AsyncAuthentication):
    """Users of the project sign up and in.

    Each operation has a blocking form and one with ``_async`` that is awaited; both take the same.
    """
