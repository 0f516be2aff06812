"""``python -m quintet_server`` is the same as ``quintet``."""

from __future__ import annotations

from quintet_server.cli import main

if __name__ == "__main__":
    main()
