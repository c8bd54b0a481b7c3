"""Where each app stands before the cluster is asked: against upstream, config.yaml, and git."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wildgit.adapters import terminal
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.git.work_tree import uncommitted_by_app
from wildgit.adapters.instance import Instance
from wildgit.adapters.settings import REMOTE, Settings, read_settings
from wildgit.adapters.upstream.installed_apps import InstalledApps
from wildgit.adapters.upstream.wild_directory import Upstream, find_upstream
from wildgit.core.app.defaults import resolve_defaults
from wildgit.core.app.render import build_world, read_values, render_package
from wildgit.core.app.update import pristine_files
from wildgit.core.yaml_values import is_same
from wildgit.errors import WildgitError


@dataclass(frozen=True)
class LocalStatus:
    """One app, as far as files and git tell.

    Attributes:
        app: the installed name.
        version: of the installed package.
        upstream_version: what upstream has; None where that is not known or the package is gone.
        news: `behind`, `gone`, or "" for up to date and unknown.
        customised: the files that people changed against the pristine package.
        stale: config.yaml moved since the app was compiled.
        mixed: the committed `.package/` is not what its lock names: git merged two packages into one.
        uncommitted: the app's folder has changes that are not committed.
        problem: why the app can't be judged; "" for nothing.
    """

    app: str
    version: str
    upstream_version: str | None = None
    news: str = ""
    customised: tuple[str, ...] = ()
    stale: bool = False
    mixed: bool = False
    uncommitted: bool = False
    problem: str = ""


def read_local_status(instance: Instance, repo: Repo, apps: Sequence[str]) -> list[LocalStatus]:
    """Return where `apps` stand. An app that is broken is reported as such; it does not hide the others."""
    installed = InstalledApps(instance, repo)
    settings = read_settings(instance.root)
    scope = settings.choice("wild.templateScope")
    config = instance.config()
    upstream = _find_upstream(repo, settings)
    uncommitted = uncommitted_by_app(instance.root)
    found = []
    for name in apps:
        try:
            found.append(_read(name, installed, upstream, config, scope, uncommitted=name in uncommitted))
        except WildgitError as error:
            found.append(LocalStatus(name, "?", uncommitted=name in uncommitted, problem=error.message))
    return found


def _find_upstream(repo: Repo, settings: Settings) -> Upstream | None:
    """Return upstream as fetched; without it, nothing is said of it."""
    if not repo.remote_branches(REMOTE):
        return None
    try:
        return find_upstream(repo, settings)
    except WildgitError as error:
        terminal.warn(f"nothing is said of upstream: {error.message}", hint=error.hint)
        return None


def _read(
    name: str,
    installed: InstalledApps,
    upstream: Upstream | None,
    config: dict[str, object],
    scope: str,
    *,
    uncommitted: bool,
) -> LocalStatus:
    app = installed.read(name)
    manifest = app.package.manifest
    news, upstream_version = _compare(app.lock.path.rpartition("/")[2], app.lock.tree, upstream)
    world = build_world(manifest, name, config, app.mapping, scope=scope)
    try:
        pristine = render_package(app.package, world, name, app.mapping, scope=scope)
        _, reads = resolve_defaults(app.package, world, name)
        stale = not is_same(read_values(world, pristine.reads | reads), app.lock.values)
    except WildgitError:
        stale = True  # config.yaml has lost a value that the templates read
    if stale:
        contents = pristine_files(app, scope=scope)
    else:
        contents = {path: file.data for path, file in pristine.files.items()}
    ours = {path: file.data for path, file in app.files.items()}
    customised = tuple(
        sorted(path for path in contents.keys() | ours.keys() if contents.get(path) != ours.get(path))
    )
    mixed = not uncommitted and installed.package_tree(name) not in (None, app.lock.tree)
    return LocalStatus(name, manifest.version, upstream_version, news, customised, stale, mixed, uncommitted)


def _compare(package: str, tree: str, upstream: Upstream | None) -> tuple[str, str | None]:
    if upstream is None:
        return "", None
    theirs = upstream.tree_of(package)
    if theirs is None:
        return "gone", None
    manifest = upstream.manifest(package)
    version = manifest.version if manifest else None
    return ("" if theirs == tree else "behind"), version
