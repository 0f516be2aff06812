"""Changelog, pyproject and `__version__` must tell one story."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.changelogs import violations
from tools.tests.conftest import Write

GOOD = "# Changelog\n\n## Unreleased\n\n### Added\n\n- All of it.\n\n## 1.0.0 – 2026-01-01\n"


@pytest.fixture
def root(package: Write, repository: Write) -> Path:
    package("demo", {"demo/__init__.py": '__version__ = "1.0.0"\n'})
    return repository({"packages/demo/CHANGELOG.md": GOOD})


def test_agreeing_package_passes(root: Path) -> None:
    assert violations(root) == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("## Unreleased", "## Soon", "does not start with `## Unreleased`"),
        ("## 1.0.0", "## 0.9.0", "CHANGELOG.md is at 0.9.0, pyproject at 1.0.0"),
        ("### Added", "### News", "`### News` is none of"),
    ],
)
def test_changelog_that_disagrees_is_found(root: Path, old: str, new: str, reason: str) -> None:
    path = root / "packages/demo/CHANGELOG.md"
    path.write_text(GOOD.replace(old, new))
    assert reason in violations(root)[0]


def test_bracketed_headings_are_read_too(root: Path) -> None:
    text = GOOD.replace("## Unreleased", "## [Unreleased]").replace("## 1.0.0", "## [1.0.0]")
    (root / "packages/demo/CHANGELOG.md").write_text(text)
    assert violations(root) == []


def test_missing_changelog_is_found(root: Path) -> None:
    (root / "packages/demo/CHANGELOG.md").unlink()
    assert violations(root) == ["demo: no CHANGELOG.md"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [('__version__ = "2.0"', "'2.0', pyproject says 1.0.0"), ("", "has no __version__")],
)
def test_version_that_disagrees_is_found(root: Path, source: str, reason: str) -> None:
    (root / "packages/demo/src/demo/__init__.py").write_text(source)
    assert reason in violations(root)[0]


def test_version_read_from_the_distribution_agrees_by_itself(root: Path) -> None:
    (root / "packages/demo/src/demo/__init__.py").write_text('__version__: str = version("demo")')
    assert violations(root) == []


def test_pin_of_another_version_of_ours_is_found(root: Path, package: Write) -> None:
    package("other", {"other/__init__.py": '__version__ = "1.0.0"'}, depends=("demo==0.9",))
    (root / "packages/other/CHANGELOG.md").write_text(GOOD)
    assert violations(root) == ["other: depends on demo==0.9, but it is at 1.0.0"]
