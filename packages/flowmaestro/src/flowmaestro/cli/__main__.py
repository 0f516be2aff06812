"""``python -m flowmaestro.cli`` is ``flowmaestro``."""

from __future__ import annotations

import sys

from flowmaestro.cli import main

sys.exit(main())
