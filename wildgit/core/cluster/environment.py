"""Environments: which branch deploys to which cluster.

`[wild-environment "production"] branch = main, kubeconfig = …, context = …` in git's configuration or in
`.wildconfig`. Without any, there is one cluster: the instance's own kubeconfig, or the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wildgit.errors import InputError

SECTION = "wild-environment."
DEFAULT_NAME = "default"


@dataclass(frozen=True)
class Environment:
    """One cluster, as the settings name it; None is what the settings leave open."""

    name: str = DEFAULT_NAME
    branch: str | None = None
    kubeconfig: str | None = None
    context: str | None = None


def find_environment(values: Mapping[str, str], branch: str | None, name: str | None) -> Environment:
    """Return the environment that a branch deploys to.

    Args:
        values: settings, lower-case key → value.
        branch: what is checked out; None when HEAD is detached.
        name: the environment that the user asks for; the branch decides when None.

    Raises:
        InputError: there is no environment of that name, or another branch deploys to it, or none is this
            branch's although there are environments.
    """
    environments = _read(values)
    if name is not None:
        if name not in environments:
            known = ", ".join(sorted(environments)) or "none"
            raise InputError(
                f"there is no environment {name!r}; there are: {known}",
                hint=f"git config wild-environment.{name}.kubeconfig FILE",
            )
        chosen = environments[name]
        if chosen.branch not in (None, branch):
            raise InputError(
                f"the environment {name} is deployed from the branch {chosen.branch}, not from "
                f"{branch or 'a detached HEAD'}",
                hint=f"git switch {chosen.branch}",
            )
        return chosen
    if not environments:
        return Environment()
    matching = [environment for environment in environments.values() if environment.branch == branch]
    if len(matching) == 1:
        return matching[0]
    listed = ", ".join(f"{e.name} ({e.branch or 'any branch'})" for e in environments.values())
    raise InputError(
        f"no environment is this branch's ({branch or 'detached HEAD'}); there are: {listed}"
        if not matching
        else f"several environments are deployed from {branch}: {', '.join(e.name for e in matching)}",
        hint="say which one: --env NAME",
    )


def _read(values: Mapping[str, str]) -> dict[str, Environment]:
    fields: dict[str, dict[str, str]] = {}
    for key, value in values.items():
        if key.startswith(SECTION):
            name, _, field = key.removeprefix(SECTION).rpartition(".")
            fields.setdefault(name, {})[field] = value
    return {
        name: Environment(name, found.get("branch"), found.get("kubeconfig"), found.get("context"))
        for name, found in fields.items()
        if name
    }
