"""What services and consumers may lead to, as definition files say it and the tables keep it.

Either `url`, with `method` and `headers`, or `callable`: `functions.py:name`, relative to the
definition file. What is stored has the absolute path.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from quintet_server.definitions.apply import DefinitionError
from quintet_server.definitions.kinds import Report
from quintet_server.engines.callables import Target
from quintet_server.engines.callables.lookup import problem_of
from quintet_server.engines.hooks.target import TargetRefused, check_url
from quintet_server.settings import ServerSettings

TIMEOUT_MAX_SECONDS = 3600.0
HEADERS_MAX_COUNT = 50

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]{0,4000}")
# What describes the message or the connection is ours to say.
_OWN_HEADERS = frozenset(
    {
        *("connection", "content-encoding", "content-length", "expect", "host", "keep-alive"),
        *("te", "trailer", "transfer-encoding", "upgrade", "accept-encoding"),
    }
)


class Spec(BaseModel):
    """A part of a definition: camelCase names, exact types, nothing unknown."""

    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=False
    )


class TargetSpec(Spec):
    """A URL or a function."""

    url: str | None = None
    callable: str | None = None
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict, max_length=HEADERS_MAX_COUNT)

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name[:100]!r} is no name of a header")
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"{name} is set by the server")
            if not _HEADER_VALUE.fullmatch(value):
                raise ValueError(f"{name} must be printable ASCII, at most 4000 characters")
        return headers

    @model_validator(mode="after")
    def _is_one_of_two(self) -> TargetSpec:
        if (self.url is None) == (self.callable is None):
            raise ValueError("needs either url or callable, not both")
        if self.callable is not None and (self.headers or self.method != "POST"):
            raise ValueError("method and headers belong to a url, not to a callable")
        return self


def read_target(file: Path, spec: Any, report: Report, *place: str) -> Any:
    """The spec with an absolute path to its function; reports what is wrong with its target."""
    if spec.url is not None:
        _check_url(spec.url, report, *place)
        return spec
    try:
        target = Target.parse(spec.callable)
    except ValueError as error:
        report(str(error), *place, "callable")
        return spec
    found = Target((file.parent / target.file).resolve(), target.function)
    problem = problem_of(found)
    if problem is not None:
        report(problem, *place, "callable")
    return spec.model_copy(update={"callable": str(found)})


def _check_url(url: str, report: Report, *place: str) -> None:
    try:
        check_url(url, allow_private=True)
        if not ServerSettings().allow_private_targets:
            _warn_of_private(url, report, *place)
    except TargetRefused as refusal:
        report(str(refusal), *place, "url")


def _warn_of_private(url: str, report: Report, *place: str) -> None:
    """The server decides when it calls, and it may have been told other things than we."""
    try:
        check_url(url)
    except TargetRefused as refusal:
        report(f"{refusal}; the server refuses it otherwise", *place, "url", fatal=False)


def check_name(name: str) -> None:
    """Raise DefinitionError for a name that could not be asked for."""
    if not _NAME.fullmatch(name):
        raise DefinitionError(
            f"the name {name[:100]!r} must be 1 to 100 of the characters A-Z a-z 0-9 . _ -, "
            "a letter or digit first"
        )
