"""The ``flare`` command: enqueue, list, get, watch, cancel, retry, worker."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from zeridion_flare.cli.arguments import make_parser

__all__ = ["main"]

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done. 1: it failed, the reason is on standard error. 2: wrong usage. ``watch`` and
    ``enqueue --watch`` return 4 if the job did not succeed; ``worker`` returns the worker's code.
    """
    options = make_parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A payload may hold characters that this terminal's encoding has not.
        sys.stdout.reconfigure(errors="backslashreplace")
    # Imported after parsing: ``flare --help`` needs no HTTP.
    from zeridion_flare.cli.commands import COMMANDS
    from zeridion_flare.cli.screen import print_error
    from zeridion_flare.cli.wording import in_own_words
    from zeridion_flare.errors import FlareError

    try:
        return COMMANDS[options.command](options)
    except FlareError as error:
        print_error(error, in_own_words(error, options))
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader, such as ``head``, has seen enough; the interpreter must not complain either.
        sys.stderr.close()
        return 0
