"""What a principal stands for: a key of a team, or somebody who has signed in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from quintet_server.services.ghostflow.account.users import Membership, User
from quintet_server.services.ghostflow.context import SERVICE
from quintet_server.store.key_formats import KEY_FORMATS
from quintet_server.store.keys import Principal

__all__ = ["SignedIn", "actor_of", "principal_of_user", "scopes_of_role", "signed_in"]

_FORM = KEY_FORMATS[SERVICE]
_ROLE_PERMISSIONS = {"owner": "admin", "admin": "admin", "editor": "write", "viewer": "read"}
_SCOPES = {
    role: frozenset(_FORM.expand([permission])) for role, permission in _ROLE_PERMISSIONS.items()
}
_USER = "signed_in"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user behind a token, and the teams they are in."""

    user: User
    memberships: tuple[Membership, ...]
    team: Membership | None
    """The team the call is about; None if the user is in several and has named none."""

    def membership(self, team_id: UUID) -> Membership | None:
        """The user's place in a team."""
        return next((one for one in self.memberships if one.team_id == team_id), None)


def scopes_of_role(role: str) -> frozenset[str]:
    """What a role in a team allows: an editor reads and writes, a viewer reads."""
    return _SCOPES[role]


def principal_of_user(caller: SignedIn) -> Principal:
    """Whom the rest of the service sees; without a team of its own, the user's first and no scope.

    Only paths that are about no team in particular are served then.
    """
    team = caller.team or caller.memberships[0]
    return Principal(
        key_id=f"user:{caller.user.id}",
        project_id=team.project_id,
        project_name=team.project_name,
        service=SERVICE,
        scopes=scopes_of_role(team.role) if caller.team is not None else frozenset(),
        settings=team.project_settings,
        attributes={_USER: caller},
    )


def signed_in(principal: Principal) -> SignedIn | None:
    """The user behind a principal; None if it is a key."""
    found: SignedIn | None = principal.attributes.get(_USER)
    return found


def actor_of(principal: Principal) -> str:
    """Who did something, for the audit log: an e-mail address, or `key:<id>`."""
    caller = signed_in(principal)
    return f"key:{principal.key_id}" if caller is None else caller.user.email
