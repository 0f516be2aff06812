"""Errors on one line, with what to do."""

from __future__ import annotations

import pytest

from ghostflow.cli.wording import advice_for, line_of
from ghostflow.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    GhostFlowError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    ValidationError,
)


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (
            ValidationError(
                "VALIDATION_ERROR",
                "the request is not valid\nsecond line",
                400,
                details=[{"field": "url", "reason": "must be absolute"}, 7],
            ),
            ["VALIDATION_ERROR: the request is not valid; url: must be absolute"],
        ),
        (
            PermissionDeniedError(
                "AUTH_INSUFFICIENT_SCOPE",
                "not allowed",
                403,
                details=[{"field": "scope", "reason": "read:stats"}],
            ),
            ["use a key with the scope read:stats"],
        ),
        (RateLimitedError("RATE_LIMITED", "slow", 429, retry_after=7.2), ["try again in 7 s"]),
        (RateLimitedError("RATE_LIMITED", "slow", 429), ["try again later"]),
        (
            AuthenticationError("AUTH_INVALID_API_KEY", "no", 401),
            ["check GF_API_KEY", "quintet keys create ghostflow"],
        ),
        (PermissionDeniedError("TEAM_FORBIDDEN", "no", 403), ["--team", "ghostflow me"]),
        (
            ValidationError(
                "VALIDATION_ERROR",
                "X-Team-Id: must be a UUID",
                400,
                details=[{"field": "X-Team-Id", "reason": "must be a UUID"}],
            ),
            ["X-Team-Id: must be a UUID", "--team", "ghostflow me"],
        ),
        (
            NotFoundError("not_found", "No service answers at /campaigns", 404),
            ["GF_BASE_URL", "/ghostflow/api/v1"],
        ),
        (
            ConfigurationError(message="the URL must begin with http:// or https://"),
            ["--base-url", "GF_BASE_URL"],
        ),
        (APIConnectionError("CONNECTION_ERROR", "refused"), ["GF_BASE_URL"]),
        (ServerError("INTERNAL_ERROR", "oops", 500, request_id="r-1"), ["(request id r-1)"]),
        (
            ValidationError(
                "VALIDATION_ERROR",
                "sort: must be one of name",
                400,
                details=[{"field": "sort", "reason": "must be one of name"}],
            ),
            ["VALIDATION_ERROR: sort: must be one of name"],
        ),
        (GhostFlowError("UNKNOWN", "odd", 418), ["odd"]),
    ],
)
def test_error_is_one_line_with_code_and_advice(error: GhostFlowError, parts: list[str]) -> None:
    line = line_of(error)
    assert "\n" not in line
    assert "UNKNOWN" not in line
    for part in parts:
        assert part in line


def test_error_that_says_all_needs_no_advice() -> None:
    assert advice_for(GhostFlowError("CONFLICT", "the slug is taken", 409)) == ""
    assert line_of(GhostFlowError("CONFLICT", "the slug is taken", 409)) == (
        "CONFLICT: the slug is taken"
    )
    assert line_of(GhostFlowError("", "", 0)) == "GhostFlowError"
