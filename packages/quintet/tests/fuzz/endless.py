"""Goes on looking for bytes that break the parser, led by what they reach, until it is stopped.

    python packages/quintet/tests/fuzz/endless.py [name of a test] [options of libFuzzer]

It needs `atheris`, which nothing else here does.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

DEFAULT = "test_nearly_right_answer_is_taken_as_a_naive_parser_takes_it"


def main(arguments: list[str]) -> None:
    """Give bytes to one test as the choices that hypothesis makes."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["quintet.transport", "quintet.core.headers"]):
        tests = importlib.import_module("fuzz.test_mutations")
    named = [argument for argument in arguments[1:] if not argument.startswith("-")]
    test = getattr(tests, named[0] if named else DEFAULT)
    options = [argument for argument in arguments if argument not in named]
    atheris.Setup(options, test.hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
