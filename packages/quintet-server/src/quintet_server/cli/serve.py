"""``quintet serve``: start the server."""

from __future__ import annotations

from typing import Annotated

import typer

from quintet_server.cli.options import DatabaseUrl, DataDir, fail


def serve(
    port: Annotated[
        int | None,
        typer.Option(help="Port to listen on; 0 takes any free one. Default: 8787.", min=0),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    allow_private_targets: Annotated[
        bool,
        typer.Option(
            "--allow-private-targets",
            help="Let webhooks and other outgoing calls reach loopback and private addresses.",
        ),
    ] = False,
) -> None:
    """Start the server and print one line with the URL once calls are accepted.

    Without --database-url an embedded PostgreSQL is started in the data folder. Ctrl-C or SIGTERM
    lets running requests finish, then stops.
    """
    from quintet_server.cli.settings import variables
    from quintet_server.cli.unknown import warn_of_unknown_variables
    from quintet_server.serving import StartFailed, run_server
    from quintet_server.settings import Settings

    settings = Settings.load(
        port=port,
        host=host,
        data_dir=data_dir,
        database_url=database_url,
        allow_private_targets=allow_private_targets or None,
    )
    warn_of_unknown_variables(variables())
    try:
        run_server(settings, ready=lambda url: typer.echo(f"quintet is ready at {url}"))
    except StartFailed as error:
        fail(str(error))
