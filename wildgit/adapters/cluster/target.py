"""Which cluster an instance is deployed to, opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, replace
from pathlib import Path

from wildgit.adapters import terminal
from wildgit.adapters.cluster.api_server import Patience
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.kubeconfig import NoCluster
from wildgit.adapters.git.process import try_git
from wildgit.adapters.instance import KUBECONFIG, Instance
from wildgit.adapters.settings import REMOTE as UPSTREAM
from wildgit.adapters.settings import Settings
from wildgit.core.cluster.environment import Environment, find_environment
from wildgit.errors import InputError

_BRIEF_S = 3.0
_HEADS, _REMOTES = "refs/heads/", "refs/remotes/"


def open_cluster(
    instance: Instance,
    settings: Settings,
    name: str | None = None,
    *,
    is_brief: bool = False,
    reads_only: bool = False,
) -> tuple[Cluster, Environment]:
    """Return the cluster of the environment `name`, or of the current branch's; nothing is sent to it yet.

    Args:
        instance: whose cluster it is.
        settings: in force there.
        name: of an environment.
        is_brief: somebody looks on: give up on a silent cluster after a few seconds.
        reads_only: nothing will be written, so an environment that is named may be another branch's.

    Raises:
        NoEnvironment: the settings have environments, and none is meant.
        InputError: its kubeconfig can't be used.
        ClusterError: no kubeconfig says which cluster it is.
    """
    branches = checked_out(instance.root)
    environment = find_environment(settings.values, branches, name, from_any_branch=reads_only)
    return connect(instance, settings, environment, is_brief=is_brief), environment


def connect(
    instance: Instance, settings: Settings, environment: Environment, *, is_brief: bool = False
) -> Cluster:
    """Return the cluster of an environment; see `open_cluster`.

    From now on the secrets of the instance are masked in all that is printed: the cluster knows them, too.
    """
    with suppress(InputError):  # who needs the secrets will say what is wrong with them
        terminal.add_mask(instance.mask())
    patience = read_patience(settings)
    if is_brief:
        patience = Patience(*(min(seconds, _BRIEF_S) for seconds in astuple(patience)))
    return Cluster.connect(_kubeconfig(instance, environment), environment.context, patience)


def checked_out(root: Path) -> tuple[str, ...]:
    """Return the branch that is checked out.

    With a detached HEAD, as some CI leaves it, these are the branches whose tip it is, here or on a remote.
    """
    done = try_git(["symbolic-ref", "--quiet", "HEAD"], cwd=root)
    if done.returncode == 0:
        return (os.fsdecode(done.stdout).strip().removeprefix(_HEADS),)
    places = [_HEADS, _REMOTES]
    done = try_git(["for-each-ref", "--points-at=HEAD", "--format=%(refname)", *places], cwd=root)
    refs = os.fsdecode(done.stdout).split()
    local = [ref.removeprefix(_HEADS) for ref in refs if ref.startswith(_HEADS)]
    remote = [ref.removeprefix(_REMOTES).partition("/") for ref in refs if ref.startswith(_REMOTES)]
    return tuple(dict.fromkeys([*local, *(branch for where, _, branch in remote if where != UPSTREAM)]))


def read_patience(settings: Settings) -> Patience:
    """Return how long to wait for the API server: `wild.requestTimeout`, `wild.outageTimeout`."""
    usual = Patience()
    answer_s = seconds(settings, "wild.requestTimeout", usual.answer_s)
    outage_s = seconds(settings, "wild.outageTimeout", usual.outage_s)
    return replace(
        usual,
        connect_s=min(usual.connect_s, answer_s),
        answer_s=answer_s,
        first_contact_s=min(usual.first_contact_s, outage_s),
        outage_s=outage_s,
    )


def seconds(settings: Settings, key: str, usual: float) -> float:
    """Return a setting that is a number of seconds.

    Raises:
        InputError: it is something else.
    """
    value = settings.get(key)
    try:
        return usual if value is None else float(value)
    except ValueError as error:
        raise InputError(f"{key} is {value!r}, not a number of seconds", source="git config") from error


def _kubeconfig(instance: Instance, environment: Environment) -> Path | None:
    named = Path(environment.kubeconfig or KUBECONFIG).expanduser()
    path = next((root / named for root in _roots(instance) if (root / named).is_file()), None)
    if path is not None:
        _refuse_tracked(instance, path)
    elif environment.kubeconfig is not None:
        raise NoCluster(
            f"{instance.root / named}: the kubeconfig of the environment {environment.name} does not exist",
            hint=f"git config wild-environment.{environment.name}.kubeconfig FILE",
        )
    return path


def _roots(instance: Instance) -> Iterator[Path]:
    """Yield where a kubeconfig may lie: here; else, for a linked work tree, in the main one."""
    yield instance.root
    done = try_git(["rev-parse", "--path-format=absolute", "--git-common-dir"], cwd=instance.root)
    common = Path(os.fsdecode(done.stdout).rstrip("\n"))
    if common.name == ".git":
        yield common.parent


def _refuse_tracked(instance: Instance, path: Path) -> None:
    """A kubeconfig can name a program that makes credentials; one that came with a commit must not be run."""
    for place in dict.fromkeys((path, path.resolve())):
        done = try_git(["ls-files", "--error-unmatch", "--", str(place)], cwd=instance.root)
        if done.returncode == 0 or b"submodule" in done.stderr:
            raise InputError(
                "is tracked by git; a kubeconfig holds credentials and can run programs",
                source=str(path),
                hint=f"git rm --cached {path.name}, and list it in .gitignore",
            )
