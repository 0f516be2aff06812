"""What is known of an answer while it is written."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, strategies as st

from flowmaestro._events import decode
from flowmaestro._turns import Turn
from quintet.core.headers import Headers
from quintet.core.response import Response

PLACE = {"thread_id": "t", "message_id": "m"}


def answer(data: Any, **more: Any) -> Response:
    return Response(200, Headers(), json.dumps({"data": data, **more}).encode())


def token(text: str, sequence: int) -> dict[str, Any]:
    return {"type": "message:token", **PLACE, "token": text, "sequence": sequence}


@given(st.lists(st.text(), max_size=10), st.data())
def test_replayed_tokens_are_shown_once_whatever_is_replayed(
    tokens: list[str], data: st.DataObject
) -> None:
    turn = Turn("t")
    events = [token(text, number) for number, text in enumerate(tokens, 1)]
    cut = data.draw(st.integers(0, len(events)))
    again = data.draw(st.integers(0, cut))
    shown = [event["token"] for event in (*events[:cut], *events[again:]) if turn.note(event)]
    assert shown == tokens


@given(st.lists(st.text(), max_size=10), st.data())
def test_rest_of_a_finished_message_completes_what_was_seen(
    tokens: list[str], data: st.DataObject
) -> None:
    turn, content = Turn("t"), "".join(tokens)
    cut = data.draw(st.integers(0, len(tokens)))
    seen = [token(text, number) for number, text in enumerate(tokens[:cut], 1)]
    assert all(turn.note(event) for event in [{"type": "message:started", **PLACE}, *seen])
    message = {"id": "m", "role": "assistant", "content": content}
    reading: Any = turn.reader_of_messages(lambda number: None)(answer([message]))  # type: ignore[arg-type,return-value]
    rest = [decode(event) for event in reading]
    assert all(turn.note(event) for event in rest)
    text = "".join(event.get("token", "") for event in (*seen, *rest))
    assert text == content
    assert rest[-1]["type"] == "message:completed"
    assert rest[-1]["content"] == content


def test_content_that_does_not_begin_with_what_was_seen_adds_no_token() -> None:
    turn = Turn("t")
    turn.note({"type": "message:started", **PLACE})
    turn.note(token("other", 1))
    reading: Any = turn.read_first(answer({"id": "m", "content": "Hello"}))
    assert [event.event for event in reading] == ["message:completed"]


def test_second_start_is_not_shown() -> None:
    turn = Turn("t")
    assert turn.note({"type": "message:started", **PLACE})
    assert not turn.note({"type": "message:started", **PLACE})
    assert turn.message_id == "m"
