"""The short cut to the services: it must lead where the long way would."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from quintet_server.app import _Application, _ServiceMount


def saying(name: str) -> Any:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen = {key: scope[key] for key in ("path", "root_path", "app_root_path", "path_params")}
        has_app = scope["app"].state.name
        await JSONResponse({"name": name, "app": has_app, **seen})(scope, receive, send)

    return app


def route(path: str) -> Route:
    async def say(request: Request) -> Response:
        return JSONResponse({"name": path, "app": request.app.state.name})

    return Route(path, say)


ROUTES = [
    route("/healthz"),
    Mount("/api/v1/public", saying("public")),
    Mount("/api/v1", saying("api")),
    _ServiceMount("/flare/v1", saying("flare")),
    route("/flare/v1/late"),
    route("/v1/early"),
    _ServiceMount("/v1", saying("v1")),
]
PATHS = ["/healthz", "/api/v1/public/x", "/api/v1/public", "/api/v1/publicly", "/api/v1/y/z"]
PATHS += [
    "/api/v1/",
    "/api/v10/x",
    "/flare/v1",
    "/flare/v1/",
    "/flare/v1x",
    "/flare/v1/late",
    "/flare/v1/%C3%A4",
    "/v1/early",
    "/v1",
    "/v1/x",
    "/x",
]


@pytest.mark.parametrize("root_path", ["", "/behind/a/proxy"])
@pytest.mark.parametrize("path", PATHS)
async def test_request_reaches_what_the_long_way_reaches(path: str, root_path: str) -> None:
    answers = []
    for kind in (_Application, Starlette):
        app = kind(routes=ROUTES)
        app.router.redirect_slashes = False
        app.state.name = "outer"
        transport = httpx.ASGITransport(app, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            answer = await client.get(path)
            answers.append((answer.status_code, answer.text))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("root_path", ["", "/behind/a/proxy"])
@pytest.mark.parametrize(("path", "name"), [("/v1", "v1"), ("/flare/v1", "flare")])
async def test_bare_mount_is_the_services_own(path: str, name: str, root_path: str) -> None:
    app = _Application(routes=ROUTES)
    app.state.name = "outer"
    transport = httpx.ASGITransport(app, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        answer = (await client.get(path)).json()
    assert answer["name"] == name
    assert answer["root_path"] == root_path + path
    assert answer["path"] in (path, root_path + path)
