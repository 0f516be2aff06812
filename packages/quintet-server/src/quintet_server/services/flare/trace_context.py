"""The trace context of a request (W3C Trace Context, section 3.2), which its job carries on."""

from __future__ import annotations

import re

from starlette.requests import Request

# Version, trace id, parent id, flags. Ids of zeros are void, and hex digits are lower case.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent_of(request: Request) -> str | None:
    """The header `traceparent`; None when there is none, more than one, or no valid one.

    An unusable context is no fault of the request: the standard has it ignored.
    """
    values = request.headers.getlist("traceparent")
    return values[0] if len(values) == 1 and _TRACEPARENT.fullmatch(values[0]) else None
