"""What is offered: an API of the gateway, by the slug in its URL.

While nothing is defined there is one called `default`, for any model, at one unit per token; as
soon as a project defines its own, it has those and no others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, model_validator

from quintet_server.definitions.apply import DefinitionError
from quintet_server.definitions.kinds import Outcome
from quintet_server.services.aerostack.errors import not_found
from quintet_server.services.aerostack.gateway.wallets import Limits, set_limits_of_users
from quintet_server.store.database import Connection

__all__ = [
    "DEFAULT_SLUG",
    "SLUG",
    "Api",
    "ApiSpec",
    "WalletSpec",
    "apply_api",
    "find_api",
    "hold_apis",
]

DEFAULT_SLUG = "default"
SLUG = r"^[a-z0-9][a-z0-9_-]{0,62}$"
_UNITS_MAX = 1_000_000_000
_BIGGEST = 2**53

_FIND = """
SELECT slug, spec FROM aerostack_gateway_apis WHERE project_id = %(project)s AND slug = %(slug)s
UNION ALL
SELECT 'default', '{}' WHERE %(slug)s = 'default'
   AND NOT EXISTS (SELECT FROM aerostack_gateway_apis WHERE project_id = %(project)s)
"""
# While somebody holds it, nobody else changes what is offered in the project.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('aerostack.gateway ' || %s, 0))"
_TAKEN = """
SELECT name FROM aerostack_gateway_apis WHERE project_id = %s AND slug = %s AND name <> %s
"""
_UPSERT = """
INSERT INTO aerostack_gateway_apis AS a (project_id, name, slug, spec) VALUES (%s, %s, %s, %s)
ON CONFLICT (project_id, name) DO UPDATE
   SET slug = excluded.slug, spec = excluded.spec, updated_at = quintet_now()
 WHERE (a.slug, a.spec) IS DISTINCT FROM (excluded.slug, excluded.spec)
RETURNING xmax = 0
"""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WalletSpec(_Strict):
    """How much somebody may use.

    `prepaid`: as long as the balance lasts. `postpaid`: what is used is owed, the balance goes
    below 0. Limits are units in a calendar month (UTC): nothing goes beyond the hard one, at the
    soft one answers carry a header.
    """

    balance: int | None = Field(default=None, ge=0, le=_BIGGEST)
    """Units bought so far, all purchases together; more of them here is one more purchase."""
    plan_type: Literal["prepaid", "postpaid"] = "prepaid"
    hard_limit: int | None = Field(default=None, ge=0, le=_BIGGEST)
    soft_limit: int | None = Field(default=None, ge=0, le=_BIGGEST)

    @model_validator(mode="after")
    def _can_pay(self) -> WalletSpec:
        if self.plan_type == "prepaid" and self.balance is None:
            raise ValueError("a prepaid wallet needs a balance (or say plan_type: postpaid)")
        return self

    @property
    def limits(self) -> Limits:
        """The same for the wallet."""
        return Limits(self.plan_type, self.hard_limit, self.soft_limit, self.balance or 0)


class ApiSpec(_Strict):
    """A model on offer, and what it costs."""

    slug: str | None = Field(default=None, pattern=SLUG)
    """In the URL; default: the document's name."""
    model: str | None = Field(default=None, min_length=1)
    """Used whatever a request names; default: the one it names, or the server's."""
    system_prompt: str = ""
    """Put before every conversation."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Most tokens of an answer, whatever a request asks for."""
    units_per_token: int = Field(default=1, ge=0, le=_UNITS_MAX)
    """For each token, of the prompt as of the answer."""
    units_per_request: int = Field(default=0, ge=0, le=_UNITS_MAX)
    """For each answer, beside its tokens."""
    users: WalletSpec = Field(default_factory=lambda: WalletSpec(plan_type="postpaid"))
    """What a user of the project's own (with a token of a sign-in) may use; each has a wallet."""


@dataclass(frozen=True, slots=True)
class Api:
    """An API that was found."""

    slug: str
    spec: ApiSpec

    def units(self, tokens: int) -> int:
        """What an answer of so many tokens costs, its prompt included."""
        return self.spec.units_per_request + self.spec.units_per_token * tokens


async def find_api(conn: Connection, project_id: str, slug: str) -> Api:
    """The API of a slug. Raises 404."""
    values = {"project": project_id, "slug": slug.replace("\x00", "\ufffd")}
    row = await (await conn.execute(_FIND, values)).fetchone()
    if row is None:
        message = f"There is no gateway API {slug!r} in this project"
        raise not_found(message, "API_NOT_FOUND", apiSlug=slug)
    return Api(row[0], ApiSpec.model_validate(row[1]))


async def hold_apis(conn: Connection, project_id: str) -> None:
    """Let nobody change the APIs of a project before the caller's transaction ends."""
    await conn.execute(_LOCK, (project_id,))


async def apply_api(conn: Connection, project_id: str, name: str, spec: ApiSpec) -> Outcome:
    """Create or update an API; wallets that users have already get the new limits."""
    slug = spec.slug or name
    _check_slug(slug, is_given=spec.slug is not None)
    await hold_apis(conn, project_id)
    taken = await (await conn.execute(_TAKEN, (project_id, slug, name))).fetchone()
    if taken is not None:
        raise DefinitionError(f"gateway-api {taken[0]!r} has the slug {slug!r} already", "slug")
    values = (project_id, name, slug, Jsonb(spec.model_dump()))
    row = await (await conn.execute(_UPSERT, values)).fetchone()
    if row is None:
        return "unchanged"
    await set_limits_of_users(conn, project_id, slug, spec.users.limits)
    return "created" if row[0] else "updated"


def _check_slug(slug: str, *, is_given: bool) -> None:
    if not is_given and not re.match(SLUG, slug):
        message = f"the name {slug!r} cannot stand in a URL: give a slug of a-z, 0-9, - and _"
        raise DefinitionError(message, "slug")
    if slug == "me":
        raise DefinitionError("the slug 'me' is taken: the caller's own wallet is found there")
