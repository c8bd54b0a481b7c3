"""`git wild config`: read and edit config.yaml under its lock, comments kept."""

from __future__ import annotations

import click

from wildgit.errors import NO, OK, UsageError


@click.group()
def config() -> None:
    """Get, set or unset a value of config.yaml, from its root: apps.ghost.port."""


@config.command("get")
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print the value as JSON.")
def get_command(path: str, as_json: bool) -> int:
    """Print the value at PATH; exit code 1 where there is none."""
    from wildgit.adapters import terminal
    from wildgit.adapters.instance import Instance
    from wildgit.core.yaml_edit import get_value, parse_path
    from wildgit.core.yaml_text import dump_yaml

    try:
        value = get_value(Instance.find().config(), parse_path(path))
    except KeyError:
        terminal.remark(f"{path} is not set")
        return NO
    if as_json:
        terminal.say_json(value)
    elif isinstance(value, dict | list):
        terminal.say(dump_yaml(value).rstrip("\n"))
    else:
        terminal.say(_shown(value))
    return OK


@config.command("set")
@click.argument("path")
@click.argument("value")
@click.option("--string", "as_string", is_flag=True, help="VALUE is a string, whatever it looks like.")
def set_command(path: str, value: str, as_string: bool) -> int:
    """Set PATH to VALUE, which is read as YAML; a string stays a string."""
    from wildgit.adapters import terminal
    from wildgit.adapters.instance import CONFIG, Instance
    from wildgit.core.yaml_edit import get_value, parse_path, set_value
    from wildgit.core.yaml_values import load_mapping

    instance = Instance.find()
    where = parse_path(path)
    with instance.config_locked():
        text = instance.config_text()
        try:
            old = get_value(load_mapping(text, CONFIG), where)
        except KeyError:
            old = None
        new = value if as_string or isinstance(old, str) else _parse(value)
        edited = set_value(text, where, new, CONFIG)
        if edited != text:
            instance.write_config(edited)
    if where[0] == "apps" and len(where) > 1:
        if where[1] in instance.app_names():
            terminal.remark(f"hint: git wild compile {where[1]} renders it into apps/{where[1]}")
        else:
            terminal.warn(f"no app {where[1]} is installed, so nothing reads this")
    return OK


@config.command("unset")
@click.argument("path")
def unset_command(path: str) -> int:
    """Remove PATH; exit code 1 where it was not set."""
    from wildgit.adapters import terminal
    from wildgit.adapters.instance import CONFIG, Instance
    from wildgit.core.yaml_edit import parse_path, unset_value

    instance = Instance.find()
    with instance.config_locked():
        try:
            edited = unset_value(instance.config_text(), parse_path(path), CONFIG)
        except KeyError:
            terminal.remark(f"{path} is not set")
            return NO
        instance.write_config(edited)
    return OK


def _shown(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parse(value: str) -> object:
    from wildgit.core.yaml_values import load_yaml
    from wildgit.errors import InputError

    try:
        return load_yaml(value, "VALUE")
    except InputError as error:
        raise UsageError(error.message, hint="--string takes it as it is") from error


command = config
