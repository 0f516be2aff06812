"""Which addresses are the same."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.engines.identity.emails import InvalidEmail, email_key, key_to_look_for


@pytest.mark.parametrize(
    ("email", "key"),
    [
        ("Ada.Lovelace+x@Example.COM", "ada.lovelace+x@example.com"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ("dev@app.test", "dev@app.test"),
        ("JÖRG@Exämple.de", "jörg@exämple.de"),
        ("jo\u0308rg@example.de", "jörg@example.de"),
    ],
)
def test_key_is_the_address_without_its_spelling(email: str, key: str) -> None:
    assert email_key(email) == key


@pytest.mark.parametrize(
    "email",
    ["", "@", "a@", "@b.de", "a@b", "a b@c.de", "a@b..de", "a@-b.de", "a@app.local", "a@test"],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidEmail, match="must be an e-mail address"):
        email_key(email)


@given(st.text())
def test_any_text_can_be_looked_for(text: str) -> None:
    key = key_to_look_for(text)
    assert "\x00" not in key
    assert len(key) <= 3 * 320  # folding makes three of some characters


@given(st.emails())
def test_key_of_a_key_is_itself(email: str) -> None:
    try:
        key = email_key(email)
    except InvalidEmail:
        return
    assert email_key(key) == key_to_look_for(email.upper().lower()) == key
