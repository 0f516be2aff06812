"""Errors in the words of the command line: its options, not the parameters behind them."""

from __future__ import annotations

import argparse
import re

from zeridion_flare.errors import FlareError, NotFoundError, says_no_such_job

_KEY_HINT = "pass api_key or set the environment variable FLARE_API_KEY"
_CALL = re.compile(r"^[a-z_]+ failed: ")
"""The client's method, which the command line calls on its user's behalf."""
_OPTIONS = {
    "base_url": "--base-url (or FLARE_BASE_URL)",
    "created_after": "--after",
    "created_before": "--before",
    "run_at": "--run-at",
    "max_attempts": "--max-attempts",
    "timeout_seconds": "--timeout",
    "parent_job_id": "--parent",
    "idempotency_key": "--idempotency-key",
}
_NAMES = re.compile(rf"\b({'|'.join(_OPTIONS)})\b")


def in_own_words(
    error: FlareError, options: argparse.Namespace, job_id: str | None = None
) -> str | None:
    """Return what to print of an error; ``None`` where its own message is right.

    Args:
        job_id: The job it is about, where a command takes several.
    """
    if options.command == "worker":
        return None  # its errors are about the parameters of the module's own worker
    asked = job_id or getattr(options, "job_id", None) or getattr(options, "parent", None)
    if asked and isinstance(error, NotFoundError) and says_no_such_job(error):
        return f"no such job: {asked}"
    message = _CALL.sub("", error.message).replace(
        _KEY_HINT, "set the environment variable FLARE_API_KEY"
    )
    return _NAMES.sub(lambda found: _OPTIONS[found[0]], message)
