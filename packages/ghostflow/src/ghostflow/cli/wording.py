"""Errors in the words of the command line: one line, with the code and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ghostflow.errors import GhostFlowError

_NEW_KEY = (
    "create a key in the dashboard under API keys, or with `quintet keys create ghostflow` "
    "for your own server, and set GF_API_KEY"
)
_CLIENT_HINT = "pass api_key or set the environment variable GF_API_KEY"
_WRONG_PLACE = (
    "check --base-url and GF_BASE_URL; that of a server of your own ends in /ghostflow/api/v1"
)
_WHICH_TEAM = "check --team and GF_TEAM_ID; `ghostflow me` lists your teams"
_ADVICE = {
    "AUTH_REQUIRED": _NEW_KEY,
    "AUTH_INVALID_API_KEY": f"check GF_API_KEY, or {_NEW_KEY}",
    "AUTH_INVALID_TOKEN": "log in again, or use an API key in GF_API_KEY",
    "AUTH_TOKEN_EXPIRED": "log in again, or use an API key in GF_API_KEY",
    "TEAM_REQUIRED": "choose one with --team or GF_TEAM_ID; `ghostflow me` lists yours",
    "TEAM_FORBIDDEN": _WHICH_TEAM,
    "CONNECTION_ERROR": "is the service running at --base-url (or GF_BASE_URL)?",
    "TIMEOUT": "the service is slow or out of reach; try again",
    "INTERNAL_ERROR": "the service failed; try again, and tell its operator if it goes on",
    "SERVICE_UNAVAILABLE": "try again in a moment",
    # Codes in small letters are those of other services of the same server.
    "not_found": _WRONG_PLACE,
    "invalid_api_key": _WRONG_PLACE,
}


class UsageError(Exception):
    """The command was called in a way that makes no sense; exit code 2."""


class CommandError(Exception):
    """The command cannot do it; the message is the whole line. Exit code 1."""


def line_of(error: GhostFlowError) -> str:
    """Return the line that tells of an error: code, message, what to do, request id."""
    code, message = str(error.code or "").strip(), _first_line(error)
    parts = [f"{code}: {message}" if code and code not in {"UNKNOWN", message} else message]
    parts += _details(error)
    if advice := advice_for(error):
        parts.append(advice)
    request_id = getattr(error, "request_id", None)
    return "; ".join(parts) + (f" (request id {request_id})" if request_id else "")


def advice_for(error: GhostFlowError) -> str:
    """Return what to do about an error, ``""`` if its message says all there is."""
    code = str(error.code or "")
    if code == "AUTH_INSUFFICIENT_SCOPE":
        needed = ", ".join(str(each.get("reason")) for each in _rows(error)) or "more"
        return f"use a key with the scope {needed}"
    if code == "RATE_LIMITED":
        wait = getattr(error, "retry_after", None)
        return f"try again in {wait:.0f} s" if wait is not None else "try again later"
    if error.status == 0 and "GF_API_KEY" in str(error):
        return _NEW_KEY
    if error.code == "CONFIGURATION_ERROR" and "URL" in str(error):
        return "check --base-url and GF_BASE_URL"
    if any(each.get("field") == "X-Team-Id" for each in _rows(error)):
        return _WHICH_TEAM
    return _ADVICE.get(code, "")


def _first_line(error: GhostFlowError) -> str:
    lines = str(error).replace(f": {_CLIENT_HINT}", "").strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _rows(error: GhostFlowError) -> list[Mapping[str, Any]]:
    details = getattr(error, "details", None)
    return [each for each in details or () if isinstance(each, Mapping)]


def _details(error: GhostFlowError) -> list[str]:
    if error.code == "AUTH_INSUFFICIENT_SCOPE":
        return []
    said = str(error)
    return [
        f"{each.get('field')}: {each.get('reason')}"
        for each in _rows(error)
        if f"{each.get('field')}:" not in said  # the message is about this one
    ]
