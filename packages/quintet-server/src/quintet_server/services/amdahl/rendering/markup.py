"""Text on its way into HTML and SVG: escaped, and free of what XML cannot hold."""

from __future__ import annotations

import html
import re
from typing import Any

# Control characters are no XML, surrogates no UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def escape(text: Any) -> str:
    """The text for use between tags or in a quoted attribute."""
    return html.escape(_UNPRINTABLE.sub("\ufffd", str(text)), quote=True)


def element(name: str, content: str = "", **attributes: Any) -> str:
    """An element around content that is markup already; attributes are escaped here.

    `class_` is `class`, an underscore is a hyphen; an attribute that is None is left out, one that
    is True stands without a value.
    """
    return f"<{name}{_written(attributes)}>{content}</{name}>"


def _written(attributes: dict[str, Any]) -> str:
    parts = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        written = name.rstrip("_").replace("_", "-")
        parts.append(f" {written}" if value is True else f' {written}="{escape(value)}"')
    return "".join(parts)
