"""What the instance says of an app: everything that a deploy needs to know besides the cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from wildgit.adapters.cluster.builds import start_build
from wildgit.adapters.cluster.kustomize import Build
from wildgit.adapters.git.process import run_git
from wildgit.adapters.instance import APPS, Instance, section
from wildgit.core.app.package import Manifest
from wildgit.core.app.secrets import secret_data
from wildgit.core.cluster.deploy_record import UNCOMMITTED
from wildgit.core.cluster.desired_state import AppSecret, app_secret_names, is_placeholder, namespace_of
from wildgit.core.cluster.kube_objects import Object
from wildgit.errors import GitError, InputError, WildgitError

_STAND_IN = "not-known-here"


@dataclass(frozen=True)
class AppSource:
    """One app as its folder, config.yaml and secrets.yaml have it."""

    name: str
    namespace: str
    built: tuple[Object, ...]
    secrets: tuple[AppSecret, ...]
    commit: str  # HEAD; `-dirty` behind it where the app's folder has changes that are not in it


def read_source(
    instance: Instance,
    app: str,
    build: Build | None = None,
    *,
    commit: str | None = None,
    secrets: Mapping[str, object] | None = None,
) -> AppSource:
    """Return what `app` should be.

    Args:
        instance: where it is installed.
        app: its name.
        build: of its folder, if one was started already.
        commit: whose folder it is; None for the work tree's, which is found out.
        secrets: in place of the values of secrets.yaml.

    Raises:
        InputError: it does not build, or a secret is missing or still a placeholder.
        GitError: there is no commit yet.
    """
    build = build or start_build(instance, app)
    # The rest is read while kubectl builds.
    manifest = instance.manifest(app)
    configured = section(instance.config(), "apps", app).get("namespace")
    values = instance.secrets() if secrets is None else secrets
    commit = commit or deployed_commit(instance, app)
    built = build.resources()
    namespace = namespace_of(app, built, configured)
    found = _secrets(instance, app, values, [manifest.name, namespace], built)
    return AppSource(app, namespace, tuple(built), tuple(found), commit)


def stand_in_secrets(instance: Instance) -> dict[str, object]:
    """Return a secrets.yaml that has every declared secret, with no value that means anything.

    For a clone that has none, as on a forge: what is planned there can name secrets, and no more.
    """
    manifests = {app: instance.manifest(app) for app in instance.app_names()}
    return {"apps": {app: dict.fromkeys(_keys(manifest), _STAND_IN) for app, manifest in manifests.items()}}


def _keys(manifest: Manifest) -> Iterator[str]:
    yield from (secret.key for secret in manifest.default_secrets)
    for reference in manifest.required_secrets:
        yield reference.key if manifest.is_older_generation else reference.stored_as


def required_apps(instance: Instance, manifest: Manifest) -> dict[str, str]:
    """Return ref → installed app for what a package requires.

    Raises:
        InputError: nothing that is installed serves a requirement.
    """
    found = {}
    installed = instance.app_names()
    for requirement in manifest.requires:
        app = requirement.installed_as or requirement.name
        if app not in installed:
            raise InputError(
                f"{manifest.name} requires {requirement.name}, and {app} is not installed",
                hint=f"git wild add {requirement.name}",
            )
        found[requirement.ref] = app
    return found


def requirements_of_all(instance: Instance, *, broken_ok: Collection[str] = ()) -> dict[str, list[str]]:
    """Return every installed app → the installed apps that it requires; what is not installed is left out.

    Args:
        instance: where.
        broken_ok: apps that require nothing where their manifest can't be read; their own
            deploy says so.

    Raises:
        InputError: the manifest of another app can't be read.
    """
    installed = instance.app_names()

    def required(app: str) -> list[str]:
        try:
            requires = instance.manifest(app).requires
        except InputError:
            if app not in broken_ok:
                raise
            return []
        names = (requirement.installed_as or requirement.name for requirement in requires)
        return [name for name in names if name in installed]

    return {app: required(app) for app in installed}


def own_secrets(instance: Instance, apps: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return app → what its Secret should hold, as plain text; what is broken is left out."""
    values = instance.secrets()
    found = {}
    for app in apps:
        with suppress(WildgitError):
            found[app] = secret_data(instance.manifest(app), app, values)
    return found


def deployed_commit(instance: Instance, app: str) -> str:
    """Return HEAD's id, with `-dirty` behind it where the app's folder is not what HEAD has.

    Raises:
        GitError: there is no commit yet.
    """
    arguments = ["status", "--porcelain=v2", "--branch", "--untracked-files=all", "--", f"{APPS}/{app}"]
    lines = run_git(arguments, cwd=instance.root).decode("utf-8", "replace").splitlines()
    head = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), "(initial)")
    if head == "(initial)":
        raise GitError("there is no commit yet that could be recorded", hint="git add -A && git commit")
    return head + (UNCOMMITTED if any(not line.startswith("# ") for line in lines) else "")


def _secrets(
    instance: Instance,
    app: str,
    values: Mapping[str, object],
    other_names: list[str],
    built: list[Object],
) -> list[AppSecret]:
    """Return the app's own Secret and those of the apps it requires, under every name its manifests use."""
    manifest = instance.manifest(app)
    found = _named(app, secret_data(manifest, app, values), other_names, built)
    for ref, required in required_apps(instance, manifest).items():
        theirs = instance.manifest(required)
        data = secret_data(theirs, required, values)
        found += _named(required, data, [ref, theirs.name], built)
    _refuse_placeholders(app, found)
    return list({secret.name: secret for secret in reversed(found)}.values())[::-1]


def _named(app: str, data: Mapping[str, str], other_names: list[str], built: list[Object]) -> list[AppSecret]:
    if not data:
        return []
    return [AppSecret(name, data) for name in app_secret_names(other_names, app, built)]


def _refuse_placeholders(app: str, secrets: list[AppSecret]) -> None:
    for secret in secrets:
        for key, value in secret.data.items():
            if is_placeholder(value):
                owner = secret.name.removesuffix("-secrets")
                raise InputError(
                    f"{app}: the secret {key} of {owner} is empty or a placeholder",
                    hint=f"git wild secret set apps.{owner}.{key}",
                )
