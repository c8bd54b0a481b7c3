"""Environments: which branch deploys to which cluster.

`[wild-environment "production"] branch = main, kubeconfig = …, context = …` in git's configuration or in
`.wildconfig`. Without any, there is one cluster: the instance's own kubeconfig, or the user's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wildgit.errors import InputError

SECTION = "wild-environment."
DEFAULT_NAME = "default"
_FIELDS = ("branch", "kubeconfig", "context", "exclude")
# A name is a part of a ref: refs/wild/deployed/NAME/APP.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.|$|lock$))*")


class NoEnvironment(InputError):
    """The settings name environments, and none of them is meant."""


@dataclass(frozen=True)
class Environment:
    """One cluster, as the settings name it; None is what the settings leave open.

    Attributes:
        name: of the section.
        branch: what is deployed to it; None where every branch may be, if it is asked for by name.
        kubeconfig: a path, from the root of the instance.
        context: in that kubeconfig.
        exclude: apps that `deploy --changed` leaves out.
    """

    name: str = DEFAULT_NAME
    branch: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    exclude: tuple[str, ...] = ()


def find_environment(
    values: Mapping[str, str], branches: Sequence[str], name: str | None, *, from_any_branch: bool = False
) -> Environment:
    """Return the environment that a branch deploys to.

    Args:
        values: settings, lower-case key → value.
        branches: what is checked out; with a detached HEAD the branches whose tip it is.
        name: the environment that the user asks for; the branch decides when None.
        from_any_branch: an environment that is asked for by name may be another branch's: it is only read.

    Raises:
        NoEnvironment: there is none of that name, or another branch deploys to it, or none is this branch's
            although there are environments.
        InputError: a section can't be one.
    """
    environments = read_environments(values)
    if name is not None:
        chosen = _named(environments, name)
        if from_any_branch or chosen.branch is None or chosen.branch in branches:
            return chosen
        raise NoEnvironment(
            f"the environment {name} is deployed from the branch {chosen.branch}, not from {_said(branches)}",
            hint=f"git switch {chosen.branch}",
        )
    if not environments:
        return Environment()
    matching = [environment for environment in environments.values() if environment.branch in branches]
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = ", ".join(environment.name for environment in matching)
        raise NoEnvironment(
            f"several environments are deployed from {_said(branches)}: {names}",
            hint="choose one: --env NAME",
        )
    listed = ", ".join(f"{e.name} ({e.branch or 'any branch'})" for e in environments.values())
    raise NoEnvironment(
        f"no environment is deployed from {_said(branches)}; there are: {listed}",
        hint="choose one: --env NAME, or give it this branch: git config wild-environment.NAME.branch BRANCH",
    )


def environments_of(values: Mapping[str, str], branch: str) -> list[Environment]:
    """Return the environments that a branch is deployed to: none, one, or more.

    Raises:
        InputError: a section can't be one.
    """
    return [environment for environment in read_environments(values).values() if environment.branch == branch]


def _named(environments: Mapping[str, Environment], name: str) -> Environment:
    if name in environments:
        return environments[name]
    known = ", ".join(sorted(environments)) or "none"
    raise NoEnvironment(
        f"there is no environment {name!r}; there are: {known}",
        hint=f"git config wild-environment.{name}.kubeconfig FILE",
    )


def _said(branches: Sequence[str]) -> str:
    return " or ".join(branches) or "a detached HEAD"


def read_environments(values: Mapping[str, str]) -> dict[str, Environment]:
    """Return every environment that the settings have: name → environment.

    Raises:
        InputError: a section can't be one.
    """
    fields: dict[str, dict[str, str]] = {}
    for key, value in values.items():
        if key.startswith(SECTION):
            name, _, field = key.removeprefix(SECTION).rpartition(".")
            if field not in _FIELDS:  # overlooked, a misspelt kubeconfig would mean another cluster
                raise InputError(f"{key} is no setting; an environment has {', '.join(_FIELDS)}")
            fields.setdefault(name, {})[field] = value
    return {name: _environment(name, found) for name, found in fields.items()}


def _environment(name: str, fields: Mapping[str, str]) -> Environment:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} can't be the name of an environment",
            hint='[wild-environment "NAME"], of letters, digits, . _ -',
        )
    return Environment(
        name,
        fields.get("branch") or None,
        fields.get("kubeconfig") or None,
        fields.get("context") or None,
        tuple(fields.get("exclude", "").split()),
    )
