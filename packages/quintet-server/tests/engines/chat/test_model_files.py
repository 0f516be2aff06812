from __future__ import annotations

from pathlib import Path

import pytest

from quintet_server.engines.chat.model_files import (
    find_model,
    model_files,
    models_folder,
    remove_model,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    models_folder(tmp_path).mkdir()
    for name in ("Beta.Q4.gguf", "alpha.gguf", ".hidden.gguf", "notes.txt"):
        (models_folder(tmp_path) / name).write_bytes(b"GGUF")
    (models_folder(tmp_path) / "folder.gguf").mkdir()
    return tmp_path


def test_models_are_the_visible_gguf_files(folder: Path) -> None:
    assert [one.name for one in model_files(folder)] == ["Beta.Q4", "alpha"]


def test_folder_that_is_not_there_has_no_models(tmp_path: Path) -> None:
    assert model_files(tmp_path / "nowhere") == []


@pytest.mark.parametrize("name", ["beta.q4", "Beta.Q4", "BETA.Q4.gguf"])
def test_model_is_found_whatever_the_case(folder: Path, name: str) -> None:
    found = find_model(model_files(folder), name)
    assert found is not None
    assert found.name == "Beta.Q4"


def test_version_changes_with_the_file(folder: Path) -> None:
    before = model_files(folder)
    replacement = folder / "new"
    replacement.write_bytes(b"GGUF")
    replacement.replace(models_folder(folder) / "alpha.gguf")
    assert model_files(folder)[0] == before[0]
    assert model_files(folder)[1] != before[1]


@pytest.mark.parametrize("name", ["../alpha", "notes.txt", ".hidden", ""])
def test_nothing_but_a_model_is_removed(folder: Path, name: str) -> None:
    assert remove_model(folder, name) is None
    assert len(list(models_folder(folder).iterdir())) == 5


def test_removed_model_is_gone(folder: Path) -> None:
    assert remove_model(folder, "ALPHA") is not None
    assert [one.name for one in model_files(folder)] == ["Beta.Q4"]
