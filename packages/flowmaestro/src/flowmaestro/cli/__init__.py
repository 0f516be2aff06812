"""The ``flowmaestro`` command: run and watch workflows, chat with agents, ask knowledge bases."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from flowmaestro.cli.arguments import make_parser

__all__ = ["main"]

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done. 1: it failed, the reason is on standard error. 2: wrong usage. ``run`` and ``watch``
    return 4 if the execution did not complete; ``chat`` returns 4 if the agent failed.
    """
    options = make_parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # An answer may hold characters that this terminal's encoding has not.
            stream.reconfigure(errors="backslashreplace")
    # Imported after parsing: ``flowmaestro --help`` needs no HTTP.
    from flowmaestro.cli.commands import COMMANDS
    from flowmaestro.cli.screen import print_error
    from flowmaestro.errors import FlowMaestroError

    try:
        return COMMANDS[options.command](options)
    except FlowMaestroError as error:
        print_error(error)
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader, such as ``head``, has seen enough; the interpreter must not complain either.
        sys.stderr.close()
        return 0
