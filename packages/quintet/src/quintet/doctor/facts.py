"""What is in force on this machine, as plain values for ``json``."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

import quintet
from quintet.core.codings import accept_encoding
from quintet.errors import ConfigurationError
from quintet.options import ClientOptions
from quintet.transport.choosing import VARIABLE, chosen
from quintet.transport.environment import Proxies, redacted, split_proxy
from quintet.transport.http11 import MAX_HEAD_BYTES, MAX_HEADER_LINES
from quintet.transport.limits import ConnectionLimits
from quintet.transport.trust import tls_context

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


def examine(transport: str | None = None) -> dict[str, Any]:
    """Return everything that can be told without going anywhere.

    Args:
        transport: As a client would be given it.

    Returns:
        Sections by name, and under ``problems`` a sentence for each thing that is wrong.
    """
    problems: list[str] = []
    engine = _engine(transport, problems)
    return {
        "engine": engine,
        "versions": _versions(),
        "proxies": _proxies(engine["name"], problems),
        "trust": _trust(problems),
        "decoders": accept_encoding().split(", "),
        "limits": _limits(problems),
        "process": _process(),
        "problems": problems,
    }


def _engine(transport: str | None, problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": "none", "chosen_by": "", "variable": os.environ.get(VARIABLE)}
    try:
        choice = chosen(transport)
    except ConfigurationError as error:
        problems.append(f"no client can be made: {error}")
        return found
    found.update(name=choice.engine, chosen_by=choice.by)
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


def _proxies(engine: str, problems: list[str]) -> dict[str, str]:
    by_scheme = Proxies.from_environment().by_scheme
    shown = {}
    for key in ("http", "https", "all", "no"):
        value = by_scheme.get(key)
        if value is None:
            continue
        shown[key] = value if key == "no" else redacted(value)
        if key != "no" and engine == "native":
            try:
                split_proxy(value)
            except ConfigurationError as error:
                problems.append(f"requests through {shown[key]} fail: {error}")
    return shown


def _trust(problems: list[str]) -> dict[str, Any]:
    paths = ssl.get_default_verify_paths()
    found: dict[str, Any] = {
        "system_file": paths.openssl_cafile,
        "system_folder": paths.openssl_capath,
        "certifi": _certifi(),
        **{
            name: os.environ.get(name)
            for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
        },
    }
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        path = found[name]
        if path and not Path(path).exists():
            problems.append(f"{name} names {path}, which does not exist and is ignored")
    try:
        context = tls_context()
    except ConfigurationError as error:
        problems.append(f"no https request can be made: {error}")
        return found
    found["authorities"] = context.cert_store_stats()["x509_ca"]
    found["minimum_version"] = context.minimum_version.name.replace("_", ".")
    if not found["authorities"] and not _any_file(paths.openssl_capath, found["SSL_CERT_DIR"]):
        problems.append(
            "the trust store is empty, so no https server is trusted: install the system's "
            "ca-certificates, or certifi"
        )
    return found


def _any_file(*folders: str | None) -> bool:
    return any(
        folder and Path(folder).is_dir() and any(Path(folder).iterdir()) for folder in folders
    )


def _certifi() -> str | None:
    try:
        import certifi
    except ImportError:
        return None
    return certifi.where()


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
