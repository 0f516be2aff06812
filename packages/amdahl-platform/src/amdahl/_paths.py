"""Paths that a caller wrote out: what may stand in them, and how they travel.

Ids that come from elsewhere are put into such paths as they are, so a path that steps aside
(``/pages/../webhooks/wh_1``) is refused before anything is sent: servers and proxies resolve it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amdahl.errors import MisuseError

# What RFC 3986 allows in a path, and the percent signs of what is encoded already.
_SAFE = "/%:@!$&'()*+,;=-._~"
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-_"
_LONE_PERCENT = r"%(?![0-9A-Fa-f]{2})"


def split_path(
    path: str, params: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, Any] | None]:
    """Return a path fit to be sent, and the query: the path's own and ``params`` together.

    Raises:
        MisuseError: The path is empty, is a whole URL, has a fragment, or has an empty, ``.`` or
            ``..`` segment, encoded or not.
    """
    if not isinstance(path, str):
        raise MisuseError(message=f"the path must be a str, not {type(path).__name__}")
    if params is not None and not isinstance(params, (dict, Mapping)):
        raise MisuseError(message=f"params must be a mapping, not {type(params).__name__}")
    if is_plain(path):
        return path if path[0] == "/" else f"/{path}", dict(params) if params else None
    bare, mark, text = path.partition("?")
    if "#" in path or "\\" in bare or any(char <= " " or char == "\x7f" for char in bare):
        raise MisuseError(message=f"the path {path[:80]!r} has characters that no path may have")
    segments = bare.removeprefix("/").split("/")
    if "://" in bare or not all(map(_stays, segments)):
        raise MisuseError(
            message=f"the path {path[:80]!r} must be absolute below the base URL, without empty, "
            "'.' and '..' segments; is an id missing?"
        )
    # Imported here: a path as nearly all are needs neither.
    import re
    from urllib.parse import parse_qsl, quote

    encoded = "/" + quote(re.sub(_LONE_PERCENT, "%25", "/".join(segments)), safe=_SAFE)
    query = dict(params or {})
    if mark:
        for name, value in parse_qsl(text, keep_blank_values=True):
            if params is None or name not in params:
                query.setdefault(name, []).append(value)
    return encoded, query or None


def is_plain(path: str) -> bool:
    """Tell a path of words and ids alone, as nearly all are: nothing in it leads elsewhere."""
    return (
        path.isascii()
        and not path.encode().translate(None, _PLAIN)
        and "//" not in path
        and path[-1:] not in {"", "/"}
    )


def _stays(segment: str) -> bool:
    """Tell a segment that leads nowhere else, also after it was decoded."""
    from urllib.parse import unquote

    decoded = unquote(segment)
    return decoded != "" and not {".", ".."} & set(decoded.replace("\\", "/").split("/"))
