"""Building request bodies: keywords or one mapping, never both; nothing that is unset is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zeridion_flare.errors import FlareMisuseError

if TYPE_CHECKING:
    from datetime import datetime

_TIMES = ("run_at", "from", "until")
# W3C Trace Context, section 3.2: ids of zeros are void, and hex digits are lower case.
_TRACEPARENT = r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"


def choose_body(body: Mapping[str, Any] | None, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the body given as a mapping or by keywords.

    Raises:
        TypeError: Both were given, or ``body`` is no mapping.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    if body is None:
        return _with_times(given)
    if not isinstance(body, Mapping):
        raise TypeError(f"body must be a mapping, not {type(body).__name__}")
    if given:
        raise TypeError(f"give a body or keywords, not both: {', '.join(sorted(given))}")
    return _with_times({name: value for name, value in body.items() if value is not None})


def new_job(
    body: Mapping[str, Any] | None, fields: dict[str, Any], idempotency_key: str | None
) -> tuple[dict[str, Any], str | None]:
    """Return the body that creates a job, and the idempotency key of the call.

    A key in the body is the service's older form; the header, which this client always sends,
    would override it, so it becomes the header.

    Raises:
        TypeError: Both a mapping and keywords, or neither, name the job.
        FlareMisuseError: A field cannot be sent.
    """
    job = choose_body(body, fields)
    legacy_key = job.pop("idempotency_key", None)
    job_type = job.get("job_type")
    if job_type is None:
        raise TypeError("create_job() needs job_type")
    if not isinstance(job_type, str) or not job_type:
        raise FlareMisuseError("job_type must be a string of at least one character")
    if "tags" in job:
        job["tags"] = check_tags(job["tags"])
    return job, idempotency_key if idempotency_key is not None else legacy_key


def trace_headers(traceparent: str | None) -> dict[str, str] | None:
    """Return the header that hands a trace context on, ``None`` if there is none.

    Raises:
        FlareMisuseError: Not a ``traceparent`` of version 00; the service would ignore it.
    """
    if traceparent is None:
        return None
    if not isinstance(traceparent, str) or not re.fullmatch(_TRACEPARENT, traceparent):
        raise FlareMisuseError(
            "traceparent must be 00-<32 hex digits>-<16 hex digits>-<2 hex digits>, in lower case, "
            "with ids that are not all zeros"
        )
    return {"traceparent": traceparent}


def check_tags(tags: Any) -> dict[str, str]:
    """Return tags as a new dictionary.

    Raises:
        FlareMisuseError: Not a mapping of strings to strings.
    """
    if not isinstance(tags, Mapping):
        raise FlareMisuseError(f"tags must map strings to strings, not {type(tags).__name__}")
    for key, value in tags.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise FlareMisuseError(f"tag {key!r} must be a string with a string value")
    return dict(tags)


def tag_filters(tags: Mapping[str, str] | None) -> list[str] | None:
    """Return the repeated ``tag`` parameter that selects jobs with all of these tags."""
    if not tags:
        return None
    return [f"{key}:{value}" for key, value in check_tags(tags).items()]


def time_filter(value: datetime | str | None) -> str | None:
    """Return a time parameter, ``None`` if there is none."""
    return None if value is None else _timestamp(value)


def _with_times(body: dict[str, Any]) -> dict[str, Any]:
    for name in _TIMES:
        if body.get(name) is not None and not isinstance(body[name], str):
            from datetime import datetime

            if isinstance(body[name], datetime):
                body[name] = _timestamp(body[name])
    return body


def _timestamp(value: datetime | str) -> str:
    # Imported here: most calls name no time.
    from zeridion_flare.timestamps import format_timestamp

    return format_timestamp(value)
