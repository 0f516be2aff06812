"""The tree of errors: its shape as drawn, its builtin bases, and its way through a pickle."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from quintet import errors
from quintet.core.headers import Headers
from quintet.core.response import Response
from quintet.errors import QuintetError, StatusError, TimeoutFailure

CLASSES = [getattr(errors, name) for name in errors.__all__]


def test_tree_is_as_drawn_at_the_top_of_the_module() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^ {4}([│├└─ ]*)([A-Z]\w+)", line)
        if match:
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            drawn[match[2]] = path[depth - 1] if depth else "Exception"
    actual = {
        cls.__name__: next(
            base.__name__
            for base in cls.__bases__
            if base.__module__ in (errors.__name__, "builtins")
        )
        for cls in CLASSES
    }
    assert drawn == actual


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.MisuseError, ValueError),
        (errors.ConfigurationError, ValueError),
        (errors.ConnectionFailure, ConnectionError),
        (errors.TimeoutFailure, TimeoutError),
        (errors.DecodeError, ValueError),
        (errors.BodyTooLarge, ValueError),
        (errors.StreamIdleTimeout, TimeoutError),
        (errors.PollTimeout, TimeoutError),
    ],
)
def test_builtin_handlers_catch_what_they_should(
    kind: type[QuintetError], builtin: type[Exception]
) -> None:
    assert issubclass(kind, builtin)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_made_from_a_message_and_fields(kind: type[QuintetError]) -> None:
    error = kind("what happened", status=404, attempts=2, extra="x")
    assert str(error) == error.message == "what happened"
    assert (error.status, error.attempts, error.extra) == (404, 2, "x")  # type: ignore[attr-defined]
    assert (error.code, error.request_id) == ("", "")
    assert (error.retry_after, error.response) == (None, None)
    assert not error.outcome_unknown
    assert str(kind()) == ""


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_survives_a_pickle_and_a_copy(kind: type[QuintetError]) -> None:
    response = Response(503, Headers([("X-Request-Id", "r1")]), b"busy")
    error = kind("busy", status=503, retry_after=1.5, response=response, phase="read")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert str(again) == "busy"
        assert (again.status, again.retry_after) == (503, 1.5)
        assert again.response.headers["x-request-id"] == "r1"
        assert again.response.body == b"busy"


def test_subclass_with_arguments_of_its_own_survives_a_pickle() -> None:
    error = Peculiar(3, reason="x")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is Peculiar
    assert (again.count, str(again)) == (3, "3 times x")


class Peculiar(StatusError, ConnectionError):
    def __init__(self, count: int, *, reason: str) -> None:
        super().__init__(f"{count} times {reason}")
        self.count = count


def test_timeout_keeps_its_phase_through_a_pickle() -> None:
    error = pickle.loads(pickle.dumps(TimeoutFailure("late", phase="connect", seconds=3.0)))
    assert (error.phase, error.seconds) == ("connect", 3.0)


def test_message_of_a_builtin_base_does_not_replace_ours() -> None:
    assert str(errors.ConnectionFailure("could not connect")) == "could not connect"
    assert repr(errors.MisuseError("no")) == "MisuseError('no')"
