"""Names in definition files, and the ids they become.

A document's name is its id, with the kind's prefix in front unless it is there already: `triage` of
kind workflow is `wf_triage`. References between definitions may use either form.
"""

from __future__ import annotations

import re

from quintet_server.definitions.apply import DefinitionError

AGENT = "agent_"
KNOWLEDGE_BASE = "kb_"
TRIGGER = "trigger_"
WORKFLOW = "wf_"

_NAME = re.compile(r"[A-Za-z0-9._-]{1,150}")


def reference(prefix: str, text: str) -> str:
    """The id that an id or a name stands for."""
    return text if text.startswith(prefix) else prefix + text


def id_of_name(prefix: str, name: str) -> str:
    """The id of a document. Raises DefinitionError for a name that cannot stand in a path."""
    if not _NAME.fullmatch(name):
        raise DefinitionError(
            f"the name {name[:150]!r} must be 1 to 150 of the characters A-Z a-z 0-9 . _ -"
        )
    return reference(prefix, name)
