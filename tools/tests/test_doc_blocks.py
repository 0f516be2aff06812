"""Blocks of pages, found with their places."""

from __future__ import annotations

from tools.doc_blocks import Block, blocks
from tools.tests.conftest import Write

PAGE = """\
    # Title

    ```python
    print(1)
    ```

    ```
    no info
    ```

    ```yaml fragment
    a: 1

    ```
    """


def test_blocks_have_their_page_line_and_info(repository: Write) -> None:
    root = repository({"docs/deep/page.md": PAGE})
    assert list(blocks(root)) == [
        Block("docs/deep/page.md", 4, "python", "print(1)\n"),
        Block("docs/deep/page.md", 12, "yaml fragment", "a: 1\n\n"),
    ]


def test_pages_are_the_readmes_and_the_documentation(repository: Write) -> None:
    page = "```sh\nls\n```\n"
    names = ["README.md", "packages/one/README.md", "docs/README.md", "docs/a/b.md"]
    root = repository(dict.fromkeys([*names, "CONTRIBUTING.md", "tools/README.md"], page))
    assert sorted(block.page for block in blocks(root)) == sorted(names)
