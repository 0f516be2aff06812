"""Finding the worker of a module and running it."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from zeridion_flare._sync.worker import FlareWorker
from zeridion_flare.errors import FlareConfigurationError
from zeridion_flare.handlers import JobRegistry


def run_worker(options: argparse.Namespace) -> int:
    """Run the worker that a module holds, and return its exit code."""
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s  %(message)s",
    )
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    registry = find_registry(options.module)
    worker = _as_worker(registry, options)
    result = worker.run_until_idle() if options.until_idle else worker.run()
    if isinstance(result, int):
        return result
    import asyncio

    code: int = asyncio.run(result)
    return code


def find_registry(spec: str) -> JobRegistry:
    """Return the worker or registry that ``MODULE`` or ``MODULE:NAME`` names.

    Raises:
        FlareConfigurationError: There is no such module, it holds none, or several.
    """
    path, name = _split(spec)
    module = _load(path)
    if name is not None:
        found = getattr(module, name, None)
        if not isinstance(found, JobRegistry):
            raise FlareConfigurationError(f"{path} holds no worker or registry named {name!r}")
        return found
    held = {key: value for key, value in vars(module).items() if isinstance(value, JobRegistry)}
    workers = {key: value for key, value in held.items() if type(value) is not JobRegistry}
    candidates = workers or held
    distinct = {id(value): value for value in candidates.values()}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    if not distinct:
        raise FlareConfigurationError(
            f"{path} holds no worker: make one at module level, such as worker = FlareWorker()"
        )
    raise FlareConfigurationError(
        f"{path} holds several workers: name one, as in {path}:{min(candidates)}"
    )


def _split(spec: str) -> tuple[str, str | None]:
    # A drive letter such as ``C:\\jobs.py`` is not a name.
    head, colon, tail = spec.rpartition(":")
    return (head, tail) if colon and tail.isidentifier() and len(head) > 1 else (spec, None)


def _load(path: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    if path.endswith(".py"):
        return _load_file(Path(path))
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{path}.".startswith(f"{error.name}."):
            raise  # something that the module itself imports is missing
        raise FlareConfigurationError(f"there is no module {path!r} here") from None


def _load_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise FlareConfigurationError(f"there is no file {path}")
    sys.path.insert(0, str(path.resolve().parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # so that its dataclasses and pickles find their module
    spec.loader.exec_module(module)
    return module


def _as_worker(registry: JobRegistry, options: argparse.Namespace) -> Any:
    if type(registry) is JobRegistry:
        settings = {} if options.concurrency is None else {"concurrency": options.concurrency}
        return FlareWorker(base_url=options.base_url, handlers=registry, **settings)
    if options.concurrency is not None or options.base_url is not None:
        raise FlareConfigurationError(
            "the module makes its own worker: set concurrency and base_url there"
        )
    return registry
