"""What the operations on objects take and give."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from quintet_server.services.aerostack.endpoints import Body
from quintet_server.services.aerostack.storage.urls import EXPIRES_MAX_SECONDS

LIST_MAX_COUNT = 1000


class ObjectKey(Body):
    """One object."""

    key: str


class ObjectUrl(ObjectKey):
    """One object, and for how many seconds its URL is to work; absent: as the operator has it."""

    expires_in: int | None = Field(default=None, ge=1, le=EXPIRES_MAX_SECONDS)


class ObjectList(Body):
    """Some objects in the order of their keys' bytes."""

    prefix: str = ""
    limit: int = Field(default=100, ge=1, le=LIST_MAX_COUNT)
    cursor: str | None = None


class TwoKeys(Body):
    """From one key to another."""

    source_key: str
    dest_key: str


class Answer(BaseModel):
    """For the document: camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel)


class Done(Answer):
    """It is done, or was so before."""

    success: bool


class Exists(Answer):
    """Whether there is one."""

    exists: bool


class Url(Answer):
    """Where an object can be fetched without a key."""

    url: str


class Placed(Done, Url):
    """Where the object is now."""


class ListedObject(Answer):
    """One object of a list."""

    key: str
    size: int
    last_modified: str
    content_type: str
    etag: str


class Listed(Answer):
    """A page of a list; `cursor` is there if more follow."""

    objects: list[ListedObject]
    truncated: bool
    cursor: str | None = None


class Metadata(Exists):
    """All that is known of an object; of one that is not there, that."""

    size: int | None = None
    content_type: str | None = None
    last_modified: str | None = None
    etag: str | None = None
    metadata: dict[str, str] | None = None
