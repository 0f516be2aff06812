"""The ``ghostflow`` command: campaigns and links, clicks as they happen, reports and charts."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from ghostflow.cli.arguments import make_parser, prepared

__all__ = ["main"]

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done, also when ``clicks --live`` was ended with Ctrl-C. 1: it failed, the reason is on
    standard error. 2: wrong usage. 130: interrupted.
    """
    parser = make_parser()
    options = parser.parse_args(prepared(sys.argv[1:] if arguments is None else arguments))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name may hold characters that this terminal's encoding has not.
            stream.reconfigure(errors="backslashreplace")
    # Imported after parsing: ``ghostflow --help`` needs no HTTP.
    from ghostflow.cli.commands import COMMANDS
    from ghostflow.cli.screen import print_error
    from ghostflow.cli.wording import CommandError, UsageError, line_of
    from ghostflow.errors import GhostFlowError

    try:
        return COMMANDS[options.command, getattr(options, "action", None)](options)
    except UsageError as error:
        print_error(str(error))
        return EXIT_USAGE
    except CommandError as error:
        print_error(str(error))
        return EXIT_ERROR
    except GhostFlowError as error:
        print_error(line_of(error))
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader, such as ``head``, has seen enough; the interpreter must not complain either.
        sys.stderr.close()
        return 0
