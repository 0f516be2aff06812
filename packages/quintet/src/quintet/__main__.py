"""``python -m quintet``: what the runtime can say of itself on a command line."""

from __future__ import annotations

import sys

from quintet.doctor import main

if __name__ == "__main__":
    sys.exit(main())
