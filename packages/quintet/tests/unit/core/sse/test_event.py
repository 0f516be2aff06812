"""One event."""

from __future__ import annotations

import pytest

from quintet.core.sse import ServerSentEvent
from quintet.errors import DecodeError


def test_event_has_the_defaults_of_the_standard() -> None:
    assert ServerSentEvent() == ServerSentEvent("message", "", "", None)


def test_event_data_is_read_as_json() -> None:
    assert ServerSentEvent(data='{"a":\n1}').json() == {"a": 1}


@pytest.mark.parametrize("data", ["", "hunter2", "[" * 99_999])
def test_event_data_that_is_no_json_is_an_error_without_the_data(data: str) -> None:
    with pytest.raises(DecodeError, match="'tick' with id '7'") as caught:
        ServerSentEvent("tick", data, "7").json()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is not None
