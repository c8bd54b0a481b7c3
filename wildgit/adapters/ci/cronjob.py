"""The watch over drift from inside the cluster, as an app of the instance: `apps/wild-drift`."""

from __future__ import annotations

import re
import shlex

from wildgit.adapters.ci.pipelines import CiFile, compare, pip_requirement, render_template, url_for_others
from wildgit.adapters.cluster.builds import start_build
from wildgit.adapters.cluster.target import checked_out
from wildgit.adapters.instance import APPS, Instance
from wildgit.adapters.settings import Settings
from wildgit.core.cluster.environment import DEFAULT_NAME, Environment, find_environment
from wildgit.core.cluster.kube_objects import is_custom
from wildgit.core.pipelines import plain, stamped
from wildgit.errors import InputError

APP = "wild-drift"
_FILES = (
    "manifest.yaml",
    "kustomization.yaml",
    "namespace.yaml",
    "access.yaml",
    "only-dry-runs.yaml",
    "cronjob.yaml",
)
_SSH = re.compile(r"(?:ssh://)?(?:[^@/]+@)?(?P<host>[^:/]+)(?::\d+/|[:/])(?P<path>.+)")


def render_cronjob(
    instance: Instance, settings: Settings, environment: str | None, *, install: str | None, image: str
) -> list[CiFile]:
    """Return the files of the app, and how each stands to what is there.

    Args:
        instance: whose repository is cloned by the job, from its `origin`.
        settings: name the environments.
        environment: the one whose cluster it is; None for the branch's.
        install: what pip installs; None for this version, "" where the image has git wild.
        image: has git, and Python if something is installed.

    Raises:
        InputError: there is no origin, or a setting can't stand in a manifest.
    """
    branches = checked_out(instance.root)
    chosen = find_environment(settings.values, branches, environment, from_any_branch=True)
    facts = {
        "image": plain("image", image),
        "install": pip_requirement(install),
        "url": shlex.quote(https_url(instance)),
        "branch": shlex.quote(plain("branch", _branch(chosen, branches))),
        "environment": "" if chosen.name == DEFAULT_NAME else plain("environment", chosen.name),
        "groups": custom_groups(instance),
    }
    texts = {name: stamped(render_template(f"cronjob/{name}.j2", facts)) for name in _FILES}
    return [compare(instance, f"{APPS}/{APP}/{name}", text) for name, text in texts.items()]


def https_url(instance: Instance) -> str:
    """Return how the job reaches the repository: a token goes over https, so an ssh URL becomes one.

    Raises:
        InputError: there is no origin.
    """
    url = url_for_others(instance, "origin")
    if not url:
        raise InputError("there is no remote origin to clone from", hint="git remote add origin URL")
    if "://" in url and not url.startswith("ssh://"):
        return url
    match = None if url.startswith(("/", ".")) else _SSH.fullmatch(url)
    return f"https://{match['host']}/{match['path']}" if match else url


def custom_groups(instance: Instance) -> list[str]:
    """Return the API groups of the custom resources that the apps build, sorted."""
    groups = set()
    for app in instance.app_names():
        if app != APP:
            groups |= {
                obj["apiVersion"].rpartition("/")[0]
                for obj in start_build(instance, app).resources()
                if is_custom(obj)
            }
    return sorted(groups)


def _branch(environment: Environment, branches: tuple[str, ...]) -> str:
    branch = environment.branch or next(iter(branches), None)
    if branch is None:
        raise InputError("HEAD is detached: it is not known which branch is deployed", hint="git switch main")
    return branch
