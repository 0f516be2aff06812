"""``python -m zeridion_flare.cli`` is ``flare``."""

from __future__ import annotations

import sys

from zeridion_flare.cli import main

sys.exit(main())
