"""The surface of a package as text, and what happens when it is not the reviewed one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.exports import main, violations, write
from tools.layout import packages
from tools.surface import surface
from tools.tests.conftest import Write

ROOT_MODULE = """
from exportdemo.errors import DemoError

__all__ = ["Client", "DemoError", "LIMIT", "State", "Thing", "connect"]

LIMIT = 3


import functools


class _Hidden:
    def inherited(self, x: int = 1) -> str: ...


class Client(_Hidden):
    name: str

    def __init__(self, url: str, *, timeout: float | None = None) -> None: ...

    def get(self, key: str, /, *rest: int, default: object = None, **more: str) -> bytes: ...

    @property
    def closed(self) -> bool: ...

    @functools.cached_property
    def things(self) -> list[Thing]: ...

    @classmethod
    def of(cls) -> Client: ...

    def _private(self) -> None: ...


def connect(url: str) -> Client: ...


async def gone() -> None: ...


import enum, typing


class State(enum.Enum):
    ON = "on"


class Thing(typing.TypedDict, total=False):
    id: typing.Required[str]
    tags: list[str]
"""


@pytest.fixture
def root(package: Write, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A typed package on the import path."""
    modules = {
        "exportdemo/__init__.py": "from __future__ import annotations\n" + ROOT_MODULE,
        "exportdemo/errors.py": '__all__ = ["DemoError"]\n\n\nclass DemoError(Exception): ...\n',
        "exportdemo/_hidden.py": '__all__ = ["nothing"]\n',
        "exportdemo/py.typed": "",
    }
    root = package("exportdemo", modules, floor="3.11")
    monkeypatch.syspath_prepend(str(root / "packages/exportdemo/src"))
    forget()
    yield root
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "exportdemo"]:
        del sys.modules[name]


def test_surface_tells_kinds_signatures_and_values(root: Path) -> None:
    lines = surface(packages(root)[0])
    assert lines == [
        "exportdemo.Client: class(_Hidden) (url: str, *, timeout: float | None = None)",
        "exportdemo.Client.closed: bool (property)",
        "exportdemo.Client.get(key: str, /, *rest: int, default: object = None, **more: str)"
        " -> bytes",
        "exportdemo.Client.inherited(x: int = 1) -> str",
        "exportdemo.Client.of() -> Client classmethod",
        "exportdemo.Client.things: list[Thing]",
        "exportdemo.Client.name: str",
        "exportdemo.DemoError: class(Exception)",
        "exportdemo.LIMIT: 3",
        "exportdemo.State: class(Enum)",
        "exportdemo.State.ON = 'on'",
        "exportdemo.Thing: TypedDict",
        "exportdemo.Thing['id']: typing.Required[str]",
        "exportdemo.Thing['tags']: list[str] (may be absent)",
        "exportdemo.connect(url: str) -> Client",
        "exportdemo.errors.DemoError = exportdemo.DemoError",
    ]


def test_reviewed_surface_passes(root: Path) -> None:
    write(root)
    assert violations(root) == []


def test_write_leaves_an_unchanged_list_alone(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--write"], root) == 0
    assert "wrote packages/exportdemo/exports.txt" in capsys.readouterr().out
    assert main(["--write"], root) == 0
    assert not capsys.readouterr().out


def test_changed_default_is_shown_as_a_changed_line(root: Path) -> None:
    write(root)
    module = root / "packages/exportdemo/src/exportdemo/__init__.py"
    module.write_text(module.read_text().replace("LIMIT = 3", "LIMIT = 40"))
    forget()
    assert violations(root) == [
        "exportdemo: -exportdemo.LIMIT: 3",
        "exportdemo: +exportdemo.LIMIT: 40",
    ]


def test_missing_list_fails(root: Path) -> None:
    assert main([], root) == 1
