"""What a webhook may be: the fields of a request, checked in the vendor's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quintet_server.engines.hooks.target import TargetRefused, check_url
from quintet_server.services.flowmaestro.webhooks.format import EVENT_TYPES, HEADER_PREFIX

_NAME_MAX_CHARS = 200
_URL_MAX_CHARS = 2048


class Refused(ValueError):
    """A field is not what it has to be; `field` names it, the message is the vendor's."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Wanted:
    """The fields of a webhook that were given; None stands for the others."""

    name: str | None = None
    url: str | None = None
    events: tuple[str, ...] | None = None
    headers: Mapping[str, str] | None = None
    is_active: bool | None = None


def for_creation(body: Mapping[str, Any], *, https_required: bool) -> Wanted:
    """What `POST /webhooks` asks for. Raises Refused, also for what is missing."""
    given = {"name": "", "url": "", "events": [], **_present(body)}
    given.pop("is_active", None)  # a new webhook is active
    return _checked(given, https_required)


def for_change(body: Mapping[str, Any], *, https_required: bool) -> Wanted:
    """What `PATCH /webhooks/{id}` asks for. Raises Refused."""
    return _checked(_present(body), https_required)


def _present(body: Mapping[str, Any]) -> dict[str, Any]:
    """`null` means absent."""
    return {name: value for name, value in body.items() if value is not None}


def _checked(given: Mapping[str, Any], https_required: bool) -> Wanted:
    return Wanted(
        name=_name(given["name"]) if "name" in given else None,
        url=_url(given["url"], https_required) if "url" in given else None,
        events=_events(given["events"]) if "events" in given else None,
        headers=_headers(given["headers"]) if "headers" in given else None,
        is_active=_flag(given["is_active"]) if "is_active" in given else None,
    )


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused("name", "Name is required")
    if len(value) > _NAME_MAX_CHARS:
        raise Refused("name", f"Name must have at most {_NAME_MAX_CHARS} characters")
    return value.strip().replace("\x00", "\ufffd")


def _url(value: Any, https_required: bool) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused("url", "URL is required")
    try:
        check_url(value, allow_private=True, max_chars=_URL_MAX_CHARS)
    except TargetRefused:
        raise Refused("url", "Invalid URL format") from None
    if https_required and not value.lower().startswith("https:"):
        raise Refused("url", "URL must use HTTPS")
    return value


def _events(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise Refused("events", "At least one event type is required")
    unknown = [str(name)[:100] for name in value if name not in EVENT_TYPES]
    if unknown:
        valid = ", ".join(EVENT_TYPES)
        raise Refused(
            "events", f"Invalid event types: {', '.join(unknown[:20])}. Valid types: {valid}"
        )
    return tuple(dict.fromkeys(value))


def _headers(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Refused("headers", "Headers must be an object of strings")
    for name, text in value.items():
        if not isinstance(text, str):
            raise Refused("headers", f"The value of header {name[:100]} must be a string")
        if name.lower().startswith(HEADER_PREFIX):
            raise Refused("headers", f"The header {name[:100]} cannot be overridden")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused("is_active", "is_active must be true or false")
    return value
