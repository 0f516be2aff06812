"""The notes that running servers leave in their data folder."""

from __future__ import annotations

import os
from pathlib import Path

from quintet_server.instances import announce, running_instances


def test_note_that_goes_while_the_folder_is_read_is_no_error(tmp_path: Path) -> None:
    with announce(tmp_path, "http://127.0.0.1:1", None):
        # What a listing has found, and nothing is behind any more.
        (tmp_path / "servers" / "1.json").symlink_to(tmp_path / "gone")
        (tmp_path / "servers" / "2.json").write_text("")
        assert [one.pid for one in running_instances(tmp_path)] == [os.getpid()]
    assert running_instances(tmp_path) == []
