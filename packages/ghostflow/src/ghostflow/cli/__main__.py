"""``python -m ghostflow.cli`` is ``ghostflow``."""

from __future__ import annotations

import sys

from ghostflow.cli import main

sys.exit(main())
