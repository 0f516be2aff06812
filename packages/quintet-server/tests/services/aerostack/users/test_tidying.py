"""What is over is forgotten, and nothing else."""

from __future__ import annotations

from quintet_server.services.aerostack.settings import AerostackSettings
from quintet_server.services.aerostack.users.tidying import tidy

from ..conftest import Api
from .peeking import Advance, moved
from .test_public_routes import ADA, Public


class Parts:
    """What tidying works with."""

    def __init__(self, api: Api) -> None:
        self.db = api.runtime.db
        self.settings = AerostackSettings()


async def rows(api: Api) -> list[int]:
    tables = ("aerostack_signin_failures", "aerostack_sessions", "aerostack_ended_tokens")
    return [(await api.sql(f"SELECT count(*) FROM {table}"))[0][0] for table in tables]


async def test_failures_sessions_and_ended_tokens_go_when_their_time_is_over(
    alone: Api, advance: Advance
) -> None:
    public, parts = Public(alone), Parts(alone)
    session = await public.ask("/register", ADA, 201)
    await public.ask("/logout", token=session["token"])
    await public.ask("/login", ADA)
    await public.ask("/login", {**ADA, "password": "wrong horse"}, 401)
    await tidy(parts)  # type: ignore[arg-type]
    assert await rows(alone) == [1, 1, 1]
    await moved(alone, advance, 901)
    await tidy(parts)  # type: ignore[arg-type]
    assert await rows(alone) == [0, 1, 1]
    await moved(alone, advance, 86_400)
    await tidy(parts)  # type: ignore[arg-type]
    assert await rows(alone) == [0, 1, 0]
    await moved(alone, advance, 31 * 86_400)
    await tidy(parts)  # type: ignore[arg-type]
    assert await rows(alone) == [0, 0, 0]
    [[users]] = await alone.sql("SELECT count(*) FROM aerostack_users")
    assert users == 1
