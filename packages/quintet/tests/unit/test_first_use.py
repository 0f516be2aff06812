"""Resources that are made when first asked for, and what is said if they cannot be loaded."""

from __future__ import annotations

import errno
import os
import threading
from functools import cached_property
from typing import Any

import pytest

from quintet.errors import ConnectionFailure, QuintetError
from quintet.first_use import resource


class OwnError(ConnectionFailure):
    """Stands for an SDK's."""


def adopt(error: QuintetError) -> QuintetError:
    return OwnError(error.message)


class Client:
    _adopt = staticmethod(adopt)
    failure: Exception | None = None

    @resource
    def things(self) -> list[int]:
        """What there is."""
        if self.failure is not None:
            raise self.failure
        return []


def full(code: int) -> OSError:
    return OSError(code, os.strerror(code), "things.py")


def test_resource_is_made_once_for_each_client() -> None:
    first, second = Client(), Client()
    assert first.things is first.things
    assert first.things is not second.things
    assert Client.things.__doc__ == "What there is."


@pytest.mark.parametrize("kept_by", [resource, cached_property])
def test_subclass_puts_its_own_in_the_place_of_a_resource(kept_by: Any) -> None:
    class Own(Client):
        @kept_by
        def things(self) -> Any:
            return {"of": super().things}

    client = Own()
    assert client.things is client.things
    assert client.things == {"of": []}


def test_threads_that_ask_first_at_once_all_get_the_same() -> None:
    both = threading.Barrier(2)

    class Slow(Client):
        @resource
        def things(self) -> list[int]:
            both.wait()
            return []

    client, got = Slow(), []
    threads = [threading.Thread(target=lambda: got.append(client.things)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got[0] is got[1] is client.things


@pytest.mark.parametrize(
    "failure",
    [
        full(errno.EMFILE),
        full(errno.ENFILE),
        ImportError("_ssl.so: cannot open shared object file: Too many open files"),
    ],
)
def test_resource_that_cannot_be_loaded_for_want_of_files_is_an_error_of_the_sdk(
    failure: Exception,
) -> None:
    client = Client()
    client.failure = failure
    with pytest.raises(OwnError, match=r"too many open files; close .* \(ulimit -n\)") as caught:
        _ = client.things
    assert caught.value.__cause__ is failure
    client.failure = None
    assert client.things == []


@pytest.mark.parametrize("failure", [full(errno.EACCES), ImportError("no module named things")])
def test_other_failures_of_an_import_stay_what_they_are(failure: Exception) -> None:
    client = Client()
    client.failure = failure
    with pytest.raises(type(failure)) as caught:
        _ = client.things
    assert caught.value is failure
