"""templateOutput: a text made from a template, as it is or rendered from Markdown to HTML."""

from __future__ import annotations

from typing import Annotated

from quintet_server.services.flowmaestro.nodes.config import Choice, Name, NodeConfig, RequiredText
from quintet_server.services.flowmaestro.nodes.model import NodeCall, NodeResult, NodeType
from quintet_server.services.flowmaestro.nodes.resolving import resolved


class TemplateOutputConfig(NodeConfig):
    """`outputFormat` html renders the interpolated template."""

    output_name: Name
    template: RequiredText
    output_format: Annotated[str, Choice(("markdown", "html"))] = "markdown"


async def execute(call: NodeCall) -> NodeResult:
    """`{outputName: text}`."""
    config = resolved(call.config, call.scope)
    assert isinstance(config, TemplateOutputConfig)
    is_html = config.output_format == "html"
    text = to_html(config.template) if is_html else config.template
    return NodeResult({config.output_name: text})


def to_html(markdown: str) -> str:
    """CommonMark with tables and strikethrough, as HTML.

    HTML in the source is shown, not passed on, and links lead only where a browser runs nothing:
    what a workflow interpolates comes from strangers.
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    rendered: str = parser.render(markdown)
    return rendered


TYPE = NodeType("templateOutput", TemplateOutputConfig, execute)
