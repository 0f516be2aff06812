"""The check that finds a credential where it does not belong."""

from __future__ import annotations

import base64

import pytest

from quintet.testing import check_secret_hygiene

SECRET = "sk-0123456789"


class Careless:
    def __init__(self, value: str) -> None:
        self.value = value


class Loud(Careless):
    def __repr__(self) -> str:
        return f"Loud({self.value})"


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    "thing",
    [
        f"text {SECRET}",
        Loud(SECRET),
        Careless(SECRET),  # in its pickle
        raised(ValueError(f"bad key {SECRET}")),
        {"Authorization": f"Bearer {SECRET}"},
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        base64.b64encode(f"u:{SECRET}".encode()).decode(),
        base64.b64encode(f":{SECRET}!".encode()).decode(),
    ],
)
def test_secret_that_shows_is_found_and_not_repeated(thing: object) -> None:
    with pytest.raises(AssertionError) as caught:
        check_secret_hygiene(SECRET, thing)
    assert SECRET not in str(caught.value)


def test_secret_in_a_cause_or_an_attribute_is_found() -> None:
    def chain() -> Exception:
        try:
            try:
                raise ValueError(SECRET)
            except ValueError as inner:
                raise RuntimeError("outer") from inner
        except RuntimeError as outer:
            return outer

    with pytest.raises(AssertionError, match="traceback"):
        check_secret_hygiene(SECRET, chain())
    error = RuntimeError("x")
    error.token = SECRET  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="attributes"):
        check_secret_hygiene(SECRET, error)


def test_what_does_not_show_the_secret_passes() -> None:
    check_secret_hygiene(SECRET, "other", 3, ValueError("x"), lambda: SECRET, [None])


def test_secret_is_found_percent_encoded() -> None:
    with pytest.raises(AssertionError):
        check_secret_hygiene("a/b+c", "https://x/?key=a%2Fb%2Bc")
