"""What is in force on this machine, as plain values for ``json``."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import ssl
import sys
import threading
from typing import Any

import quintet
from quintet.core.codings import accept_encoding
from quintet.doctor.setup import Setup
from quintet.doctor.trust import trust
from quintet.errors import ConfigurationError
from quintet.options import ClientOptions
from quintet.transport.choosing import VARIABLE
from quintet.transport.environment import redacted, split_proxy, without_effect
from quintet.transport.http11 import MAX_HEAD_BYTES, MAX_HEADER_LINES
from quintet.transport.limits import ConnectionLimits

__all__ = ["examine"]

_PACKAGES = (
    "httptools",
    "certifi",
    "httpx",
    "httpcore",
    "socksio",
    "uvloop",
    "brotli",
    "brotlicffi",
    "backports.zstd",
)


def examine(setup: Setup = Setup()) -> dict[str, Any]:  # noqa: B008 - it is frozen
    """Return everything that can be told without going anywhere.

    Args:
        setup: What a client would be made with.

    Returns:
        Sections by name, and under ``problems`` and ``warnings`` a sentence for each thing that is
        wrong, or may be.
    """
    problems: list[str] = []
    warnings: list[str] = []
    engine = _engine(setup, problems)
    return {
        "engine": engine,
        "versions": _versions(),
        "proxies": _proxies(setup, engine["name"], problems),
        "trust": trust(setup, problems, warnings),
        "decoders": accept_encoding().split(", "),
        "limits": _limits(problems),
        "process": _process(),
        "problems": problems,
        "warnings": warnings,
    }


def _engine(setup: Setup, problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": "none", "chosen_by": "", "variable": os.environ.get(VARIABLE)}
    try:
        choice = setup.choice()
    except ConfigurationError as error:
        problems.append(f"no client can be made: {error}")
        return found
    found.update(name=choice.engine, chosen_by="options" if setup.is_own else choice.by)
    return found


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {
        "quintet": quintet.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(),
        "openssl": ssl.OPENSSL_VERSION,
    }
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def _proxies(setup: Setup, engine: str, problems: list[str]) -> dict[str, str]:
    by_scheme = setup.proxies.by_scheme
    shown = {}
    for key in ("http", "https", "all", "no"):
        value = by_scheme.get(key)
        if not value:
            continue
        shown[key] = value if key == "no" else redacted(value)
        if key != "no" and engine == "native":
            try:
                split_proxy(value)
            except ConfigurationError as error:
                problems.append(f"requests through {shown[key]} fail: {error}")
    vain = without_effect(by_scheme.get("no", ""))
    if vain:
        shown["no_covers_nothing"] = ", ".join(vain)
    return shown


def _limits(problems: list[str]) -> dict[str, Any]:
    limits = ConnectionLimits()
    options = ClientOptions(base_url="http://localhost")
    files = _open_files()
    if files is not None and files < limits.max_connections + 50:
        problems.append(
            f"this process may open {files} files, hardly more than the {limits.max_connections} "
            "connections of one client: raise the limit (ulimit -n)"
        )
    return {
        "max_connections": limits.max_connections,
        "idle_seconds": limits.idle_seconds,
        "max_age": limits.max_age,
        "pool_timeout": limits.pool_timeout,
        "connect_stagger": limits.connect_stagger,
        "max_head_bytes": MAX_HEAD_BYTES,
        "max_header_lines": MAX_HEADER_LINES,
        "max_response_bytes": options.max_response_bytes,
        "open_files": files,
    }


def _open_files() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def _process() -> dict[str, Any]:
    import multiprocessing

    gil = getattr(sys, "_is_gil_enabled", None)
    return {
        "forks_renew_clients": hasattr(os, "register_at_fork"),
        "start_method": multiprocessing.get_start_method(allow_none=True)
        or multiprocessing.get_all_start_methods()[0],
        "threads": threading.active_count(),
        "gil": True if gil is None else bool(gil()),
        "unix_sockets": hasattr(socket, "AF_UNIX"),
    }
