"""A user of the application signs up and in."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from aerostack import SDK, errors
from examples.demo.report import Report, console

EMAIL = "reader@example.com"


def sign_up_and_in(sdk: SDK, report: Report) -> None:
    """Sign a user up, again (refused), in, and in with a wrong password (refused)."""
    password = secrets.token_urlsafe(12)
    console.print(f"\n[bold]Users:[/] {EMAIL} signs up …")
    made = sdk.authentication.auth_signup({"email": EMAIL, "password": password})
    assert made.user is not None
    assert made.user.id is not None
    console.print(f"  201, user {made.user.id}", style="dim")
    report.line("a user signs up", f"user {made.user.id[:8]}…", fine=bool(made.token))
    again = _refusal(sdk, EMAIL, password, sign_up=True)
    report.line("  a second time", f"refused: {again}", fine=again == "AUTH_USER_EXISTS")
    found = sdk.authentication.auth_signin({"email": EMAIL.upper(), "password": password})
    assert found.user is not None
    assert found.expires_at is not None
    lasts = round((found.expires_at - datetime.now(UTC)).total_seconds() / 3600)
    same = found.user.id == made.user.id and bool(found.token)
    console.print(
        f"  signed in as {EMAIL.upper()}, token until {found.expires_at:%Y-%m-%d %H:%M} UTC",
        style="dim",
    )
    report.line("  signs in", f"a token for {lasts} hours", fine=same)
    wrong = _refusal(sdk, EMAIL, password[::-1], sign_up=False)
    console.print(f"  with another password: {wrong}", style="dim")
    fine = wrong == "AUTH_INVALID_CREDENTIALS"
    report.line("  with a wrong password", f"refused: {wrong}", fine=fine)


def _refusal(sdk: SDK, email: str, password: str, *, sign_up: bool) -> str:
    """Try what should not work; return the service's reason, or what went wrong with that."""
    users = sdk.authentication
    try:
        (users.auth_signup if sign_up else users.auth_signin)(
            {"email": email, "password": password}
        )
    except errors.ErrorResponse as error:
        return str((error.data.details or {}).get("reason", error.data.code.value))
    return "it was let in"
