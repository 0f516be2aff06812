"""Paths that a caller wrote out: what may stand in them, and how they travel.

Ids that come from elsewhere are put into such paths as they are, so a path that steps aside
(``/campaigns/../auth/api-keys``) is refused before anything is sent: servers and proxies resolve
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ghostflow.errors import MisuseError

PREFIX = "/api/v1"

# What RFC 3986 allows in a path, and the percent signs of what is encoded already.
_SAFE = "/%:@!$&'()*+,;=-._~"
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-_"
_LONE_PERCENT = r"%(?![0-9A-Fa-f]{2})"


def split_path(
    path: str, params: Mapping[str, Any] | None, base_url: str
) -> tuple[str, dict[str, Any] | None]:
    """Return a path fit to be sent, and the query: the path's own and ``params`` together.

    The service's documents print full paths; if the base URL ends in their ``/api/v1`` already, it
    is taken off the path.

    Raises:
        MisuseError: The path is empty, is a whole URL, has a fragment, or has an empty, ``.`` or
            ``..`` segment, encoded or not.
    """
    if not isinstance(path, str):
        raise MisuseError(message=f"the path must be a str, not {type(path).__name__}")
    if params is not None and not isinstance(params, (dict, Mapping)):
        raise MisuseError(message=f"params must be a mapping, not {type(params).__name__}")
    if is_plain(path):
        absolute = path if path[0] == "/" else f"/{path}"
        return _below(base_url, absolute), dict(params) if params else None
    bare, mark, text = path.partition("?")
    if "#" in path or "\\" in bare or any(char <= " " or char == "\x7f" for char in bare):
        raise MisuseError(message=f"the path {path[:80]!r} has characters that no path may have")
    absolute = _below(base_url, "/" + bare.removeprefix("/"))
    if "://" in bare or not all(map(_stays, absolute[1:].split("/"))):
        raise MisuseError(
            message=f"the path {path[:80]!r} must be below the base URL, without empty, "
            "'.' and '..' segments; is an id missing?"
        )
    query = dict(params or {})
    if mark:
        from urllib.parse import parse_qsl

        for name, value in parse_qsl(text, keep_blank_values=True):
            if params is None or name not in params:
                query.setdefault(name, []).append(value)
    # Imported here, as above: a path as nearly all are needs neither.
    import re
    from urllib.parse import quote

    try:
        return quote(re.sub(_LONE_PERCENT, "%25", absolute), safe=_SAFE), query or None
    except UnicodeEncodeError as error:
        raise MisuseError(message="the path holds half a surrogate pair") from error


def is_plain(path: str) -> bool:
    """Tell a path of words and ids alone, as nearly all are: nothing in it leads elsewhere."""
    return (
        path.isascii()
        and not path.encode().translate(None, _PLAIN)
        and "//" not in path
        and path[-1:] not in {"", "/"}
    )


def _below(base_url: str, absolute: str) -> str:
    if base_url.endswith(PREFIX) and absolute.startswith(PREFIX + "/"):
        return absolute.removeprefix(PREFIX)
    return absolute


def _stays(segment: str) -> bool:
    """Tell a segment that leads nowhere else, also after it was decoded."""
    from urllib.parse import unquote

    decoded = unquote(segment)
    return decoded != "" and not {".", ".."} & set(decoded.replace("\\", "/").split("/"))
