"""A small repository in a temporary folder, for gates to look at."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def repository(tmp_path: Path) -> Write:
    """A function that writes files, by path and dedented text, and returns the root."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def package(repository: Write) -> Write:
    """A function that writes one package: its pyproject and modules by path below `src`."""

    def write(
        dist: str,
        modules: dict[str, str],
        *,
        floor: str = "3.10",
        depends: tuple[str, ...] = (),
        version: str = "1.0.0",
    ) -> Path:
        listed = ", ".join(f'"{name}"' for name in depends)
        project = (
            f'[project]\nname = "{dist}"\nversion = "{version}"\n'
            f'requires-python = ">={floor}"\ndependencies = [{listed}]\n'
        )
        files = {f"packages/{dist}/pyproject.toml": project}
        for name, text in modules.items():
            files[f"packages/{dist}/src/{name}"] = text
        return repository(files)

    return write
