"""What a client has to hide is found however an answer spells it, and nothing else is changed."""

from __future__ import annotations

import html
import json
import string
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from quintet.core.headers import Headers
from quintet.core.redaction import (
    HIDDEN,
    clean_error,
    clean_response,
    clean_text,
    secrets_in,
    secrets_of,
    without,
)
from quintet.core.request import Request
from quintet.core.response import Response
from quintet.errors import DecodeError, QuintetError

KEY = "sk-live/0123+456=="
NAMES = frozenset({"x-service"})
URL = "https://api.example/v1/thing"


def request(
    *headers: tuple[str, str], url: str = URL, body: Any = None, names: frozenset[str] = NAMES
) -> tuple[str, ...]:
    return secrets_of([Request("POST", url, headers, body)], names)


# What has to be hidden.


def test_credential_headers_are_hidden_whole_and_without_their_scheme() -> None:
    found = request(
        ("Authorization", f"Bearer {KEY}"), ("X-Service", "abcdefgh"), ("Accept", "x/y")
    )
    assert found == (f"Bearer {KEY}", KEY, "abcdefgh")


def test_header_named_like_a_secret_is_hidden_and_an_idempotency_key_is_not() -> None:
    keys = ("Idempotency-Key", "0123456789"), ("X-Idempotency-Key", "9876543210")
    found = request(("X-Other-Token", "abcdefgh"), *keys)
    assert found == ("abcdefgh",)


def test_password_of_a_basic_header_is_hidden() -> None:
    pair = b64encode(b"user:hunter2").decode()
    found = request(("Proxy-Authorization", f"Basic {pair}"))
    assert set(found) == {f"Basic {pair}", pair, "user:hunter2", "hunter2"}


@pytest.mark.parametrize("odd", ["Basic", "Basic !", "basic /w=="])
def test_basic_header_that_is_none_is_hidden_as_it_is(odd: str) -> None:
    assert set(request(("Authorization", odd))) <= {odd, odd.partition(" ")[2]}


def test_short_credential_is_not_looked_for() -> None:
    assert request(("Authorization", "Bearer x")) == ("Bearer x",)
    assert without("an x is an x", request(("Authorization", "k"))) == "an x is an x"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("a dragon", f"a {HIDDEN}"),
        ("dragon", HIDDEN),
        ("key=dragon&a=1", f"key={HIDDEN}&a=1"),
        ("my_dragon_7dragon7", f"my_{HIDDEN}_7{HIDDEN}7"),
        ("%20dragon%2Cdragon%2cdragon%20", f"%20{HIDDEN}%2C{HIDDEN}%2c{HIDDEN}%20"),
        (r"\ndragon\u002Cdragon\u00e9dragon", rf"\n{HIDDEN}\u002C{HIDDEN}\u00e9{HIDDEN}"),
        ("&quot;dragon&quot;", f"&quot;{HIDDEN}&quot;"),
        ("a dragonfly, snapdragons, Adragon", "a dragonfly, snapdragons, Adragon"),
    ],
)
def test_short_word_as_a_credential_is_hidden_where_it_stands_alone(said: str, left: str) -> None:
    assert without(said, ("dragon",)) == left


def test_long_word_as_a_credential_is_hidden_wherever_it_is() -> None:
    assert without("xcorrecthorsex", ("correcthorse",)) == f"x{HIDDEN}x"
    assert without("xdrag0nx", ("drag0n",)) == f"x{HIDDEN}x"


def test_blanks_are_no_credential() -> None:
    assert request(body=b'{"password": "          "}') == ()
    assert request(body=b'{"password": "   a b   "}') == ()


def test_members_of_the_body_that_are_named_like_secrets_are_hidden() -> None:
    body = {
        "email": "a@b.example",
        "password": "correct horse",
        "hooks": [{"client_secret": "whsec_1234", "secrets": ["whsec_5678", 7]}],
        "pageToken": None,
    }
    found = request(body=json.dumps(body).encode())
    assert set(found) == {"correct horse", "whsec_1234", "whsec_5678"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"password=correct-horse",
        b'{"password": "correct horse"',
        b'{"password": "' + b"x" * 70_000 + b'"}',
        b"[" * 5000 + b'{"password": "correct horse"}' + b"]" * 5000,
        b'{"name": "correct horse"}',
        b'"password"',
        b'["password"]',
        b'{"a":' * 30 + b'{"password": "correct horse"}' + b"}" * 30,
    ],
)
def test_body_that_is_no_small_object_is_not_looked_into(body: bytes) -> None:
    assert request(body=body) == ()


FILLING = "y" * 70_000
# As in an argument of a program, and with what is found but is no member.
FALSE = {"note": 'no "password" here', "old_password": 7, "x" * 200 + "token": "kept!!"}


@pytest.mark.parametrize("indent", [None, 2])
def test_members_of_a_large_body_that_are_named_like_secrets_are_hidden(
    indent: int | None,
) -> None:
    body = {
        "filling": FILLING,
        "password": "correct hörse",
        **FALSE,
        "hooks": [{"Client_Secret": 'whsec"1234', "secrets": ["whsec_5678", 7]}],
        "x-api-key": "key_1234",
        "apiKey": "key_5678",
        "credentials": [f"cred_{number:06}" for number in range(300)],
        "token": "z" * 2000,
        "filling again": FILLING,
        "passwd": "at the end",
    }
    found = request(body=json.dumps(body, ensure_ascii=False, indent=indent).encode())
    few = {each for each in found if not each.startswith("cred_")}
    assert few == {
        *("correct hörse", 'whsec"1234', "whsec_5678", "key_1234", "key_5678", "z" * 2000),
        *("at the end", "kept!!"),
    }
    assert len(found) - len(few) == 300


def test_large_body_is_searched_for_so_many_names_and_no_more() -> None:
    members = ",".join(f'{{"token": "value-{number:06}"}}' for number in range(20_000))
    assert len(request(body=f"[{members}]".encode())) == 10_000


def test_large_body_is_searched_for_fewer_names_if_their_values_are_long() -> None:
    members = ",".join(f'{{"token": "{number:02000}"}}' for number in range(1_000))
    assert len(request(body=f"[{members}]".encode())) == 157  # 64 x 157 is over 10,000


def test_large_body_is_searched_for_so_many_values_and_no_more() -> None:
    tokens = [[f"{at:03}-{number:02}" for number in range(70)] for at in range(500)]
    assert len(request(body=json.dumps([{"tokens": each} for each in tokens]).encode())) == 10_000


@pytest.mark.parametrize("end", [b'"token', b'"token"', b'"token":', b'"token": "', b"token", b"["])
def test_large_body_that_breaks_off_is_searched_as_far_as_it_goes(end: bytes) -> None:
    body = b'{"a": "' + FILLING.encode() + b'", "token": "correct horse", ' + end
    assert request(body=body) == ("correct horse",)


def test_parameters_that_sign_a_url_are_hidden() -> None:
    url = f"{URL}?page=123456&X-Amz-Signature=abcdef%2F12&sig=fedcba&access_token=123456789"
    assert request(url=url) == ("123456789", "abcdef/12", "fedcba")


# How it is found.


@pytest.mark.parametrize(
    "echo",
    [
        KEY,
        quote(KEY, safe=""),
        quote(KEY, safe="").lower(),
        json.dumps(KEY).replace("/", "\\/"),
        KEY.replace("+", "\\u002B").replace("=", "\\u003d"),
        KEY.replace("+", "&#43;").replace("=", "&#x3D;"),
        KEY.replace("-", "%2D").replace("_", "&#95;").replace(".", "\\u002e"),
    ],
)
def test_credential_is_found_in_every_spelling(echo: str) -> None:
    secrets = request(("Authorization", f"Bearer {KEY}"))
    assert without(f"the key {echo}, twice: {echo}", secrets).count(HIDDEN) == 2
    answer = Response(401, Headers((("X-Echo", echo),)), f"bad {echo}!".encode())
    clean = clean_response(answer, secrets)
    assert HIDDEN in clean.headers["x-echo"]
    assert clean.body.startswith(b"bad ")
    assert clean.body.endswith(b"!")
    assert b"0123" not in clean.body


printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=6, max_size=40)


@given(printable, st.sampled_from(["plain", "url", "json", "html"]))
def test_credential_of_any_characters_is_found(key: str, how: str) -> None:
    echo = {
        "plain": key,
        "url": quote(key, safe=""),
        "json": json.dumps(key)[1:-1],
        "html": html.escape(key),
    }[how]
    cleaned = without(f"<{echo}>", (key,))
    assert cleaned == f"<{HIDDEN}>"


@given(st.binary(max_size=200), printable)
def test_answer_without_the_credential_stays_the_same_object(body: bytes, key: str) -> None:
    key = key + "".join(letter for letter in string.ascii_letters if letter.encode() not in body)
    if key.encode() in body:
        return
    answer = Response(400, Headers((("A", "b"),)), body)
    if clean_response(answer, (key,)) is not answer:
        # Spelled by chance as one of the escapes would.
        assert any(mark in body for mark in (b"%", b"\\", b"&", b"+"))


def test_bytes_around_a_credential_are_kept_whatever_they_are() -> None:
    body = b"\xff\xfe" + "schlüssel-ключ".encode() + b"\x00"
    clean = clean_response(Response(400, Headers(), body), ("schlüssel-ключ",))
    assert clean.body == b"\xff\xfe" + HIDDEN.encode() + b"\x00"


@pytest.mark.parametrize(
    "echo",
    [
        "schlüssel-ключ",
        json.dumps("schlüssel-ключ")[1:-1],
        quote("schlüssel-ключ"),
        quote("schlüssel-ключ").lower(),
    ],
)
def test_credential_beyond_ascii_is_found_in_an_answer_in_every_spelling(echo: str) -> None:
    clean = clean_response(Response(400, Headers(), f"<{echo}>".encode()), ("schlüssel-ключ",))
    assert clean.body == f"<{HIDDEN}>".encode()


def test_half_a_surrogate_pair_in_a_body_of_the_callers_does_no_harm() -> None:
    secrets = request(body=b'{"password": "abcdef\\ud800"}')
    assert secrets == ("abcdef\ud800",)
    answer = Response(400, Headers(), b'"abcdef\\ud800"')
    assert clean_response(answer, secrets).body == f'"{HIDDEN}"'.encode()


def test_cleaned_answer_keeps_its_facts() -> None:
    answer = Response(429, Headers((("A", KEY),)), b"", URL, "GET", "HTTP/1.0", 2.5, 3)
    clean = clean_response(answer, (KEY,))
    facts = ("status", "body", "url", "method", "http_version", "elapsed", "attempts")
    assert [getattr(clean, name) for name in facts] == [getattr(answer, name) for name in facts]
    assert clean.headers.pairs() == (("A", HIDDEN),)


def test_longer_secrets_are_hidden_before_their_parts() -> None:
    secrets = secrets_in([("Authorization", "Bearer abcdefgh"), ("X-Key", "abcdef")])
    assert without("Bearer abcdefgh", secrets) == HIDDEN


# Messages.


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("see https://u:p@h.example/a", f"see https://{HIDDEN}@h.example/a"),
        ("https://h/a?token=abc&x=1#f", f"https://h/a?token={HIDDEN}&x=1#f"),
        ("at /a?x=1&X-Amz-Signature=ab12", f"at /a?x=1&X-Amz-Signature={HIDDEN}"),
        ("(https://h/?sig=ab%3D)", f"(https://h/?sig={HIDDEN}"),
        ("mail me@h.example; a = b, x=1", "mail me@h.example; a = b, x=1"),
        ("no URL", "no URL"),
        ("https://h/a@b?design=1&page=2", "https://h/a@b?design=1&page=2"),
    ],
)
def test_urls_in_messages_are_shown_without_what_opens_them(said: str, left: str) -> None:
    assert clean_text(said) == left


def test_error_is_cleaned_in_all_it_says() -> None:
    error = QuintetError(
        f"no {KEY}", code=KEY, request_id=f"r-{KEY}", details={"a": [KEY, 1], "b": {"c": KEY}}
    )
    error.__cause__ = ValueError(5, f"line {KEY}")
    error.__cause__.__context__ = OSError(f"inner {KEY}")
    clean_error(error, (KEY,))
    assert (error.message, error.args) == (f"no {HIDDEN}", (f"no {HIDDEN}",))
    assert (error.code, error.request_id) == (HIDDEN, f"r-{HIDDEN}")
    assert error.details == {"a": [HIDDEN, 1], "b": {"c": HIDDEN}}
    assert error.__cause__.args == (5, f"line {HIDDEN}")
    assert str(error.__cause__.__context__) == f"inner {HIDDEN}"


def test_error_without_a_secret_is_left_alone() -> None:
    details = {"a": [1]}
    cause = ValueError("inner")
    error = DecodeError("said", details=details)
    error.args = ("said", 2)
    error.__cause__ = cause
    clean_error(error, (KEY,))
    assert error.details is details
    assert error.args == ("said", 2)
    assert "code" not in vars(error)
    assert cause.args == ("inner",)


def test_chain_of_causes_that_leads_to_itself_ends() -> None:
    error = QuintetError("said")
    error.__cause__ = inner = ValueError(KEY)
    inner.__cause__ = other = ValueError("other")
    other.__cause__ = inner
    clean_error(error, (KEY,))
    assert inner.args == (HIDDEN,)
