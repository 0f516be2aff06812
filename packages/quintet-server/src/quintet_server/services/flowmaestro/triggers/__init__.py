"""Triggers: what starts workflows beside requests for it.

| type | fired by |
|---|---|
| `manual` | `POST /triggers/{id}/execute` only; the other types can be executed so too |
| `schedule` | a cron expression of five fields in a time zone (`jobs`) |
| `webhook` | a request to `/hooks/{id}` (`incoming`) |
| `event` | an event of the project: an execution, a message, an agent's run (`jobs`) |
"""

from __future__ import annotations

from quintet_server.services.flowmaestro.triggers.definitions import KINDS
from quintet_server.services.flowmaestro.triggers.incoming import INCOMING
from quintet_server.services.flowmaestro.triggers.jobs import start
from quintet_server.services.flowmaestro.triggers.routes import ROUTES as _OWN

ROUTES = (*_OWN, *INCOMING)

__all__ = ["KINDS", "ROUTES", "start"]
