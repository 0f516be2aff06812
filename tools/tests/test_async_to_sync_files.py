"""The set of files: what is written, compared, deleted, and complained about."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.async_to_sync.__main__ import main
from tools.tests.conftest import Write

SOURCE = """
from demo._acompat import asleep


class AsyncJob:
    async def run(self) -> None:
        await asleep(1)
"""
ACOMPAT = "def sleep(): ...\nasync def asleep(): ...\n"


@pytest.fixture
def root(package: Write) -> Path:
    """A package whose twin is up to date."""
    modules = {
        "demo/__init__.py": "",
        "demo/_acompat.py": ACOMPAT,
        "demo/_async/__init__.py": "",
        "demo/_async/job.py": SOURCE,
    }
    root = package("demo", modules)
    assert main([], root) == 0
    return root


def twin(root: Path) -> Path:
    return root / "packages/demo/src/demo/_sync/job.py"


def test_fresh_twin_passes_the_check(root: Path) -> None:
    assert main(["--check"], root) == 0
    assert "sleep(1)" in twin(root).read_text()


def test_second_run_writes_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main([], root) == 0
    assert not capsys.readouterr().out


def test_cache_gives_the_same_text_as_no_cache(root: Path) -> None:
    before = twin(root).read_bytes()
    for entry in (root / ".cache/async_to_sync").iterdir():
        entry.unlink()
    assert main(["--check"], root) == 0
    assert twin(root).read_bytes() == before


@pytest.mark.parametrize("change", ["", "tail", "\n"])
def test_edited_twin_fails_the_check(
    root: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = twin(root).read_text()
    twin(root).write_text(text + change if change else text[:-1])
    assert main(["--check"], root) == 1
    assert "_sync/job.py: differs" in capsys.readouterr().out


def test_truncated_twin_fails_the_check(root: Path) -> None:
    twin(root).write_text("".join(twin(root).read_text().splitlines(keepends=True)[:-1]))
    assert main(["--check"], root) == 1


def test_missing_twin_fails_the_check(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twin(root).unlink()
    assert main(["--check"], root) == 1
    assert "_sync/job.py: missing" in capsys.readouterr().out


def test_stray_file_fails_the_check_and_is_not_deleted_by_it(root: Path) -> None:
    stray = twin(root).with_name("stray.py")
    stray.write_text(twin(root).read_text())
    assert main(["--check"], root) == 1
    assert stray.exists()


def test_orphan_is_deleted_with_its_folder(root: Path) -> None:
    source = root / "packages/demo/src/demo/_async"
    for path in source.iterdir():
        path.unlink()
    assert main([], root) == 0
    assert not twin(root).parent.exists()


def test_file_written_by_hand_among_twins_is_refused_not_deleted(root: Path) -> None:
    stray = twin(root).with_name("mine.py")
    stray.write_text("x = 1\n")
    assert main([], root) == 1
    assert stray.exists()


def test_refused_source_keeps_its_old_twin(root: Path) -> None:
    (root / "packages/demo/src/demo/_async/job.py").write_text("import asyncio\n")
    assert main([], root) == 1
    assert twin(root).exists()


def test_rule_that_no_source_uses_is_an_error(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = root / "packages/demo/pyproject.toml"
    project.write_text(project.read_text() + '[tool.async_to_sync.names]\nabc = "bc"\n')
    assert main(["--check"], root) == 1
    assert "rule `abc`" in capsys.readouterr().out


def test_shared_rule_counts_as_used_by_any_package(root: Path) -> None:
    settings = root / "pyproject.toml"
    settings.write_text('[tool.async_to_sync.names]\nrun = "go"\n')
    assert main([], root) == 0
    assert "def go(self)" in twin(root).read_text()
    settings.write_text('[tool.async_to_sync.names]\nrun = "go"\nspare = "x"\n')
    assert main(["--check"], root) == 1


def test_tests_have_twins_too(root: Path) -> None:
    folder = root / "packages/demo/tests/unit/_async"
    folder.mkdir(parents=True)
    (folder / "test_job.py").write_text("async def test_a() -> None:\n    pass\n")
    assert main(["demo"], root) == 0
    assert "\ndef test_a()" in (folder.parent / "_sync/test_job.py").read_text()


def test_unused_imports_of_a_dropped_branch_go(root: Path) -> None:
    (root / "packages/demo/src/demo/_async/job.py").write_text(
        "from demo._acompat import ASYNC, asleep\n\n"
        "if ASYNC:\n    import asyncio\n\n    x = asyncio\n"
        "else:\n    x = None\n\ny = asleep\n"
    )
    assert main([], root) == 0
    assert "import sleep\n\nx = None\n\ny = sleep\n" in twin(root).read_text()


def test_order_of_imports_does_not_depend_on_twins_already_there(root: Path) -> None:
    (root / "packages/demo/src/demo/_async/other.py").write_text(
        "import httpx\n\nfrom demo._acompat import asleep\nfrom demo._async.job import AsyncJob\n\n"
        "x = httpx, asleep, AsyncJob\n"
    )
    assert main([], root) == 0
    first = twin(root).with_name("other.py").read_text()
    shutil.rmtree(root / ".cache")
    shutil.rmtree(twin(root).parent)
    assert main([], root) == 0
    assert twin(root).with_name("other.py").read_text() == first
    assert (
        "import httpx\n\nfrom demo._acompat import sleep\nfrom demo._sync.job import Job" in first
    )


def test_all_is_sorted_again_after_renaming(root: Path) -> None:
    (root / "packages/demo/src/demo/_async/job.py").write_text(
        '__all__ = ["AsyncJob", "Blob"]\n\n\nclass AsyncJob: ...\n\n\nclass Blob: ...\n'
    )
    assert main([], root) == 0
    assert '__all__ = ["Blob", "Job"]' in twin(root).read_text()


def test_unknown_package_is_named(root: Path) -> None:
    with pytest.raises(SystemExit, match="no such package: other"):
        main(["other"], root)
