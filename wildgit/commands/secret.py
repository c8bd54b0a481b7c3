"""`git wild secret`: list, set and rotate the keys of secrets.yaml; values are never printed."""

from __future__ import annotations

import sys

import click

from wildgit.errors import OK, UsageError


@click.group()
def secret() -> None:
    """List, set and rotate secrets; their values are never printed."""


@secret.command("list")
@click.argument("app", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
def list_command(app: str | None, as_json: bool) -> int:
    """List the keys of secrets.yaml, as apps.APP.KEY."""
    from wildgit.adapters import terminal
    from wildgit.adapters.instance import Instance, section

    values = section(Instance.find().secrets(), "apps")
    found = [
        f"apps.{name}.{key}"
        for name in sorted(values)
        if app in (None, name)
        for key in sorted(section(values, name))
    ]
    if as_json:
        terminal.say_json(found)
    else:
        for path in found:
            terminal.say(path)
    return OK


@secret.command("set")
@click.argument("path")
@click.option("--generate", is_flag=True, help="Make 32 random characters instead of reading a value.")
def set_command(path: str, generate: bool) -> int:
    """Set apps.APP.KEY to what is typed, or to standard input.

    The value is no argument: arguments are seen by everybody on the machine and stay in the history.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.instance import SECRETS, Instance
    from wildgit.adapters.new_secrets import generate_secret
    from wildgit.core.yaml_edit import parse_path, set_value

    instance = Instance.find()
    where = parse_path(path)
    installed = instance.app_names()
    if where[0] in installed:  # APP.KEY, as `rotate` takes it
        where = ("apps", *where)
    if len(where) < (3 if where[0] == "apps" else 2):
        raise UsageError(f"{path!r} is not of the form apps.APP.KEY", hint="git wild secret list")
    name = ".".join(where)
    value = generate_secret() if generate else _read_value(name)
    with instance.secrets_locked():
        instance.write_secrets(set_value(instance.secrets_text(), where, value, SECRETS))
    terminal.remark(f"{name} is set; git wild deploy brings it to the cluster")
    if where[0] == "apps" and where[1] not in installed:
        terminal.warn(f"no app {where[1]} is installed, so nothing reads this")
    return OK


@secret.command("rotate")
@click.argument("secret_name", metavar="APP.KEY")
@click.option("--deploy", "is_deployed", is_flag=True, help="Then deploy the app and those that require it.")
def rotate_command(secret_name: str, is_deployed: bool) -> int:
    """Give a secret 32 new random characters.

    What contains it in the same app changes with it; copies in other apps follow when those are deployed.
    A deploy restarts the workloads that use it and runs their database jobs again.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.cluster.deploy_run import DeployRun, RunOptions
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.new_secrets import generate_secret
    from wildgit.adapters.secret_rotation import rotate

    app, _, key = secret_name.removeprefix("apps.").partition(".")
    if not key:
        raise UsageError(f"{secret_name!r} is not of the form APP.KEY", hint="git wild secret list")
    instance = Instance.find()
    instance.require_apps((app,))
    changed, apps = rotate(instance, app, key, generate_secret())
    for name in changed:
        terminal.remark(f"apps.{app}.{name} is new")
    if is_deployed:
        DeployRun.open(instance, RunOptions()).deploy(apps)
    else:
        terminal.remark(f"hint: git wild deploy {' '.join(apps)}")
    return OK


def _read_value(path: str) -> str:
    if sys.stdin.isatty():
        value: str = click.prompt(path, hide_input=True, confirmation_prompt=True, err=True)
        return value
    value = sys.stdin.read()
    # `echo password | git wild secret set …` means no newline; a key in PEM form keeps its own.
    value = value.removesuffix("\n") if value.count("\n") == 1 else value
    if not value:
        raise UsageError("no value on standard input", hint=f"git wild secret set {path} --generate")
    return value


command = secret
