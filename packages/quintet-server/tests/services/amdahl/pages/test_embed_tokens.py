"""Embed tokens as text: what is signed, and what is none."""

from __future__ import annotations

import base64
from dataclasses import asdict, replace
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.pages.embedding.tokens import (
    Claims,
    TokenInvalid,
    read_claims,
    sign,
    verify_token,
)

CLAIMS = Claims("p", "b", "self", "key_1", {"n": 1}, ("https://a.test",), "es_1", 1, 2)
SECRET = b"s" * 32
TOKEN = sign(CLAIMS, SECRET)


def test_token_tells_its_claims_and_holds_with_its_secret_only() -> None:
    assert read_claims(TOKEN) == CLAIMS
    verify_token(TOKEN, SECRET)
    with pytest.raises(TokenInvalid):
        verify_token(TOKEN, b"t" * 32)
    with pytest.raises(TokenInvalid):
        verify_token(sign(replace(CLAIMS, exp=3), SECRET).split(".")[0] + TOKEN[-44:], SECRET)


@given(position=st.integers(0, len(TOKEN) - 1), char=st.sampled_from("Aa0_-.=é "))
def test_token_with_another_character_does_not_hold(position: int, char: str) -> None:
    changed = TOKEN[:position] + char + TOKEN[position + 1 :]
    # The last character of a digest has bits that mean nothing.
    if changed == TOKEN or position == len(TOKEN) - 1:
        return
    with pytest.raises(TokenInvalid):
        read_claims(changed)
        verify_token(changed, SECRET)


odd_values = st.none() | st.integers(0, 9) | st.text(max_size=3) | st.lists(st.none(), max_size=1)


@given(name=st.sampled_from(list(asdict(CLAIMS))), value=odd_values)
def test_token_with_odd_claims_is_none_or_read(name: str, value: Any) -> None:
    told = base64.urlsafe_b64encode(orjson.dumps({**asdict(CLAIMS), name: value})).decode()
    try:
        claims = read_claims(f"{told}.x")
    except TokenInvalid:
        return
    assert isinstance(getattr(claims, name), type(getattr(CLAIMS, name)))


@pytest.mark.parametrize(
    "token", ["", ".", "x", "x.y", "e30.e30", "WzFd.WzFd", "é.é", "a" * 99_999]
)
def test_text_that_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        read_claims(token)
