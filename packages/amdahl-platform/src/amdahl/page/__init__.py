"""Building pages out of components that cannot be put together wrongly.

Example::

    from amdahl import page as p

    by_channel = p.sql(
        "by_channel", "SELECT channel, COUNT(*) AS events FROM interactions GROUP BY channel"
    )
    body = p.page(
        "Weekly sentiment",
        p.Heading("By channel"),
        p.BarChart(by_channel, x="channel", y="events"),
        p.Table(by_channel, columns=["channel", "events"]),
        tags=["weekly"],
    )
    client.pages.create(**body)

Each component of the service's catalog is a class. It checks its props when it is made;
:func:`page` checks what they refer to, declares the queries they hold, and gives the canonical
form. What is left to the service is the SQL, and which columns it brings.
"""

from __future__ import annotations

from amdahl.page.building import content, page
from amdahl.page.charts import (
    AreaChart,
    BarChart,
    ComposedChart,
    Custom,
    DataNode,
    FunnelChart,
    GaugeChart,
    Insight,
    LineChart,
    PieChart,
    RadarChart,
    Sankey,
    ScatterChart,
    SignalMap,
    Table,
    Treemap,
)
from amdahl.page.layout import Card, Divider, Grid, Row, Section, Spacer
from amdahl.page.node import Node
from amdahl.page.queries import Cell, Param, Query, Rows, cluster_search, kb_search, sql
from amdahl.page.texts import Badge, Callout, Heading, List, Markdown, Stat, StatRow, Text

__all__ = [
    "AreaChart",
    "Badge",
    "BarChart",
    "Callout",
    "Card",
    "Cell",
    "ComposedChart",
    "Custom",
    "DataNode",
    "Divider",
    "FunnelChart",
    "GaugeChart",
    "Grid",
    "Heading",
    "Insight",
    "LineChart",
    "List",
    "Markdown",
    "Node",
    "Param",
    "PieChart",
    "Query",
    "RadarChart",
    "Row",
    "Rows",
    "Sankey",
    "ScatterChart",
    "Section",
    "SignalMap",
    "Spacer",
    "Stat",
    "StatRow",
    "Table",
    "Text",
    "Treemap",
    "cluster_search",
    "content",
    "kb_search",
    "page",
    "sql",
]
