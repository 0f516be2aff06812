"""The tree of errors, and its place in the runtime's."""

from __future__ import annotations

import pickle

import pytest

from ghostflow import errors
from ghostflow._error_map import adopt
from ghostflow.errors import GhostFlowError
from quintet import errors as runtime

OURS = [getattr(errors, name) for name in errors.__all__]


def test_error_is_made_as_in_the_guide() -> None:
    error = GhostFlowError("NOT_FOUND", "Campaign not found", 404)
    same = GhostFlowError(code="NOT_FOUND", message="Campaign not found", status=404)
    assert str(error) == str(same) == error.message == "Campaign not found"
    assert (error.code, error.status, error.status_code) == ("NOT_FOUND", 404, 404)
    assert (error.request_id, error.details, error.rate_limit, error.body) == ("", None, None, None)
    assert (error.method, error.url, error.attempts, len(error.headers)) == ("", "", 0, 0)
    assert repr(error) == (
        "GhostFlowError(code='NOT_FOUND', message='Campaign not found', status=404, request_id='')"
    )
    assert "request_id='req_1'" in repr(GhostFlowError("X", "m", 400, request_id="req_1"))


@pytest.mark.parametrize("kind", OURS)
def test_every_error_can_be_made_and_survives_a_pickle(kind: type[GhostFlowError]) -> None:
    error = kind("X", "m", 400)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.code, again.message, again.status) == ("X", "m", 400)
    assert isinstance(error, runtime.QuintetError)


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (errors.APIConnectionError, ConnectionError),
        (errors.APITimeoutError, TimeoutError),
        (errors.ConfigurationError, ValueError),
        (errors.MisuseError, ValueError),
        (errors.InvalidResponseError, ValueError),
        (errors.RateLimitedError, runtime.StatusError),
        (errors.WebhookVerificationError, runtime.WebhookError),
    ],
)
def test_built_in_and_runtime_classes_are_kept(kind: type, base: type) -> None:
    assert issubclass(kind, base)


RUNTIME = [getattr(runtime, name) for name in runtime.__all__]


@pytest.mark.parametrize("kind", RUNTIME)
def test_every_error_of_the_runtime_has_a_place(kind: type[runtime.QuintetError]) -> None:
    adopted = adopt(kind("what happened"))
    assert isinstance(adopted, GhostFlowError)
    assert adopted.message == "what happened"
    assert adopted.code
    assert adopt(adopted) is adopted


@pytest.mark.parametrize(
    ("kind", "status", "passing"),
    [
        (errors.RateLimitedError, 429, True),
        (errors.ServerError, 503, True),
        (errors.ServerError, 501, False),
        (errors.APIConnectionError, 0, True),
        (errors.ProtocolError, 0, False),
        (errors.NotFoundError, 404, False),
    ],
)
def test_error_says_whether_it_passes(
    kind: type[GhostFlowError], status: int, passing: bool
) -> None:
    assert kind("X", "m", status).is_retryable is passing
