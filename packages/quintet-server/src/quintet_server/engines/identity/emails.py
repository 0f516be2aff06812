"""E-mail addresses: which are taken, and which of them are the same."""

from __future__ import annotations

import unicodedata

from email_validator import EmailNotValidError, validate_email

__all__ = ["InvalidEmail", "email_key", "key_to_look_for"]

# RFC 5321 §4.5.3.1 allows 64 characters before the sign and 255 after it.
_MAX_CHARS = 320


class InvalidEmail(ValueError):
    """Not an address; the text says what is wrong with it."""


def email_key(email: str) -> str:
    """Return what all spellings of an address have in common; it tells users apart.

    Upper and lower case are the same, before the sign as well: RFC 5321 §2.4 leaves that to the
    mail server, and hardly any makes a difference. Nobody is asked whether mail arrives there.
    Names that never have mail (`.local`, `.invalid`) are refused; `.test` is for tests.

    Raises:
        InvalidEmail: see there.
    """
    if len(email) > _MAX_CHARS:
        raise InvalidEmail(f"must be an e-mail address. None has over {_MAX_CHARS} characters.")
    try:
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidEmail(f"must be an e-mail address. {error}") from error
    if "." not in found.domain:
        raise InvalidEmail("must be an e-mail address. The part after the @-sign needs a period.")
    return _folded(found.normalized)


def key_to_look_for(email: str) -> str:
    """The same for any text: what is no address has no user, and is counted like one that has."""
    try:
        return email_key(email)
    except InvalidEmail:
        return _folded(email[:_MAX_CHARS]).replace("\x00", "\ufffd")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())
