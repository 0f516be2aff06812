"""What the services and consumers of the tests call."""

from __future__ import annotations

import uuid
from typing import Any


def echo(data: Any) -> Any:
    return data


def random(data: Any) -> str:
    return uuid.uuid4().hex


def fail(data: dict[str, Any]) -> None:
    raise ValueError(f"cannot do {data['what']}")


def shout(job: dict[str, Any]) -> dict[str, Any]:
    return {"said": job["data"]["word"].upper(), "attempt": job["attempt"]}
