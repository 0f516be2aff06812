"""The demo, as an ordinary user of the SDKs would write it.

It starts a server on an empty folder, gives it real work, watches it live, kills the server on the
way, and ends with a table of what happened and where the results lie.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from rich.markup import escape

from examples.demo.aerostack import scenes as aerostack
from examples.demo.amdahl import scenes as amdahl
from examples.demo.flare import scenes as flare
from examples.demo.flowmaestro import scenes as flowmaestro
from examples.demo.ghostflow import scenes as ghostflow
from examples.demo.processes import Server
from examples.demo.report import Report, console

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".data" / "demo"
PARTS: tuple[str, ...] = ("flare", "flowmaestro", "aerostack", "amdahl", "ghostflow")
_MODEL = "smollm2"


def documents() -> list[Path]:
    """Return the repository's own Markdown files, relative to its root."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    return sorted(path for path in found if not any(part.startswith(".") for part in path.parts))


def main() -> int:
    """Run the demo; 0 if everything went as it should."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Watch real work being done.")
    parser.add_argument("part", nargs="?", choices=PARTS, help="only this one; default: all")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="emptied at the beginning")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    parts = PARTS if arguments.part is None else (arguments.part,)
    began = time.monotonic()
    empty(folder)
    report = Report()
    console.print("Starting a server on an empty folder …")
    with Server(folder / "server") as server, ThreadPoolExecutor(1) as pool:
        console.print(f"It listens at {server.url}; its database came with a Python package.")
        # Fetched while Flare is shown.
        needs_model = not {*parts} <= {"flare", "ghostflow"}
        model = pool.submit(install, server) if needs_model else None
        if "flare" in parts:
            flare.play(server, folder, documents(), report)
        has_model = model is not None and model_is_there(model)
        if "flowmaestro" in parts:
            flowmaestro.play(server, has_model, report)
        if "aerostack" in parts:
            aerostack.play(server, folder, ROOT, has_model, report)
        if "amdahl" in parts:
            amdahl.play(server, folder, ROOT, has_model, report)
        if "ghostflow" in parts:
            ghostflow.play(server, folder, report)
    report.show()
    tell_what_is_left(folder, time.monotonic() - began, parts, report.is_fine)
    return 0 if report.is_fine else 1


def empty(folder: Path) -> None:
    """Remove what the last demo left, but for language models, which take long to fetch."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "server").is_dir():
        raise SystemExit(f"{folder} has files in it that are not the demo's")
    models, kept = folder / "server" / "models", folder.with_name(f"{folder.name}-models")
    if models.is_dir() and not kept.exists():
        models.rename(kept)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "output").mkdir(parents=True)
    if kept.is_dir():
        models.parent.mkdir()
        kept.rename(models)


def install(server: Server) -> str | None:
    """Get a small language model, unless the environment names a better one."""
    return None if os.environ.get("AI_BASE_URL") else server.install_model(_MODEL)


def model_is_there(installing: Future[str | None]) -> bool:
    """Wait for the model; say in one line why there is none."""
    with console.status(f"Fetching the language model {_MODEL} (93 MB, once) …"):
        problem = installing.result()
    if problem is not None:
        console.print(f"[yellow]No language model, so none of its words:[/] {escape(problem)}")
    return problem is None


def tell_what_is_left(folder: Path, seconds: float, parts: tuple[str, ...], fine: bool) -> None:
    """Say where the results are and how to go on."""
    place = os.path.relpath(folder)
    console.print(f"{'Done' if fine else '[red]Not as it should be[/]'} in {seconds:.0f} s.")
    if "flare" in parts:
        console.print(f"Results:  {place}/output/index.html and one page per document")
    if "amdahl" in parts:
        console.print(f"A page:   {place}/output/page.html")
    if "ghostflow" in parts:
        console.print(f"Charts:   {place}/output/clicks.png and clicks.svg")
    worker = f", {place}/worker.log" if "flare" in parts else ""
    console.print(f"Logs:     {place}/server.log{worker}")
    for what, command in (("Go on:   ", "serve"), ("Its keys:", "env")):
        line = f"{what} .venv/bin/quintet {command} --data-dir {place}/server"
        console.print(line, soft_wrap=True)


if __name__ == "__main__":
    raise SystemExit(main())
