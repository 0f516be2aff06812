"""``quintet settings``: every setting with its value and where the value comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quintet_server.cli.options import DataDir
from quintet_server.cli.unknown import warn_of_unknown_variables

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings

_UNITS = ("seconds", "ms", "bytes", "count", "chars", "tokens", "days", "hours", "cents", "rows")
_PAGE_HEAD = """\
# Settings

Every number and switch of the server is an environment variable. A command-line option wins over
the environment, the environment over the default. `quintet settings` shows the values in force and
where each comes from; this page is printed by `quintet settings --markdown`."""
_SECRET = ("password", "secret", "database_url", "base_url")


def settings(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page of the documentation: defaults only.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Show every setting: name of its variable, value, unit, source and what it does."""
    if as_markdown:
        typer.echo(page(), nl=False)
        return
    warn_of_unknown_variables(variables())
    rows = [row for group in groups() for row in rows_of(group, {"data_dir": data_dir})]
    if as_json:
        import orjson

        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2, default=str).decode())
        return
    for row in rows:
        unit = f" {row['unit']}" if row["unit"] else ""
        typer.echo(f"{row['variable']}: {row['value']}{unit} ({row['source']})")
        typer.echo(f"    {row['text']}")


def groups() -> list[type[BaseSettings]]:
    """Return the classes that declare settings: the server's, the engines', the services'."""
    from quintet_server import settings as own
    from quintet_server.engines.callables.settings import CallableSettings
    from quintet_server.engines.chat.settings import AiSettings
    from quintet_server.engines.embed.settings import EmbedSettings
    from quintet_server.engines.hooks.settings import HookSettings
    from quintet_server.engines.identity.settings import PasswordSettings, TokenSettings
    from quintet_server.engines.kv.settings import KvSettings
    from quintet_server.engines.objects.settings import ObjectSettings
    from quintet_server.engines.runs.settings import RunSettings
    from quintet_server.engines.sql.settings import SqlSettings
    from quintet_server.engines.sqlite.settings import SqliteSettings
    from quintet_server.engines.texts.settings import TextSettings
    from quintet_server.engines.work.settings import WorkSettings
    from quintet_server.services import load_services
    from quintet_server.services.flowmaestro.knowledge.settings import KnowledgeSettings

    declared = [service.settings for service in load_services() if service.settings is not None]
    return [
        *(own.ServerSettings, own.StoreSettings, own.HttpSettings, own.LogSettings),
        *(WorkSettings, HookSettings, RunSettings, AiSettings, EmbedSettings, TextSettings),
        *(CallableSettings, KvSettings, ObjectSettings, PasswordSettings, SqliteSettings),
        SqlSettings,
        TokenSettings,
        *declared,
        KnowledgeSettings,
    ]


def mistakes_in(error: ValidationError) -> str:
    """Return what is wrong with a setting, by the name of its variable."""
    from pydantic_settings import BaseSettings

    # Not by groups(): listing them makes the services, which read their settings, mistakes and all.
    declared = {group.__name__: group for group in BaseSettings.__subclasses__()}.get(error.title)
    lines = []
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else error.title
        if declared is not None and name in declared.model_fields:
            name = _variables(declared, name, declared.model_fields[name])[0]
        said = problem["msg"].removeprefix("Value error, ")  # pydantic's, before words of ours
        lines.append(f"{name}: {said} (given: {problem['input']!r})")
    return "; ".join(lines)


def page() -> str:
    """Return the documentation's page of settings: every group with its defaults."""
    parts = [_PAGE_HEAD]
    for group in groups():
        parts.append(f"\n## {_title(group)}\n\n{_first_line(group)}\n")
        parts.append("| variable | default | unit | what it does |\n|---|---|---|---|")
        for name, declared in group.model_fields.items():
            variable = _variables(group, name, declared)[0]
            default = _shown(name, declared.get_default(call_default_factory=True))
            text = (declared.description or "").replace("|", "\\|")
            parts.append(f"| `{variable}` | `{default}` | {_unit(name)} | {text} |")
    return "\n".join(parts) + "\n"


def variables() -> list[str]:
    """Return the names of all variables, those of lesser rank (``DATABASE_URL``) too."""
    return [
        variable
        for group in groups()
        for name, declared in group.model_fields.items()
        for variable in _variables(group, name, declared)
    ]


def _title(group: type[BaseSettings]) -> str:
    return group.__name__.removesuffix("Settings")


def _first_line(group: type[BaseSettings]) -> str:
    return (group.__doc__ or "").strip().splitlines()[0]


def rows_of(group: type[BaseSettings], options: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row per setting of a class. Passwords and the like are not shown."""
    given = {
        name: value
        for name, value in options.items()
        if value is not None and name in group.model_fields
    }
    values = group(**given)
    return [
        {
            "variable": _variables(group, name, declared)[0],
            "value": _shown(name, getattr(values, name)),
            "unit": _unit(name),
            "source": _source(_variables(group, name, declared), name in given),
            "text": declared.description or "",
        }
        for name, declared in group.model_fields.items()
    ]


def _variables(group: type[BaseSettings], name: str, declared: FieldInfo) -> list[str]:
    choices = getattr(declared.validation_alias, "choices", None)
    if choices:
        return [str(choice) for choice in choices]
    return [f"{group.model_config.get('env_prefix', '')}{name}".upper()]


def _source(variables: list[str], is_option: bool) -> str:
    if is_option:
        return "option"
    # Variable names are matched without regard to case, as pydantic-settings does.
    present = {name.upper() for name in os.environ}
    for variable in variables:
        if variable in present:
            return f"environment ({variable})"
    return "default"


def _unit(name: str) -> str:
    last = name.rpartition("_")[2]
    return last if last in _UNITS else ""


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return str(value).lower()
    if any(word in name for word in _SECRET):
        return _without_password(str(value))
    return str(value)


def _without_password(url: str) -> str:
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(parts.password, "***")))
