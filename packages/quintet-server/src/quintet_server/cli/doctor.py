"""``quintet doctor``: how the SDKs' requests leave this machine, and where one fails."""

from __future__ import annotations

from typing import Annotated

import typer

from quintet_server.cli.options import fail


def doctor(
    url: Annotated[
        str | None,
        typer.Argument(help="Where to go, such as http://127.0.0.1:8787.", show_default=False),
    ] = None,
    transport: Annotated[
        str | None,
        typer.Option(
            "--transport",
            help="native or httpx, as a client would get it. Default: $QUINTET_TRANSPORT, else "
            "native.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", help="Seconds for each step on the way to the URL.")
    ] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show engine, proxies, TLS and bounds of the SDKs' requests; needs no server and no database.

    With a URL, go there step by step (address, connection, TLS, first answer), and say which step
    fails and what to do. No secret is printed. Exits with 1 if something is wrong.
    """
    import subprocess
    import sys
    from importlib.util import find_spec

    # The server stands beside the SDKs' runtime and not on it, so the runtime speaks for itself.
    if find_spec("quintet") is None:
        fail("the SDKs' runtime is not installed here; an SDK brings it: pip install quintet")
    command = [sys.executable, "-m", "quintet", "doctor", f"--timeout={timeout:g}"]
    if transport is not None:
        command.append(f"--transport={transport}")
    if as_json:
        command.append("--json")
    if url is not None:
        command += ["--", url]
    raise typer.Exit(subprocess.run(command, check=False).returncode)
