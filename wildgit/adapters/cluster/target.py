"""Which cluster an instance is deployed to, opened."""

from __future__ import annotations

from dataclasses import astuple, replace
from pathlib import Path

from wildgit.adapters.cluster.api_server import Patience
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.git.process import try_git
from wildgit.adapters.instance import KUBECONFIG, Instance
from wildgit.adapters.settings import Settings
from wildgit.core.cluster.environment import Environment, find_environment
from wildgit.errors import InputError

_BRIEF_S = 3.0


def open_cluster(
    instance: Instance, settings: Settings, name: str | None = None, *, is_brief: bool = False
) -> tuple[Cluster, Environment]:
    """Return the cluster of the environment `name`, or of the current branch's; nothing is sent to it yet.

    Args:
        instance: whose cluster it is.
        settings: in force there.
        name: of an environment.
        is_brief: somebody looks on: give up on a silent cluster after a few seconds.

    Raises:
        InputError: there is no such environment, or its kubeconfig can't be used.
        ClusterError: no kubeconfig says which cluster it is.
    """
    done = try_git(["symbolic-ref", "--quiet", "--short", "HEAD"], cwd=instance.root)
    branch = done.stdout.decode().strip() or None
    environment = find_environment(settings.values, branch, name)
    kubeconfig = _kubeconfig(instance, environment)
    patience = read_patience(settings)
    if is_brief:
        patience = Patience(*(min(seconds, _BRIEF_S) for seconds in astuple(patience)))
    return Cluster.connect(kubeconfig, environment.context, patience), environment


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
    if environment.kubeconfig is None:
        own = instance.root / KUBECONFIG
        return own if own.is_file() else None
    path = instance.root / Path(environment.kubeconfig).expanduser()
    if not path.is_file():
        raise InputError(
            f"the kubeconfig of the environment {environment.name} does not exist", source=str(path)
        )
    _refuse_tracked(instance, path)
    return path


def _refuse_tracked(instance: Instance, path: Path) -> None:
    """A kubeconfig can name a program that makes credentials; one that came with a commit must not be run."""
    if try_git(["ls-files", "--error-unmatch", "--", str(path)], cwd=instance.root).returncode == 0:
        raise InputError(
            "is tracked by git; a kubeconfig holds credentials and can run programs",
            source=str(path),
            hint=f"git rm --cached {path.name}, and list it in .gitignore",
        )
