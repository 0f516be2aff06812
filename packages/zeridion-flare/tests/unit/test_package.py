"""The package as a whole: what it exports and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import zeridion_flare
import zeridion_flare.worker


def test_every_public_name_is_there_under_its_public_path() -> None:
    assert sorted(zeridion_flare.__all__) == zeridion_flare.__all__
    assert set(dir(zeridion_flare)) == set(zeridion_flare.__all__)
    for name in zeridion_flare.__all__:
        value = getattr(zeridion_flare, name)
        if name != "__version__":
            assert value.__module__ == "zeridion_flare"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = zeridion_flare.nothing


def test_worker_facet_gives_the_same_objects() -> None:
    facet = zeridion_flare.worker
    for name in ("FlareWorker", "AsyncFlareWorker", "JobContext", "JobRegistry", "PermanentError"):
        assert getattr(facet, name) is getattr(zeridion_flare, name)
    with pytest.raises(AttributeError):
        _ = facet.nothing


def test_version_is_the_distributions() -> None:
    assert zeridion_flare.__version__ == version("zeridion-flare")


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import zeridion_flare", ("asyncio", "httpx", "httpcore", "quintet", "json")),
        (
            "from zeridion_flare import FlareClient; FlareClient('k')",
            ("asyncio", "httpx", "httpcore", "pydantic", "rich"),
        ),
        ("from zeridion_flare import FlareWorker", ("httpx", "httpcore", "pydantic", "rich")),
        ("from zeridion_flare import verify_webhook", ("asyncio", "httpx", "httpcore")),
    ],
)
def test_c17_importing_pulls_in_no_more_than_it_needs(
    statement: str, absent: tuple[str, ...]
) -> None:
    check = f"{statement}; import sys; print([m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_c17_package_is_marked_as_typed() -> None:
    assert (Path(zeridion_flare.__file__).parent / "py.typed").is_file()
