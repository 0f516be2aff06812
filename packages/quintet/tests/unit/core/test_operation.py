"""What an SDK says of its service, and what it need not say."""

from __future__ import annotations

from quintet import Operation, RetryClass, Service
from quintet.core.headers import Headers
from quintet.core.response import Response
from quintet.errors import MisuseError, StatusError


def test_operation_succeeds_with_every_2xx_or_with_what_it_names() -> None:
    plain = Operation("x", "GET", "/", RetryClass.SAFE)
    assert [plain.succeeded(status) for status in (199, 200, 299, 300)] == [
        False,
        True,
        True,
        False,
    ]
    named = Operation("x", "GET", "/", RetryClass.SAFE, frozenset({200, 404}))
    assert [named.succeeded(status) for status in (200, 201, 404)] == [True, False, True]


def test_service_that_says_nothing_gets_plain_errors() -> None:
    service = Service(name="x", user_agent="x")
    response = Response(404, Headers(), b"")
    error = service.status_error(response, Operation("jobs.get", "GET", "/", RetryClass.SAFE))
    assert isinstance(error, StatusError)
    assert str(error) == "jobs.get: the server answered 404"
    moved = Response(302, Headers({"Location": "/in?a=b"}), b"", "https://h/x?y", "GET")
    error = service.status_error(moved, Operation("jobs.get", "GET", "/", RetryClass.SAFE))
    assert str(error) == (
        "jobs.get: GET https://h/x answered 302; redirects are not followed; the location is /in"
    )
    misuse = MisuseError("no")
    assert service.adopt(misuse) is misuse
    assert service.is_final(response) is False


def test_operation_with_another_word_on_repeats_is_another_operation() -> None:
    safe = Operation("x", "GET", "/", RetryClass.SAFE)
    assert safe.with_retry(RetryClass.NEVER) == Operation("x", "GET", "/", RetryClass.NEVER)
    assert safe.with_retry(RetryClass.SAFE) is safe
