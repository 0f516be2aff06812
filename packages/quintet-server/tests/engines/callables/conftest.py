"""Files with functions, and an engine that calls them."""

from __future__ import annotations

import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from quintet_server.engines.callables import Callables

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(text, name="functions.py")`: a file with functions."""

    def put(text: str, name: str = "functions.py") -> Path:
        file = tmp_path / name
        file.write_text(textwrap.dedent(text))
        return file

    return put


@pytest.fixture
async def callables() -> AsyncIterator[Callables]:
    engine = Callables()
    yield engine
    await engine.stop()
