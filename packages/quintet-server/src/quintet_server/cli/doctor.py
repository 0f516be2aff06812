"""``quintet doctor``: how the SDKs' requests leave this machine, and where one fails."""

from __future__ import annotations

from typing import Annotated

import typer

from quintet_server.cli.options import fail

# The runtime's own command line, under the name that was typed.
_RUN = "import sys; from quintet.doctor import main; sys.exit(main(sys.argv[1:], prog='quintet'))"
_OWN = "A NativeTransport of yours"


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
    verify: Annotated[
        str | None,
        typer.Option(
            "--verify",
            metavar="PATH|no",
            help="Trust this CA file or directory alone; no: check no certificate.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    cert: Annotated[
        str | None,
        typer.Option(
            "--cert", metavar="FILE", help="The client certificate.", rich_help_panel=_OWN
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="FILE",
            help="Its key, where it is not in the same file.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            "--proxy",
            metavar="URL|no",
            help="The proxy for everything; no: none, whatever the environment says.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    unix_socket: Annotated[
        str | None,
        typer.Option(
            "--unix-socket",
            metavar="PATH",
            help="The socket where every request goes.",
            rich_help_panel=_OWN,
        ),
    ] = None,
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
    command = [sys.executable, "-c", _RUN, "doctor", f"--timeout={timeout:g}"]
    given = {
        "transport": transport,
        "verify": verify,
        "cert": cert,
        "key": key,
        "proxy": proxy,
        "unix-socket": unix_socket,
    }
    command += [f"--{name}={value}" for name, value in given.items() if value is not None]
    if as_json:
        command.append("--json")
    if url is not None:
        command += ["--", url]
    raise typer.Exit(subprocess.run(command, check=False).returncode)
