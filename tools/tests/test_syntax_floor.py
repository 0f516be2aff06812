"""What is too new for a floor, and what may be used because the code asks first."""

from __future__ import annotations

import pytest

from tools.syntax_floor import too_new, violations
from tools.tests.conftest import Write


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import tomllib", "tomllib is new in 3.11"),
        ("from typing import Self", "typing.Self is new in 3.11"),
        ("import typing as t\nx: t.Never", "typing.Never is new in 3.11"),
        ("import asyncio\nasyncio.timeout(1)", "asyncio.timeout is new in 3.11"),
        ("import datetime\ndatetime.UTC", "datetime.UTC is new in 3.11"),
        ("raise ExceptionGroup('x', [])", "ExceptionGroup is new in 3.11"),
        ("error.add_note('x')", "add_note is new in 3.11"),
        ("from itertools import batched", "itertools.batched is new in 3.12"),
        ("try:\n    pass\nexcept* E:\n    pass", "syntax"),
        ("def f[T](x: T): ...", "syntax"),
        ("type X = int", "syntax"),
    ],
)
def test_newer_name_or_syntax_is_found(source: str, found: str) -> None:
    assert any(found in reason for _, reason in too_new(source, (3, 10)))


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nif sys.version_info >= (3, 11):\n    import tomllib\nelse:\n    x = 1",
        "try:\n    import tomllib\nexcept ImportError:\n    tomllib = None",
        "from asyncio import wait_for",
        "compression = 1\nprint(compression)",
        "match x:\n    case 1: pass",
        "class Self: ...\nx = Self()",
        "import demo\ndemo.timeout(1)",
    ],
)
def test_guarded_or_older_name_passes(source: str) -> None:
    assert too_new(source, (3, 10)) == []


def test_floor_of_the_package_decides(package: Write) -> None:
    package("old", {"old/__init__.py": "x = 1\nimport tomllib\n"}, floor="3.10")
    root = package("new", {"new/__init__.py": "import tomllib\n"}, floor="3.11")
    assert violations(root) == [
        "packages/old/src/old/__init__.py:2: tomllib is new in 3.11 (this package runs on 3.10)"
    ]
