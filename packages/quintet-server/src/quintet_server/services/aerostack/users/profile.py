"""What is asked of a new user, and of what a user may change."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from quintet_server.engines.identity.emails import InvalidEmail, email_key
from quintet_server.engines.identity.passwords import PASSWORD_MAX_CHARS, normalized
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.errors import invalid
from quintet_server.services.aerostack.settings import AerostackSettings

__all__ = ["Faults", "metadata_text"]

_NAME_MAX_CHARS = 200
_CONTROL = re.compile("[\x00-\x1f\x7f]")
# What strict passwords have one of each.
_KINDS = (
    ("an upper-case letter", str.isupper),
    ("a lower-case letter", str.islower),
    ("a digit", str.isdigit),
)


class Faults:
    """Collects what is wrong, field by field, so that a form can show all of it at once."""

    def __init__(self, settings: AerostackSettings) -> None:
        self._settings = settings
        self._found: dict[str, list[str]] = {}
        self._reason: str | None = None

    def email(self, email: str) -> str:
        """The key of an address; "" if it is none."""
        try:
            return email_key(email)
        except InvalidEmail as error:
            self._found["email"] = [str(error)]
            return ""

    def password(self, password: str) -> None:
        """Long enough, not endless, and of several kinds of characters if that is asked for."""
        least = self._settings.password_min_chars
        problems = []
        if len(password) > PASSWORD_MAX_CHARS:
            problems.append(f"must have at most {PASSWORD_MAX_CHARS} characters")
        counted = normalized(password[:PASSWORD_MAX_CHARS])
        if len(counted) < least:
            problems.append(f"must have at least {least} characters")
        if self._settings.password_strict:
            problems += [
                f"must contain {kind}" for kind, is_of in _KINDS if not any(map(is_of, counted))
            ]
        if problems:
            self._found["password"] = problems
            self._reason = "AUTH_PASSWORD_WEAK"

    def name(self, name: str | None) -> None:
        """One line."""
        if name is None:
            return
        if len(name) > _NAME_MAX_CHARS:
            self._found["name"] = [f"must have at most {_NAME_MAX_CHARS} characters"]
        elif _CONTROL.search(name):
            self._found["name"] = ["must not contain control characters"]

    def metadata(self, metadata: Mapping[str, Any] | None) -> str:
        """The object as JSON text; without one it is empty."""
        most = self._settings.user_metadata_max_bytes
        try:
            text = metadata_text(metadata)
        except ValueError:
            self._found["metadata"] = ["holds a number that is too large"]
            return "{}"
        if len(text.encode()) > most:
            self._found["metadata"] = [f"must have at most {most} bytes as JSON"]
        return text

    def raise_if_any(self) -> None:
        """Raise the 400 that names everything at fault."""
        if self._found:
            raise self._error()

    def _error(self) -> ApiError:
        field, problems = next(iter(self._found.items()))
        # Of several fields at fault, no single reason is the right one.
        reason = self._reason if len(self._found) == 1 else None
        return invalid(f"{field}: {problems[0]}", reason, field_errors=self._found)


def metadata_text(metadata: Mapping[str, Any] | None) -> str:
    """JSON text of an object. Raises ValueError for a number beyond all floats."""
    return json.dumps(
        dict(metadata or {}), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
