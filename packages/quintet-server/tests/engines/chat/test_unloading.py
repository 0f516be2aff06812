"""Local models that have to go while whoever asked for another one leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from quintet_server.engines.chat import local_models
from quintet_server.engines.chat.local_models import LocalModels
from quintet_server.engines.chat.model_files import ModelFile
from quintet_server.engines.chat.settings import AiSettings


class Process:
    """Stands for a model's process: says whether it was ended, which takes until `may_end`."""

    made: list[Process]
    may_end: asyncio.Event

    def __init__(self, _settings: AiSettings, file: ModelFile) -> None:
        self.file = file
        self.users = 0
        self.is_alive = True
        self.is_ending = asyncio.Event()
        self.made.append(self)

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        self.is_ending.set()
        await self.may_end.wait()
        self.is_alive = False


def file(name: str, version: int = 1) -> ModelFile:
    return ModelFile(name, Path(name), 1, (version, version))


@pytest.fixture
async def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalModels:
    Process.made, Process.may_end = [], asyncio.Event()
    monkeypatch.setattr(local_models, "LocalProcess", Process)
    monkeypatch.setattr(local_models, "is_runner_installed", lambda: True)
    return LocalModels(AiSettings(loaded_max_count=1), tmp_path)


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def ended(process: Process) -> None:
    async with asyncio.timeout(60):
        while process.is_alive:
            await asyncio.sleep(0)


async def test_model_whose_place_is_wanted_ends_although_who_wanted_it_has_left(
    models: LocalModels,
) -> None:
    await models.load(file("one"))
    [first] = Process.made
    other = asyncio.create_task(models.load(file("two")))
    await first.is_ending.wait()
    await cancelled(other)
    Process.may_end.set()
    await ended(first)
    await models.load(file("two"))
    await models.stop()


async def test_changed_model_ends_after_its_last_user_although_who_found_it_so_has_left(
    models: LocalModels,
) -> None:
    Process.may_end.set()
    async with models._use(file("one")):
        [first] = Process.made
        newer = asyncio.create_task(models.load(file("one", version=2)))
        while models._loaded:
            await asyncio.sleep(0)
        await cancelled(newer)
        assert first.is_alive
    await ended(first)
    await models.stop()


async def test_stop_waits_for_a_model_that_is_just_ending(models: LocalModels) -> None:
    await models.load(file("one"))
    [first] = Process.made
    other = asyncio.create_task(models.load(file("two")))
    await first.is_ending.wait()
    await cancelled(other)
    stopping = asyncio.create_task(models.stop())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not stopping.done()
    Process.may_end.set()
    await stopping
    assert not first.is_alive
