"""Failed authentication, counted by address; wrong passwords also by the e-mail address meant.

Only failures count, and what is right is let through whatever its address has done: behind one
address there may be many who have nothing to do with each other. Passwords are the exception, as
they can be guessed: there an address or an e-mail address that is full has to wait. Counts are this
process's, and gone with it.
"""

from __future__ import annotations

import math

from quintet_server.http.address_limit import AddressLimit
from quintet_server.http.errors import ApiError
from quintet_server.services.ghostflow.errors import rate_limited
from quintet_server.services.ghostflow.settings import GhostFlowSettings

__all__ = ["Failures"]

_WAIT = "Too many attempts to authenticate failed; try again later."


class Failures:
    """The counts of one process."""

    def __init__(self, settings: GhostFlowSettings) -> None:
        most = settings.auth_failures_per_minute
        self._addresses = AddressLimit(most) if most else None
        self._emails = AddressLimit(
            settings.login_failures_max_count,
            window_seconds=settings.login_failures_window_seconds,
        )

    def headers(self, address: str, now: float) -> dict[str, str]:
        """What an answer to this address tells of the limit; every answer has these headers."""
        if self._addresses is None:
            unlimited = "2147483647"
            return _named((unlimited, unlimited, str(math.ceil(now))))
        values = (value.decode() for _, value in self._addresses.headers(address, now))
        return _named(tuple(values))

    def refusal(self, error: ApiError, address: str, now: float) -> ApiError:
        """Count a failure, and return what to answer it with: `error`, or 429 if it is too many."""
        if self._addresses is not None:
            wait = self._addresses.seconds_to_wait(address, now)
            if wait > 0:
                return rate_limited(_WAIT, wait, self.headers(address, now))
        error.headers.update(self.headers(address, now))
        return error

    def check_login(self, address: str, email_key: str, now: float) -> None:
        """Raise 429 if no more passwords are compared for this address, or for this e-mail one."""
        waits = [self._emails.seconds_until_room(email_key, now)]
        if self._addresses is not None:
            waits.append(self._addresses.seconds_until_room(address, now))
        if (wait := max(waits)) > 0:
            raise rate_limited(_WAIT, wait, self.headers(address, now))

    def login_failed(self, email_key: str, now: float) -> None:
        """Count a wrong password, whether or not there is such a user."""
        self._emails.count(email_key, now)

    def login_succeeded(self, email_key: str) -> None:
        """Begin anew with an e-mail address."""
        self._emails.forget(email_key)


def _named(values: tuple[str, ...]) -> dict[str, str]:
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    return dict(zip(names, values, strict=True))
