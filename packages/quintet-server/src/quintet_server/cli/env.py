"""``quintet env``: what an SDK needs to find the server, as shell exports."""

from __future__ import annotations

import shlex
from pathlib import Path

import typer

from quintet_server.cli.options import DataDir, fail


def env(data_dir: DataDir = None) -> None:
    """Print exports with the development keys and URLs, for: eval "$(quintet env)"

    The URL is that of the server running on the data folder, or else the one that
    `quintet serve` would use.
    """
    from quintet_server.cli.database import data_dir_of
    from quintet_server.store.dev_keys import read_dev_keys

    folder = data_dir_of(data_dir)
    keys = read_dev_keys(folder)
    if not keys:
        fail(f"no development keys in {folder}: run `quintet serve` there once, or pass --data-dir")
    for name, value in exports(keys, server_url(folder)).items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def exports(keys: dict[str, str], url: str) -> dict[str, str]:
    """Return the variables that the five SDKs read, and their values."""
    return {
        "FLARE_API_KEY": keys["flare"],
        "FLARE_BASE_URL": url,
        "FLOWMAESTRO_API_KEY": keys["flowmaestro"],
        "FLOWMAESTRO_BASE_URL": url,
        "AEROSTACK_API_KEY": keys["aerostack"],
        "AEROSTACK_SERVER_URL": f"{url}/v1",
        "AMDAHL_URL": url,
        "API_KEY": keys["amdahl"],
        "GF_API_KEY": keys["ghostflow"],
        "GF_BASE_URL": f"{url}/ghostflow/api/v1",
    }


def server_url(data_dir: Path) -> str:
    """Return the URL of the server on a data folder, or the one it would have."""
    from quintet_server.instances import running_instances
    from quintet_server.settings import Settings

    running = running_instances(data_dir)
    if running:
        return running[0].url
    server = Settings.load().server
    return f"http://{server.host}:{server.port or 8787}"
