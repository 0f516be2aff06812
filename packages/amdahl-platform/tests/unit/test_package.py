"""The package as a whole: what it exports and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest

import amdahl

MODULES = ("aio", "errors", "page", "resources", "responses", "results", "types", "webhooks")


@pytest.mark.parametrize("name", MODULES)
def test_public_module_is_reached_as_an_attribute(name: str) -> None:
    check = f"import amdahl; print(amdahl.{name}.__name__, {name!r} in dir(amdahl))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"amdahl.{name}", "True"]


def test_every_public_name_is_there_under_its_public_path() -> None:
    assert sorted({*amdahl.__all__, *MODULES}) == dir(amdahl)
    for name in amdahl.__all__:
        value = getattr(amdahl, name)
        if name not in {"__version__", "TERMINAL"}:
            assert value.__module__ == "amdahl"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = amdahl.nothing


def test_version_and_dependencies_are_the_distributions() -> None:
    assert amdahl.__version__ == version("amdahl-platform")
    needed = [each for each in requires("amdahl-platform") or [] if "extra" not in each]
    assert needed == ["quintet==0.1.0"]


HEAVY = ("asyncio", "httpx", "httpcore", "ssl", "pandas", "pyarrow", "pydantic", "requests")


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import amdahl", (*HEAVY, "quintet", "json")),
        ("from amdahl import AmdahlClient; AmdahlClient('https://a.example', 'k')", HEAVY),
        (
            "from amdahl import *; AmdahlError(404, 'not_found', 'x')",
            ("httpx", "pandas", "pydantic"),
        ),
        ("from amdahl import webhooks; webhooks.verify", HEAVY),
        ("from amdahl import page; page.page('x', page.Divider())", HEAVY),
    ],
)
def test_importing_pulls_in_no_more_than_it_needs(statement: str, absent: tuple[str, ...]) -> None:
    check = f"{statement}; import sys; print([m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_package_is_marked_as_typed() -> None:
    assert (Path(amdahl.__file__).parent / "py.typed").is_file()


def test_blocking_and_asyncio_functions_have_the_same_names() -> None:
    from amdahl import aio

    for name in aio.__all__:
        assert hasattr(amdahl, name)
