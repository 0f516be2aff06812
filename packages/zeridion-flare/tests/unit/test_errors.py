"""The error tree: one base, the documented names, the built-ins, pickling."""

from __future__ import annotations

import inspect
import pickle

import pytest

from quintet import errors as runtime
from zeridion_flare import errors
from zeridion_flare.errors import FlareError, adopt

CLASSES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_exception_is_a_flare_error(kind: type[FlareError]) -> None:
    error = kind("sentence")
    assert isinstance(error, FlareError)
    assert isinstance(error, runtime.QuintetError)
    assert error.status_code == 0
    assert error.code
    assert error.request_id == ""
    assert str(error) == "sentence"


def runtime_classes() -> list[type[runtime.QuintetError]]:
    return [
        kind
        for _, kind in inspect.getmembers(runtime, inspect.isclass)
        if issubclass(kind, runtime.QuintetError)
    ]


@pytest.mark.parametrize("kind", runtime_classes())
def test_every_runtime_error_is_adopted_with_all_it_knows(
    kind: type[runtime.QuintetError],
) -> None:
    original = kind("sentence", attempts=3, retry_after=1.5, request_id="r", status=200)
    cause = ValueError("why")
    original.__cause__ = cause
    found = adopt(original)
    assert isinstance(found, FlareError)
    assert (found.message, found.attempts, found.retry_after) == ("sentence", 3, 1.5)
    assert (found.request_id, found.status_code) == ("r", 200)
    assert found.__cause__ is cause
    builtins = {c for c in kind.__mro__ if c.__module__ == "builtins"}
    assert builtins <= set(type(found).__mro__)
    assert adopt(found) is found


def test_adopting_keeps_defaults_for_what_is_unknown() -> None:
    found = adopt(runtime.ConnectionFailure("x", code=None, request_id=None))
    assert (found.code, found.request_id) == ("connection_error", "")


@pytest.mark.parametrize("kind", CLASSES)
def test_errors_survive_pickling(kind: type[FlareError]) -> None:
    error = kind("sentence", "the_code", "the_id", 418, details=[1])
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert repr(copy) == repr(error)
    assert copy.details == [1]


def test_older_positional_form_still_works() -> None:
    error = FlareError("message", "code", "id", 500)
    assert (error.message, error.code, error.request_id, error.status_code) == (
        "message",
        "code",
        "id",
        500,
    )
