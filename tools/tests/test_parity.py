"""Two faces that differ in one thing each, as imported modules."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.parity import violations
from tools.tests.conftest import Write

SOURCE = '''
from functools import cached_property

class AsyncClient:
    """A client, see `AsyncClient`."""

    def __init__(self, url: str, *, retries: int = 2) -> None: ...

    async def get(self, key: str, timeout: float = 1.0) -> str:
        """Get it: ``await client.get("x")``."""

    async def aclose(self) -> None: ...

    @property
    def url(self) -> str:
        """Where."""

    @cached_property
    def things(self) -> list[str]:
        """What."""


def _private() -> None: ...
'''
TWIN = (
    SOURCE.replace("AsyncClient", "Client")
    .replace("async ", "")
    .replace("await ", "")
    .replace("aclose", "close")
)


@pytest.fixture
def root(package: Write, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package whose faces agree."""
    modules = {
        "paritydemo/__init__.py": "",
        "paritydemo/_async/__init__.py": "",
        "paritydemo/_async/client.py": SOURCE,
        "paritydemo/_sync/__init__.py": "",
        "paritydemo/_sync/client.py": TWIN,
    }
    root = package("paritydemo", modules)
    monkeypatch.syspath_prepend(str(root / "packages/paritydemo/src"))
    forget()
    yield root
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "paritydemo"]:
        del sys.modules[name]


def change(root: Path, old: str, new: str, name: str = "_sync/client.py") -> list[str]:
    path = root / "packages/paritydemo/src/paritydemo" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    forget()
    return violations(root)


def test_agreeing_faces_pass(root: Path) -> None:
    assert violations(root) == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("class Client", "class Other", "AsyncClient: the twin has no Client"),
        ("def _private", "def public", "the twin has public, the source has not"),
        ("def close", "def shut", "AsyncClient.shut: only in the twin"),
        ("key: str,", "name: str,", "AsyncClient.get: parameters differ"),
        ("*, retries", "retries", "AsyncClient.__init__: parameters differ"),
        ("timeout: float = 1.0", "timeout: float = 2.0", "AsyncClient.get: defaults differ"),
        ("see `Client`", "see it", "AsyncClient: docstrings differ"),
        ('"""Where."""', '"""There."""', "AsyncClient.url: docstrings differ"),
        ("@property", "@staticmethod", "AsyncClient.url: of another kind"),
        ("@cached_property", "@staticmethod", "AsyncClient.things: of another kind"),
        ('"""What."""', '"""Whatever."""', "AsyncClient.things: docstrings differ"),
    ],
)
def test_one_difference_is_named(root: Path, old: str, new: str, reason: str) -> None:
    found = change(root, old, new)
    assert any(reason in each for each in found), found


def test_missing_twin_module_is_named(root: Path) -> None:
    (root / "packages/paritydemo/src/paritydemo/_sync/client.py").unlink()
    assert violations(root) == ["paritydemo._async.client: has no twin"]


def test_exported_async_class_without_its_sync_sister_is_named(root: Path) -> None:
    init = root / "packages/paritydemo/src/paritydemo/__init__.py"
    init.write_text(
        'from paritydemo._async.client import AsyncClient\n\n__all__ = ["AsyncClient"]\n'
    )
    forget()
    assert violations(root) == ["paritydemo: exports AsyncClient but not Client"]
