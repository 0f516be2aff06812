"""Whose certificates are accepted, and from which places that comes."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

from quintet.doctor.setup import Setup
from quintet.errors import ConfigurationError

__all__ = ["trust"]


def trust(setup: Setup, problems: list[str], warnings: list[str]) -> dict[str, Any]:
    """Return the places in force, and no other; add what is wrong with them."""
    found = _places(setup, problems)
    try:
        context = setup.tls()
    except ConfigurationError as error:
        problems.append(f"no https request can be made: {error}")
        return found
    if context.verify_mode is ssl.CERT_NONE:
        warnings.append("no certificate is checked, so anyone on the way can read along")
        return found
    found["authorities"] = context.cert_store_stats()["x509_ca"]
    found["minimum_version"] = context.minimum_version.name.replace("_", ".")
    folders = (found.get("verify"), found.get("system_folder"), found.get("SSL_CERT_DIR"))
    if not found["authorities"] and not any(map(_has_files, folders)):
        problems.append(
            "the trust store is empty, so no https server is trusted: install the system's "
            "ca-certificates, or certifi"
        )
    return found


def _places(setup: Setup, problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if setup.verify is True:
        found = _surroundings(problems)
    else:
        found["verify"] = setup.verify and str(setup.verify)
    if setup.cert is not None:
        files = setup.cert if isinstance(setup.cert, tuple) else (setup.cert,)
        found["client_certificate"] = ", ".join(str(path) for path in files[:2])
    found["SSLKEYLOGFILE"] = os.environ.get("SSLKEYLOGFILE")
    return found


def _surroundings(problems: list[str]) -> dict[str, Any]:
    paths = ssl.get_default_verify_paths()
    found: dict[str, Any] = {}
    for name, own, place in (
        ("SSL_CERT_FILE", "system_file", paths.openssl_cafile),
        ("SSL_CERT_DIR", "system_folder", paths.openssl_capath),
    ):
        path = os.environ.get(name)
        # OpenSSL takes the variable in place of its own, even if nothing is there.
        if path is None:
            found[own] = place
        else:
            found[name] = path
        if path and not Path(path).exists():
            problems.append(
                f"{name} names {path}, which does not exist; it replaces the system's all the same"
            )
    found["certifi"] = _certifi()
    return found


def _has_files(folder: str | None) -> bool:
    return bool(folder) and Path(str(folder)).is_dir() and any(Path(str(folder)).iterdir())


def _certifi() -> str | None:
    try:
        import certifi
    except ImportError:
        return None
    return certifi.where()
