"""Places that must not be named, each in a file of a real git repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.hosts import HOSTS, NEIGHBOUR, START, violations
from tools.tests.conftest import Write


@pytest.fixture
def repo(repository: Write) -> Path:
    root = repository({"README.md": "Nothing to see.\n", ".gitignore": "ignored.txt\n"})
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def test_innocent_repository_passes(repo: Path) -> None:
    assert violations(repo) == []


@pytest.mark.parametrize("host", HOSTS)
def test_registry_host_is_found_with_its_line(repo: Path, host: str) -> None:
    (repo / "x.txt").write_text(f"fine\nsee https://{host}/simple\n")
    assert violations(repo) == [f"x.txt:2: names a package registry: {host}"]


def test_word_that_only_contains_a_host_passes(repo: Path) -> None:
    (repo / "x.txt").write_text("my-" + HOSTS[0] + "anization\n")
    assert violations(repo) == []


def test_neighbour_of_the_checkout_is_found(repo: Path) -> None:
    (repo / "x.txt").write_text(f"read {NEIGHBOUR}/notes\n")
    assert "beside the repository" in violations(repo)[0]


@pytest.mark.parametrize(
    "text", ["{root}/x", '"{root}"', "cd {root}\n", "{parent}/other", "/" + "home/someone/x"]
)
def test_path_of_a_machine_is_found(repo: Path, text: str) -> None:
    (repo / "x.txt").write_text(text.format(root=repo, parent=repo.parent))
    assert len(violations(repo)) >= 1


@pytest.mark.parametrize("text", ["engines{name}/queue.py", "{{base}}{name}/x", "./x{name}/y"])
def test_path_that_goes_on_from_a_word_is_no_machine_path(repo: Path, text: str) -> None:
    (repo / "x.txt").write_text(text.format(name=repo.parent))
    assert violations(repo) == []
    assert START


def test_ignored_and_binary_files_are_not_read(repo: Path) -> None:
    (repo / "ignored.txt").write_text(HOSTS[0])
    (repo / "x.bin").write_bytes(b"\0" + HOSTS[0].encode())
    assert violations(repo) == []
