"""The package as a whole: what it exports and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import flowmaestro

MODULES = ("errors", "resources", "responses", "types", "webhooks")


@pytest.mark.parametrize("name", MODULES)
def test_public_module_is_reached_as_an_attribute(name: str) -> None:
    check = f"import flowmaestro; print(flowmaestro.{name}.__name__, {name!r} in dir(flowmaestro))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"flowmaestro.{name}", "True"]


def test_every_public_name_is_there_under_its_public_path() -> None:
    assert sorted(flowmaestro.__all__) == flowmaestro.__all__
    assert set(dir(flowmaestro)) == {*flowmaestro.__all__, *MODULES}
    for name in flowmaestro.__all__:
        value = getattr(flowmaestro, name)
        if name != "__version__":
            assert value.__module__ == "flowmaestro"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = flowmaestro.nothing


def test_version_is_the_distributions() -> None:
    assert flowmaestro.__version__ == version("flowmaestro")


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import flowmaestro", ("asyncio", "httpx", "httpcore", "quintet", "json")),
        (
            "from flowmaestro import FlowMaestroClient; FlowMaestroClient('k')",
            ("asyncio", "httpx", "httpcore", "pydantic", "rich"),
        ),
        ("from flowmaestro import verify_webhook", ("asyncio", "httpx", "httpcore")),
        ("import flowmaestro.cli.arguments", ("asyncio", "httpx", "quintet")),
    ],
)
def test_importing_pulls_in_no_more_than_it_needs(statement: str, absent: tuple[str, ...]) -> None:
    check = f"{statement}; import sys; print([m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_package_is_marked_as_typed() -> None:
    assert (Path(flowmaestro.__file__).parent / "py.typed").is_file()


def test_collectors_of_tests_find_nothing_in_the_package(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from flowmaestro import *\n"
        "from flowmaestro.types import *\n"
        "from flowmaestro._sync.webhooks import *\n"
    )
    options = ("-q", "--collect-only", "-p", "no:cacheprovider", "-p", "no:randomly")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert "no tests" in done.stdout
