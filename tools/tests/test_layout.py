"""Packages, floors and checker commands come from looking at the folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.editables import editables
from tools.layout import ROOT, packages
from tools.tests.conftest import Write
from tools.type_check import mypy_runs, pyright_runs


@pytest.fixture
def root(package: Write, repository: Write) -> Path:
    package("sdk", {"sdk/__init__.py": "", "sdk/py.typed": "", "sdk/a/b.py": ""}, floor="3.10")
    repository({"packages/sdk/tests/typing/calls.py": "", "tools/x.py": ""})
    return package("server", {"server/__init__.py": ""}, floor="3.11")


def test_packages_are_found_with_their_facts(root: Path) -> None:
    sdk, server = packages(root)
    assert (sdk.dist, sdk.import_name, sdk.floor, sdk.is_typed) == ("sdk", "sdk", (3, 10), True)
    assert (server.floor, server.is_typed) == ((3, 11), False)
    assert set(sdk.modules()) == {"sdk", "sdk.a.b"}


def test_folder_without_sources_is_no_package(root: Path, repository: Write) -> None:
    repository({"packages/later/pyproject.toml": "[project]\nname = 'later'\n"})
    assert [package.dist for package in packages(root)] == ["sdk", "server"]


def test_mypy_runs_once_per_floor_and_once_per_folder_of_samples(root: Path) -> None:
    assert [command[4:] for command in mypy_runs(root)] == [
        ["--python-version", "3.10", "packages/sdk/src"],
        ["--python-version", "3.10", "packages/sdk/tests/typing/calls.py"],
        ["--python-version", "3.11", "packages/server/src", "tools"],
    ]


def test_mypy_runs_share_no_cache(root: Path) -> None:
    caches = [command[3] for command in mypy_runs(root)]
    assert len(set(caches)) == len(caches)


def test_pyright_runs_on_typed_packages_only(root: Path) -> None:
    assert [command[3:] for command in pyright_runs(root)] == [
        ["--pythonversion", "3.10", "packages/sdk/src", "packages/sdk/tests/typing"]
    ]


def test_editables_name_extras_and_respect_an_interpreter(root: Path) -> None:
    project = root / "packages/sdk/pyproject.toml"
    project.write_text(project.read_text() + "[project.optional-dependencies]\nb = []\na = []\n")
    assert editables(root) == ["--editable=packages/sdk[a,b]", "--editable=packages/server"]
    assert editables(root, (3, 10)) == ["--editable=packages/sdk[a,b]"]


@pytest.mark.parametrize("script", sorted((ROOT / "scripts").iterdir()), ids=lambda path: path.name)
def test_script_is_short_executable_and_strict(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert script.stat().st_mode & 0o111
    assert len(text.splitlines()) < 40
    assert text.startswith("#!/usr/bin/env bash\n# ")
    assert "\nset -euo pipefail\n" in text
