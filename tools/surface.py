"""The public surface of a package as lines of text: names, kinds, signatures, values."""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import inspect
import re
import types
import typing
from collections.abc import Iterator
from typing import Any

from tools.layout import Package

_STARS: dict[Any, str] = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}
ADDRESS = re.compile(r"<([\w.]+)(?:[^<>]|<[^<>]*>)* at 0x[0-9a-f]+>")


def facets(package: Package) -> list[str]:
    """The modules users import from: the root, and public modules beside it with an `__all__`.

    A package without `py.typed` is no library: only its root counts.
    """
    root = package.import_name
    found = [root]
    if not package.is_typed:
        return found
    for module in package.modules():
        parts = module.split(".")
        if len(parts) == 2 and not parts[1].startswith("_"):
            found.append(module)
    return [name for name in found if name == root or hasattr(_loaded(name), "__all__")]


def surface(package: Package) -> list[str]:
    """Every public name of every facet, one line each, sorted within its facet."""
    lines: list[str] = []
    shown: dict[int, str] = {}
    for facet in facets(package):
        module = _loaded(facet)
        for name in sorted(getattr(module, "__all__", [])):
            value = getattr(module, name)
            full = f"{facet}.{name}"
            if isinstance(value, type | types.FunctionType) and id(value) in shown:
                lines.append(f"{full} = {shown[id(value)]}")
                continue
            shown[id(value)] = full
            lines += _described(full, value, package.import_name)
    return lines


def _loaded(name: str) -> types.ModuleType:
    return importlib.import_module(name)


def _described(full: str, value: Any, ours: str) -> Iterator[str]:
    if inspect.isclass(value):
        yield from _class(full, value, ours)
    elif inspect.isfunction(value):
        yield f"{full}{_signature(value)}"
    elif inspect.ismodule(value):
        yield f"{full}: module"
    elif callable(value) and not _is_typing(value):
        yield f"{full}: {type(value).__name__}"
    else:
        yield f"{full}: {_value(value)}"


def _class(full: str, value: type, ours: str) -> Iterator[str]:
    bases = ", ".join(_name(base) for base in value.__bases__ if base is not object)
    if typing.is_typeddict(value):
        yield f"{full}: TypedDict"
        for key, kind in sorted(_annotations(value).items()):
            optional = _may_be_absent(key, kind, value)
            yield f"{full}[{key!r}]: {kind}{' (may be absent)' if optional else ''}"
        return
    yield f"{full}: class({bases}){_constructor(value)}"
    if issubclass(value, enum.Enum):
        for member in value:
            yield f"{full}.{member.name} = {member.value!r}"
    for name, member in sorted(_members(value, ours).items()):
        yield from _member(f"{full}.{name}", member)
    if not dataclasses.is_dataclass(value):
        for name, kind in sorted(vars(value).get("__annotations__", {}).items()):
            if not name.startswith("_") and name not in vars(value):
                yield f"{full}.{name}: {_text(kind)}"


def _members(value: type, ours: str) -> dict[str, Any]:
    """Public members that the class defines, or takes from a private base of the package."""
    found: dict[str, Any] = {}
    hidden = set(dir(enum.Enum)) if issubclass(value, enum.Enum) else set()
    for base in reversed(value.__mro__):
        mine = base is value or base.__name__.startswith("_")
        if not mine or base.__module__.split(".")[0] not in (ours, "quintet"):
            continue
        for name, member in vars(base).items():
            if not name.startswith("_") and name not in hidden:
                found[name] = member
    if issubclass(value, enum.Enum):
        return {name: each for name, each in found.items() if name not in value.__members__}
    return found


def _member(full: str, member: Any) -> Iterator[str]:
    if isinstance(member, classmethod | staticmethod):
        yield f"{full}{_signature(member.__func__)} {type(member).__name__}"
    elif isinstance(member, property):
        settable = ", settable" if member.fset else ""
        kind = _text(getattr(member.fget, "__annotations__", {}).get("return", "?"))
        yield f"{full}: {kind} (property{settable})"
    elif isinstance(member, functools.cached_property):
        # An attribute that is made when first read, and nothing that a caller can tell from one.
        yield f"{full}: {_text(member.func.__annotations__.get('return', '?'))}"
    elif inspect.isfunction(member):
        yield f"{full}{_signature(member)}"
    elif inspect.isclass(member):
        yield f"{full}: class"
    elif isinstance(member, types.MemberDescriptorType):
        yield f"{full}: attribute"
    else:
        yield f"{full}: {_value(member)}"


def _constructor(value: type) -> str:
    """The parameters of a class that defines its own; what `Exception` takes is no news."""
    if issubclass(value, enum.Enum) or getattr(value, "_is_protocol", False):
        return ""
    if "__init__" not in vars(value) and not dataclasses.is_dataclass(value):
        return ""
    return " " + _signature(value.__init__).removesuffix(" -> None")


def _signature(function: Any) -> str:
    try:
        signature = inspect.signature(function)
    except ValueError:  # some builtins tell nobody what they take
        return "(...)"
    parts: list[str] = []
    kinds = inspect.Parameter
    starred = False
    positional_only = False
    for parameter in list(signature.parameters.values())[_bound_count(signature) :]:
        if positional_only and parameter.kind is not kinds.POSITIONAL_ONLY:
            parts.append("/")
        positional_only = parameter.kind is kinds.POSITIONAL_ONLY
        if parameter.kind is kinds.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        starred = starred or parameter.kind is kinds.VAR_POSITIONAL
        parts.append(_parameter(parameter))
    if positional_only:
        parts.append("/")
    returned = signature.return_annotation
    arrow = "" if returned is signature.empty else f" -> {_text(returned)}"
    prefix = "async " if inspect.iscoroutinefunction(function) else ""
    return f"({', '.join(parts)}){arrow}" + (f" [{prefix.strip()}]" if prefix else "")


def _bound_count(signature: inspect.Signature) -> int:
    """How many leading parameters Python fills in: `self` or `cls`."""
    return int(next(iter(signature.parameters), "") in ("self", "cls"))


def _parameter(parameter: inspect.Parameter) -> str:
    text = _STARS.get(parameter.kind, "") + parameter.name
    if parameter.annotation is not parameter.empty:
        text += f": {_text(parameter.annotation)}"
    if parameter.default is not parameter.empty:
        text += f" = {_value(parameter.default)}"
    return text


def _annotations(value: type) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in reversed(getattr(value, "__orig_bases__", ())):
        if typing.is_typeddict(base):
            found |= _annotations(base)
    return found | {name: _text(kind) for name, kind in value.__annotations__.items()}


def _may_be_absent(key: str, kind: str, value: type) -> bool:
    # With postponed annotations the class itself cannot know: the qualifier is part of a string.
    if re.match(r"(\w+\.)?(Not)?Required\[", kind):
        return "NotRequired[" in kind.split("Required[")[0] + "Required["
    return key in getattr(value, "__optional_keys__", ())


def _text(annotation: Any) -> str:
    if isinstance(annotation, typing.ForwardRef):
        return annotation.__forward_arg__
    if isinstance(annotation, str):
        return annotation
    return _name(annotation) if isinstance(annotation, type) else repr(annotation)


def _name(value: type) -> str:
    return value.__qualname__ if not hasattr(value, "__args__") else repr(value)


def _value(value: Any) -> str:
    if isinstance(value, frozenset | set):
        return f"{type(value).__name__}({{{', '.join(sorted(map(repr, value)))}}})"
    text = ADDRESS.sub(r"<\1>", repr(value))
    return text if len(text) <= 200 else f"{text[:197]}..."


def _is_typing(value: Any) -> bool:
    return type(value).__module__ in ("typing", "types", "typing_extensions")
