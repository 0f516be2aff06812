"""The services: each its routes, its models and its own rules over the shared engines.

``services/<name>/service.py`` holds ``service()``, which returns a
:class:`~quintet_server.http.service.Service`; a name in :data:`NAMES` puts it on the air. The
package itself imports nothing, so that a command that wants one module of a service stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the names alone are wanted by help texts, which must be quick
    from quintet_server.http.service import Service

__all__ = ["NAMES", "load_services"]

NAMES = ("flare", "flowmaestro", "aerostack", "amdahl", "ghostflow")


def load_services() -> list[Service]:
    """Return every service, in mounting order."""
    return [import_module(f"{__name__}.{name}.service").service() for name in NAMES]
