"""Finding the worker of a module and running it."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import logging
import sys
import traceback
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from zeridion_flare._sync.worker import FlareWorker
from zeridion_flare.errors import FlareConfigurationError, FlareError
from zeridion_flare.handlers import JobRegistry


def run_worker(options: argparse.Namespace) -> int:
    """Run the worker that a module holds, and return its exit code."""
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s  %(message)s",
    )
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    registry = _find_or_explain(options.module)
    worker = _as_worker(registry, options)
    result = worker.run_until_idle() if options.until_idle else worker.run()
    if isinstance(result, int):
        return result
    import asyncio

    code: int = asyncio.run(result)
    return code


def _find_or_explain(spec: str) -> JobRegistry:
    try:
        return find_registry(spec)
    except FlareError:
        raise
    except Exception as error:  # noqa: BLE001 - the module is not ours: whatever it raises is its story
        trace = _beyond_loading(error.__traceback__)
        *story, last = traceback.format_exception(type(error), error.with_traceback(trace), trace)
        print("".join(story), end="", file=sys.stderr)
        raise FlareConfigurationError(f"{spec} cannot be imported: {last.strip()}") from None


def _beyond_loading(trace: TracebackType | None) -> TracebackType | None:
    """Leave out what led to the module: a syntax error in it has no frame of its own at all."""
    while trace is not None and _is_loading(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _is_loading(filename: str) -> bool:
    return filename in (__file__, importlib.__file__) or filename.startswith("<frozen importlib")


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
