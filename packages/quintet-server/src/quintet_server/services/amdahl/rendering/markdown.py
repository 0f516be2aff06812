"""Markdown to HTML that runs nothing and fetches nothing.

HTML in the source is shown, not passed on; an image becomes a link, for fetching it would tell its
host who reads the page; links lead only to the web and to mail.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from quintet_server.services.amdahl.rendering.markup import element, escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token
    from markdown_it.utils import OptionsDict

_SAFE = re.compile(r"(https?://[^/\s]|mailto:[^\s])", re.IGNORECASE)
_REL = "noopener noreferrer nofollow"
_UNPRINTABLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def to_html(markdown: str) -> str:
    """CommonMark with tables and strikethrough; headings begin at the second level."""
    rendered: str = _parser().render(_UNPRINTABLE.sub("\ufffd", markdown))
    return rendered


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True})
    parser.enable(["table", "strikethrough"])
    parser.validateLink = _is_safe  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _link)
    parser.add_render_rule("image", _image)
    parser.core.ruler.push("levels", _lower_headings)
    return parser


def _is_safe(url: str) -> bool:
    return _SAFE.match(url) is not None


def _link(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    tokens[index].attrSet("rel", _REL)
    return self.renderToken(tokens, index, options, env)


def _image(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    token = tokens[index]
    url = str(token.attrGet("src") or "")
    text = self.renderInlineAsText(token.children, options, env) or url
    return element("a", escape(text), href=url, rel=_REL)


def _lower_headings(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(4, int(token.tag[1]) + 1)}"
