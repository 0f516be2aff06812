"""What the configurations of all node types have in common: field kinds, templates, messages.

A field says how it meets the data of the run: as text (`Text`, `RequiredText`), as a value that
keeps its type (`Value` and every number, choice and flag), or not at all (everything else: names
and expressions). Where a template may stand, validation lets it pass, and the same rule is applied
to what it turned into when the node runs (:func:`~.resolving.resolved`).
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from quintet_server.services.flowmaestro.expressions.values import to_text

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Meets(Enum):
    """How a field meets the data of the run."""

    AS_TEXT = "text"
    AS_VALUE = "value"


def has_template(value: object) -> bool:
    """Whether a value is text with a placeholder in it."""
    return isinstance(value, str) and "{{" in value


def refusal(message: str, field: str = "") -> PydanticCustomError:
    """What a rule raises; a rule about the whole configuration names the `field` it is about."""
    # YAML can spell half a character, which nothing after this can write down.
    written = message.encode(errors="replace").decode()
    return PydanticCustomError("node_field", "{message}", {"message": written, "field": field})


class _Rule(ABC):
    """A rule that a template passes for now and what it turns into must keep."""

    meets = Meets.AS_VALUE

    @abstractmethod
    def check(self, value: Any) -> Any: ...

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._apply, handler(source))

    def _apply(
        self, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        if has_template(value) and not info.context:
            return value
        return value if value is None else handler(self.check(value))


@dataclass(frozen=True)
class Between(_Rule):
    """A number from `low` to `high`, both included; also written as text."""

    low: float
    high: float
    whole: bool = False

    def check(self, value: Any) -> Any:
        """The number. Raises naming the range."""
        number = _number_of(value)
        is_fine = number is not None and self.low <= number <= self.high
        if number is not None and is_fine and not (self.whole and number != int(number)):
            return int(number) if self.whole else number
        kind = "a whole number" if self.whole else "a number"
        limits = f" from {self.low:g} to {self.high:g}"
        if math.isinf(self.high):
            limits = "" if math.isinf(self.low) else f" of at least {self.low:g}"
        raise refusal(f"must be {kind}{limits}, not {_shown(value)}")


def _number_of(value: Any) -> float | int | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Choice(_Rule):
    """One of a few words, case ignored; `aliases` are other spellings of them."""

    words: tuple[str, ...]
    aliases: Mapping[str, str] | None = None

    def check(self, value: Any) -> str:
        """The word as this server spells it. Raises naming them all."""
        if isinstance(value, str):
            wanted = value.strip().lower()
            for word in self.words:
                if word.lower() == wanted:
                    return word
            for alias, word in (self.aliases or {}).items():
                if alias.lower() == wanted:
                    return word
        raise refusal(f"must be one of {', '.join(self.words)}, not {_shown(value)}")

    def __hash__(self) -> int:
        return hash(self.words)


@dataclass(frozen=True)
class Flag(_Rule):
    """true or false, also written as text."""

    def check(self, value: Any) -> bool:
        """The truth value. Raises for anything else."""
        if isinstance(value, bool):
            return value
        word = value.strip().lower() if isinstance(value, str) else ""
        if word in ("true", "false"):
            return word == "true"
        raise refusal(f"must be true or false, not {_shown(value)}")


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else to_text(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _as_text(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return to_text(value)
    if isinstance(value, str):
        return value
    raise refusal(f"must be text, not {_shown(value)}")


def _not_empty(value: str, info: ValidationInfo) -> str:
    # What a template turned into may be empty: then it is for the node to say what that means.
    if not value.strip() and not info.context:
        raise refusal("must not be empty")
    return value


Text = Annotated[str, BeforeValidator(_as_text), Meets.AS_TEXT]
RequiredText = Annotated[str, BeforeValidator(_as_text), AfterValidator(_not_empty), Meets.AS_TEXT]
Value = Annotated[Any, Meets.AS_VALUE]
Expression = Annotated[str, BeforeValidator(_as_text)]
"""Text that has a grammar of its own; whoever evaluates it sees to the placeholders in it."""
Name = Annotated[str, BeforeValidator(_as_text), AfterValidator(_not_empty)]


def _pairs(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [{"key": key, "value": item} for key, item in value.items()]
    return value


class Pair(BaseModel):
    """A name and a value, as in headers and query parameters. An editor leaves empty ones."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    key: Text = ""
    value: Value = ""


Pairs = Annotated[tuple[Pair, ...], BeforeValidator(_pairs), Meets.AS_VALUE]
"""`[{key, value}]`, or a plain object."""


class NodeConfig(BaseModel):
    """A node's configuration: camelCase outside; a null for an optional field means absent.

    What it does not know is ignored: definitions of the editor carry labels and colours here.
    """

    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=to_camel, arbitrary_types_allowed=True
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            raise refusal("config must be an object")
        kept = dict(given)
        for name, info in cls.model_fields.items():
            if info.is_required() or _is_plain_value(info):
                continue
            for spelling in spellings(name, info):
                if spelling in kept and kept[spelling] is None:
                    del kept[spelling]
        return kept


def spellings(name: str, info: FieldInfo) -> list[str]:
    """Every key under which a field may be given, the preferred one first."""
    alias = info.validation_alias
    choices = getattr(alias, "choices", None) or [alias]
    return [choice for choice in choices if isinstance(choice, str)] + [name]


def meets(info: FieldInfo) -> Meets | None:
    """How a field meets the data of the run; None: not at all."""
    for mark in info.metadata:
        if isinstance(mark, Meets):
            return mark
        if isinstance(mark, _Rule):
            return mark.meets
    return None


def _is_plain_value(info: FieldInfo) -> bool:
    return Meets.AS_VALUE in info.metadata and info.annotation is Any
