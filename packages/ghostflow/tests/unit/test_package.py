"""The package as a whole: what it exports and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest

import ghostflow
from ghostflow import types

MODULES = ("errors", "pages", "postbacks", "resources", "responses", "types", "webhooks")


@pytest.mark.parametrize("name", MODULES)
def test_public_module_is_reached_as_an_attribute(name: str) -> None:
    check = f"import ghostflow; print(ghostflow.{name}.__name__, {name!r} in dir(ghostflow))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"ghostflow.{name}", "True"]


def test_every_public_name_is_there_under_its_public_path() -> None:
    assert sorted({*ghostflow.__all__, *MODULES}) == dir(ghostflow)
    for name in ghostflow.__all__:
        value = getattr(ghostflow, name)
        if name != "__version__":
            assert value.__module__ == "ghostflow"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ghostflow.nothing
    assert all(hasattr(types, name) for name in types.__all__)


def test_version_and_dependencies_are_the_distributions() -> None:
    assert ghostflow.__version__ == version("ghostflow")
    needed = [each for each in requires("ghostflow") or [] if "extra" not in each]
    assert needed == ["quintet==0.1.0"]


HEAVY = ("asyncio", "httpx", "httpcore", "ssl", "pydantic", "requests", "typing_extensions")


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import ghostflow", (*HEAVY, "quintet", "json")),
        ("from ghostflow import GhostFlowClient; GhostFlowClient('gf_k')", HEAVY),
        ("from ghostflow import webhooks, postbacks; webhooks.verify_webhook", HEAVY),
    ],
)
def test_importing_pulls_in_no_more_than_it_needs(statement: str, absent: tuple[str, ...]) -> None:
    check = f"{statement}; import sys; print([m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_package_is_marked_as_typed() -> None:
    assert (Path(ghostflow.__file__).parent / "py.typed").is_file()
