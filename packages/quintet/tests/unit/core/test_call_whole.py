"""Answers whose body came with their head: no further effects where none are needed."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from quintet.core.call import call, open_exchange, read_opened
from quintet.core.effects import Close, Read, Send
from quintet.core.headers import Headers
from quintet.errors import BodyTooLarge, DecodeError, StatusError
from quintet.testing import FakeClock

from ..rig import FakeExchange, context, plan


class Whole(FakeExchange):
    def __init__(self, whole: bytes | None, status: int = 200, **headers: str) -> None:
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        super().__init__(status, Headers(pairs))
        self.whole = whole


def run(program: Any, *exchanges: FakeExchange) -> tuple[Any, list[str]]:
    """Play the driver; return the value of the program and the effects it asked for."""
    script = iter(exchanges)
    asked: list[str] = []
    answer: Any = None
    try:
        while True:
            effect = program.send(answer)
            asked.append(type(effect).__name__)
            answer = next(script) if isinstance(effect, Send) else None
            if isinstance(effect, Read):
                answer = b""
    except StopIteration as stop:
        return stop.value, asked


def made(**options: Any) -> Any:
    return call(plan(**options), context(FakeClock()))


def test_small_answer_needs_nothing_but_sending() -> None:
    response, asked = run(made(), Whole(b'{"a":1}', content_length="7"))
    assert (response.status, response.json()) == (200, {"a": 1})
    assert asked == ["Send"]


def test_answer_without_a_body_is_whole_too() -> None:
    response, asked = run(made(), Whole(b"", status=204, content_encoding="gzip"))
    assert response.body == b""
    assert asked == ["Send", "Read", "Close"]
    assert run(made(), Whole(b""))[1] == ["Send"]


def test_compressed_answer_is_decoded_although_it_came_whole() -> None:
    body = gzip.compress(b"x" * 500)
    response, asked = run(made(), Whole(body, content_encoding="gzip"))
    assert response.body == b"x" * 500
    assert asked == ["Send", "Read", "Close"]


@pytest.mark.parametrize("headers", [{}, {"content_length": "1001"}])
def test_whole_answer_is_bound_like_any_other(headers: dict[str, str]) -> None:
    with pytest.raises(BodyTooLarge):
        run(made(limit=1000), Whole(b"x" * 1001, **headers))
    assert len(run(made(limit=1000), Whole(b"x" * 1000))[0].body) == 1000
    assert len(run(made(limit=None), Whole(b"x" * 2000))[0].body) == 2000


def test_whole_answer_that_expands_beyond_the_bound_is_refused() -> None:
    with pytest.raises(BodyTooLarge):
        run(made(limit=1000), Whole(gzip.compress(b"x" * 5000), content_encoding="gzip"))


def test_compressed_whole_that_breaks_off_is_no_answer() -> None:
    broken = gzip.compress(b"x" * 500)[:-4]
    with pytest.raises(DecodeError):
        run(made(), Whole(broken, content_encoding="gzip"))


def test_error_answer_that_came_whole_is_raised_with_its_body() -> None:
    with pytest.raises(StatusError) as caught:
        run(made(), Whole(b'{"message":"no"}', status=404))
    assert caught.value.response.body == b'{"message":"no"}'


def test_exchange_whose_body_is_still_to_come_is_read() -> None:
    response, asked = run(made(), Whole(None))
    assert response.body == b""
    assert asked == ["Send", "Read", "Close"]


def test_opened_answer_that_came_whole_is_read_without_loss() -> None:
    opened, asked = run(open_exchange(plan(), context(FakeClock())), Whole(b"all"))
    assert asked == ["Send"]
    response, asked = run(read_opened(opened))
    assert response.body == b"all"
    assert Close.__name__ in asked
