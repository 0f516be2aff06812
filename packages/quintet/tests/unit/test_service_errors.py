"""What the error classes of all SDKs have in common."""

from __future__ import annotations

import pickle

import pytest

from quintet import errors as runtime
from quintet.service_errors import ServiceError, adopt_as


class ExampleError(ServiceError):
    pass


class ExampleConnectionError(ExampleError, runtime.ConnectionFailure):
    _passing = True
    code = "connection_error"


OWN: dict[type[runtime.QuintetError], type[ExampleError]] = {
    runtime.QuintetError: ExampleError,
    runtime.ConnectionFailure: ExampleConnectionError,
}


def test_error_holds_what_it_was_given() -> None:
    error = ExampleError("gone", "not_found", "req-1", 404, details={"a": 1})
    assert (error.message, error.code, error.request_id) == ("gone", "not_found", "req-1")
    assert (error.status_code, error.status, error.details) == (404, 404, {"a": 1})
    assert repr(error) == (
        "ExampleError(status_code=404, code='not_found', request_id='req-1', message='gone')"
    )
    again = pickle.loads(pickle.dumps(error))
    assert repr(again) == repr(error)


def test_error_without_anything_has_the_defaults_of_its_class() -> None:
    assert (ExampleError().code, ExampleError().status_code) == ("unknown", 0)
    assert ExampleConnectionError().code == "connection_error"


def test_class_says_whether_its_errors_pass() -> None:
    assert not ExampleError().is_retryable
    assert ExampleConnectionError().is_retryable


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (runtime.ConnectionFailure("x", progress=1), ExampleConnectionError),
        (runtime.DecodeError("x", status=200), ExampleError),
    ],
)
def test_error_of_the_runtime_is_adopted_with_all_it_knows(
    error: runtime.QuintetError, kind: type
) -> None:
    error.__cause__ = KeyError("why")
    adopted = adopt_as(error, ExampleError, OWN)
    assert type(adopted) is kind
    known = {**vars(error)}
    assert {name: vars(adopted)[name] for name in known} == known
    assert adopted.__cause__ is error.__cause__
    assert adopt_as(adopted, ExampleError, OWN) is adopted
