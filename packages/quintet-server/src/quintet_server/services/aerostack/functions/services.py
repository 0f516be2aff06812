"""Services as they are stored."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from quintet_server.services.aerostack.errors import not_found
from quintet_server.services.aerostack.functions.definitions import ServiceSpec
from quintet_server.store.database import Database

_FIND = """
SELECT name, spec, enabled FROM aerostack_services WHERE project_id = %s AND name = %s
"""
_NAMES = """
SELECT name FROM aerostack_services WHERE project_id = %s AND enabled ORDER BY name LIMIT 1000
"""


@dataclass(frozen=True, slots=True)
class ProjectService:
    """A service of a project."""

    name: str
    spec: ServiceSpec


async def find_service(db: Database, project_id: str, name: str) -> ProjectService:
    """The service of this name.

    Raises:
        ApiError: 404 when there is none, or it is switched off; names that look like it are shown.
    """
    async with db.connection() as conn:
        row = await (await conn.execute(_FIND, (project_id, name))).fetchone()
        if row is not None and row[2]:
            return ProjectService(row[0], ServiceSpec.model_validate(row[1]))
        names = [found for (found,) in await (await conn.execute(_NAMES, (project_id,))).fetchall()]
    if row is not None:
        raise not_found(f"The service '{name}' is switched off.", "SERVICE_NOT_FOUND")
    raise _unknown(name, names)


def _unknown(name: str, names: list[str]) -> Exception:
    shown = name if len(name) <= 100 else f"{name[:100]}…"
    lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower()[:200], lower, n=3, cutoff=0.6)
    details: dict[str, Any] = {}
    if close:
        wanted = " or ".join(f"'{lower[each]}'" for each in close)
        details["suggestion"] = f"Did you mean {wanted}?"
    elif not names:
        details["suggestion"] = (
            "This project has no services yet; they are defined in files and applied with "
            "`quintet apply`."
        )
    message = f"There is no service '{shown}' in this project."
    if close:
        message += f" {details['suggestion']}"
    return not_found(message, "SERVICE_NOT_FOUND", **details)
