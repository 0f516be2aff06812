"""Types of the blocks of pages: what a reader's editor underlines is found with its line."""

from __future__ import annotations

import pytest

from tools.doc_types import KINDS, main, violations
from tools.tests.conftest import Write

PAGE = """\
    # Title

    ```python
    number: int = "seven"
    ```

    ```python
    from openai import OpenAI
    from no_such_package_here import something


    def half(of: int) -> float:
        print(OpenAI, something)
        return of / 2
    ```

    ```python fragment
    print(half(2))
    ```

    ```yaml
    number: "seven"
    ```
    """


def test_block_with_a_wrong_type_or_a_name_of_another_block_is_found(
    repository: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(repository({"docs/page.md": PAGE})) == 1
    wrong, missing, name, advice = capsys.readouterr().out.splitlines()
    assert wrong.startswith("docs/page.md:4: Type ")
    assert missing == 'docs/page.md:9: Import "no_such_package_here" could not be resolved'
    assert name == 'docs/page.md:18: "half" is not defined'
    assert "types" in advice


@pytest.mark.parametrize("info", ["py", "python3", "python  fragment", "pycon"])
def test_block_of_python_that_would_be_passed_over_is_named(repository: Write, info: str) -> None:
    root = repository({"README.md": f"# Title\n\n```{info}\nx = 1\n```\n"})
    assert violations(root) == [
        f"README.md:3: a block of Python is one of {KINDS}, not {info.strip()!r}"
    ]


def test_pages_without_blocks_pass_without_a_look(repository: Write) -> None:
    assert main(repository({"README.md": "Nothing.\n"})) == 0
