"""Sources: where traffic is bought, which parameters it comes with, and who is told of results."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from starlette.responses import Response

from quintet_server.services.ghostflow.catalog import operations
from quintet_server.services.ghostflow.catalog.fields import (
    ConversionStatus,
    CostRule,
    ParameterName,
    TemplateUrl,
    each_once,
    show_cost,
)
from quintet_server.services.ghostflow.catalog.references import refuse_if_in_campaigns
from quintet_server.services.ghostflow.catalog.resource import (
    Resource,
    ResourceBody,
    Row,
    show_common,
)
from quintet_server.services.ghostflow.catalog.templates import TEMPLATES, Template
from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.wire import Name, ok
from quintet_server.store.database import Connection

__all__ = ["SOURCES", "CreateSource", "SourceBody", "create", "templates"]

StandardField = Literal[
    "externalId",
    "cost",
    "currency",
    "sub1",
    "sub2",
    "sub3",
    "sub4",
    "sub5",
    "sub6",
    "sub7",
    "sub8",
    "sub9",
    "sub10",
]

_PARAMS_MAX = 50
_BY_KEY = {template.key: template for template in TEMPLATES}


def _template_key(given: str) -> str:
    if given not in _BY_KEY:
        raise ValueError(f"must be one of {', '.join(_BY_KEY)}")
    return given


Params = Annotated[dict[ParameterName, StandardField], Field(max_length=_PARAMS_MAX)]
PostbackOn = Annotated[list[ConversionStatus], AfterValidator(each_once)]
TemplateKey = Annotated[str, AfterValidator(_template_key)]


def _approved() -> list[ConversionStatus]:
    return ["approved"]


class SourceBody(ResourceBody):
    """A change of a source."""

    postback_url: TemplateUrl | None = None
    postback_on: PostbackOn = Field(default_factory=_approved)
    params: Params = Field(default_factory=dict)
    cost: CostRule = CostRule(model="none")
    template_key: TemplateKey | None = None


class CreateSource(SourceBody):
    """A new source; a template fills in what is not said."""

    name: Name


async def create(call: Call, body: CreateSource) -> Response:
    """`POST /sources`: with `templateKey`, what the body leaves out comes from the template."""
    template = _BY_KEY.get(body.template_key or "")
    if template is not None:
        body = _filled(body, template)
    return await operations.create(SOURCES, call, body)


def _filled(body: CreateSource, template: Template) -> CreateSource:
    says = {
        "params": template.params,
        "postback_url": template.postback_url,
        "cost": CostRule(model=template.cost_model),
    }
    left_out = {name: value for name, value in says.items() if name not in body.model_fields_set}
    return body.model_copy(update=left_out)


async def templates(_call: Call) -> Response:
    """`GET /sources/templates`: the sources that are known by their parameters."""
    return ok([template.shown() for template in TEMPLATES])


def _show(_call: Call, row: Row) -> dict[str, Any]:
    return {
        **show_common(row),
        "postbackUrl": row["postback_url"],
        "postbackOn": row["postback_on"],
        "params": row["params"],
        "cost": show_cost(row["cost"], None),
        "templateKey": row["template_key"],
    }


async def _untie(call: Call, conn: Connection, row: Row) -> None:
    await refuse_if_in_campaigns(conn, call.team.id, "source", "source_id", row["id"])


SOURCES = Resource(
    noun="Source",
    plural="sources",
    table="ghostflow_sources",
    body=SourceBody,
    show=_show,
    json_columns=frozenset({"params", "cost"}),
    untie=_untie,
)
