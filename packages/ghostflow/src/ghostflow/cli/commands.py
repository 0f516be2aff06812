"""Which function does what each command says."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ghostflow.cli import account, links, managing, plotting, reporting, traffic

COMMANDS: dict[tuple[str, str | None], Callable[[argparse.Namespace], int]] = {
    ("campaigns", "list"): managing.list_campaigns,
    ("campaigns", "show"): managing.show_campaign,
    ("campaigns", "create"): managing.create_campaign,
    **{
        ("campaigns", action): managing.change
        for action in ("pause", "resume", "archive", "restore")
    },
    ("campaigns", "clone"): managing.clone,
    ("campaigns", "delete"): managing.delete,
    ("offers", "list"): managing.list_offers,
    ("offers", "create"): managing.create_offer,
    ("sources", "list"): managing.list_sources,
    ("sources", "templates"): managing.list_templates,
    ("links", None): links.print_links,
    ("clicks", None): traffic.clicks,
    ("conversions", None): traffic.conversions,
    ("postbacks", None): traffic.postbacks,
    ("report", "dashboard"): reporting.dashboard,
    ("report", "breakdown"): reporting.breakdown,
    ("report", "timeseries"): reporting.timeseries,
    ("plot", None): plotting.plot,
    ("me", None): account.me,
}
