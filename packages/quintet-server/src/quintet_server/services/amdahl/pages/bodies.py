"""What is sent about pages, and what their names, tags and grants may look like."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from quintet_server.services.amdahl.endpoints import Body

__all__ = ["ChangePage", "CreatePage", "EmbedPage", "RestorePage", "ValidatePage"]

_NAME_MAX_CHARS = 200
_DESCRIPTION_MAX_CHARS = 2000
_TAGS_MAX_COUNT, _TAG_MAX_CHARS = 20, 50


def _name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= _NAME_MAX_CHARS:
        raise ValueError(f"must have 1 to {_NAME_MAX_CHARS} characters")
    return _stored(name)


def _description(text: str) -> str:
    if len(text) > _DESCRIPTION_MAX_CHARS:
        raise ValueError(f"must have at most {_DESCRIPTION_MAX_CHARS} characters")
    return _stored(text)


def _tags(tags: list[str]) -> list[str]:
    """Each once, in their order."""
    found = list(dict.fromkeys(_stored(tag.strip()) for tag in tags))
    if len(found) > _TAGS_MAX_COUNT:
        raise ValueError(f"must have at most {_TAGS_MAX_COUNT} tags")
    if not all(1 <= len(tag) <= _TAG_MAX_CHARS for tag in found):
        raise ValueError(f"must be tags of 1 to {_TAG_MAX_CHARS} characters")
    return found


def _grants(roles: list[str]) -> list[str]:
    return list(dict.fromkeys(roles))


def _stored(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain the character NUL")
    return text


Name = Annotated[str, AfterValidator(_name)]
Description = Annotated[str, AfterValidator(_description)]
Tags = Annotated[list[str], AfterValidator(_tags)]
Role = Literal["viewer", "editor", "admin", "owner"]
Grants = Annotated[list[Role], AfterValidator(_grants)]


class PageBody(Body):
    """Fields that are not known are ignored, but for known ones written in camel case.

    A page without the queries that its writer believed to declare would be refused for other
    reasons, or shown empty.
    """

    @model_validator(mode="before")
    @classmethod
    def _no_camel_case(cls, given: Any) -> Any:
        for name in cls.model_fields:
            first, *rest = name.split("_")
            camel = first + "".join(word.title() for word in rest)
            if rest and isinstance(given, dict) and camel in given:
                raise ValueError(f"{camel} is called {name}")
        return given


class CreatePage(PageBody):
    """A new page; it begins as a draft."""

    name: Name
    spec: Any
    """The tree of components; see `POST /pages/validate` for what may stand in it."""
    description: Description | None = None
    tags: Tags | None = None
    declared_queries: Any = None
    """A list of `{name, source, sql | query, target?, params?}`."""
    page_grants: Grants | None = None
    """The roles that may see it; none: everyone. Owners see every page."""


class ChangePage(PageBody):
    """What changes; what is not sent stays. Lists and the spec are replaced as a whole."""

    name: Name | None = None
    spec: Any = None
    description: Description | None = None
    tags: Tags | None = None
    declared_queries: Any = None
    page_grants: Grants | None = None
    status: Literal["draft", "published", "archived"] | None = None
    expected_version: int | None = Field(default=None, ge=1)
    """The version this change was made for; another one is refused."""


class ValidatePage(PageBody):
    """A page that is only looked at."""

    spec: Any = None
    declared_queries: Any = None


class RestorePage(PageBody):
    """A version that is to be the present one again."""

    version: int = Field(ge=1)
    expected_version: int | None = Field(default=None, ge=1)


class EmbedPage(PageBody):
    """Who is to see a page elsewhere, where, and for how long."""

    audience: Literal["self", "workspace", "public"]
    ttl_seconds: int = Field(default=3600, ge=60, le=86_400)
    rules: dict[str, Any] | None = None
    """Values of the page's parameters that whoever sees it cannot change."""
    origins: list[str] | None = None
    """Sites that may show it in a frame."""
