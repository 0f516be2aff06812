from __future__ import annotations

import json

import pytest

from quintet_server.engines.chat.model import ChatBusy, ChatFailed, ChatRefused, ChatUnavailable
from quintet_server.engines.chat.openai_errors import error_in_stream, error_of


def body(**error: object) -> bytes:
    return json.dumps({"error": error}).encode()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ChatRefused),
        (401, ChatUnavailable),
        (402, ChatUnavailable),
        (403, ChatUnavailable),
        (404, ChatRefused),
        (408, ChatFailed),
        (413, ChatRefused),
        (422, ChatRefused),
        (429, ChatBusy),
        (500, ChatFailed),
        (503, ChatFailed),
        (301, ChatRefused),
    ],
)
def test_status_tells_whose_turn_it_is(status: int, kind: type[Exception]) -> None:
    error = error_of(status, body(message="because"))
    assert type(error) is kind
    assert error.status == status
    assert str(status) in error.message


def test_refusal_repeats_what_the_server_said_but_not_endlessly() -> None:
    assert "because" in error_of(400, body(message="because")).message
    assert len(error_of(400, body(message="x" * 9_999)).message) < 700


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b'"text"', b'{"error": "plain"}', b"\xff"])
def test_body_of_any_kind_makes_an_error(raw: bytes) -> None:
    assert error_of(500, raw).status == 500


def test_refused_key_says_nothing_of_the_key() -> None:
    error = error_of(401, body(message="Incorrect API key provided: sk-abc***xyz"))
    assert "sk-" not in error.message


def test_used_up_quota_is_for_the_operator_not_for_later() -> None:
    assert type(error_of(429, body(code="insufficient_quota"))) is ChatUnavailable


def test_too_long_conversation_is_told_with_numbers() -> None:
    error = error_of(400, body(type="exceed_context_size_error", n_prompt_tokens=9030, n_ctx=4096))
    assert type(error) is ChatRefused
    assert "9030" in error.message
    assert "4096" in error.message


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2.0), ("0.5", 0.5), (None, None), ("soon", None), ("-1", None), ("nan", None)],
)
def test_wait_that_the_server_asks_for_is_kept(header: str | None, seconds: float | None) -> None:
    assert error_of(429, b"", header).retry_after == seconds


def test_error_inside_a_stream_has_the_code_it_names_or_counts_as_a_failure() -> None:
    assert type(error_in_stream({"code": 400, "message": "no"})) is ChatRefused
    assert type(error_in_stream({"code": "odd", "message": "no"})) is ChatFailed
    assert type(error_in_stream("plain text")) is ChatFailed
