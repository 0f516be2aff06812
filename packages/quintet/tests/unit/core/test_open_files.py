"""Which failures of an import are for want of files, and what is said of them."""

from __future__ import annotations

import errno
import os

import pytest

from quintet.core.open_files import out_of_files


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE])
def test_nothing_was_sent_by_what_could_not_be_loaded(code: int) -> None:
    failure = OSError(code, os.strerror(code), "things.py")
    error = out_of_files(failure)
    assert error is not None
    assert (error.progress, error.repeatable, error.__cause__) == (0, True, failure)
    assert error.message.endswith("or raise the limit (ulimit -n)")


def test_library_that_cannot_be_opened_for_want_of_files_is_known_by_its_text() -> None:
    failure = ImportError("_ssl.so: cannot open shared object file: Too many open files")
    assert out_of_files(failure) is not None


def test_other_failures_of_an_import_are_not_for_want_of_files() -> None:
    assert out_of_files(OSError(errno.ENOENT, "no such file")) is None
    assert out_of_files(ImportError("no module named things")) is None
