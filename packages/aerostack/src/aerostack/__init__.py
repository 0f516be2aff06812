"""SDK for Aerostack: database, users, cache, queues, services, storage, AI and search.

Everything public is here or in one of the modules named here; what is used is imported when it is
first asked for, so importing this package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from aerostack._version import OPENAPI_DOC_VERSION, USER_AGENT, __version__

if TYPE_CHECKING:
    from aerostack import (
        _hooks as _hooks,
        errors as errors,
        httpclient as httpclient,
        models as models,
        types as types,
        utils as utils,
    )
    from aerostack._async.downloads import AsyncDownload as AsyncDownload
    from aerostack._async.streams import AsyncChatStream as AsyncChatStream
    from aerostack._hooks import SDKHooks as SDKHooks
    from aerostack._sync.downloads import Download as Download
    from aerostack._sync.streams import ChatStream as ChatStream
    from aerostack.sdk import SDK as SDK
    from aerostack.sdkconfiguration import (
        SERVERS as SERVERS,
        SDKConfiguration as SDKConfiguration,
    )

    Aerostack = SDK

__all__ = [
    "OPENAPI_DOC_VERSION",
    "SDK",
    "SERVERS",
    "USER_AGENT",
    "VERSION",
    "Aerostack",
    "AsyncChatStream",
    "AsyncDownload",
    "ChatStream",
    "Download",
    "SDKConfiguration",
    "SDKHooks",
    "__version__",
    "errors",
    "httpclient",
    "models",
    "types",
    "utils",
]

VERSION = __version__

_HOME = {
    "SDK": "sdk",
    "Aerostack": "sdk",
    "SERVERS": "sdkconfiguration",
    "SDKConfiguration": "sdkconfiguration",
    "SDKHooks": "_hooks",
    "AsyncChatStream": "_async.streams",
    "AsyncDownload": "_async.downloads",
    "ChatStream": "_sync.streams",
    "Download": "_sync.downloads",
}
_MODULES = frozenset({"_hooks", "errors", "httpclient", "models", "types", "utils"})


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{home}")
    value = getattr(module, "SDK" if name == "Aerostack" else name)
    if isinstance(value, type):
        # Tracebacks and reprs show the path by which people import it.
        value.__module__ = __name__
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
