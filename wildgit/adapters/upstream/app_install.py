"""A package installed as an app: compiled beside its place, then moved there in one rename.

Order: secrets.yaml, config.yaml, apps/<app>. Each is whole or as before, each keeps what is there
already, so an interrupted `add` is finished by running it again.
"""

from __future__ import annotations

import os
import secrets as randomness
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wildgit.adapters.files import sync_folder, write_atomically
from wildgit.adapters.instance import APPS, CONFIG, Instance, section
from wildgit.adapters.new_secrets import generate_secret, store_secrets
from wildgit.adapters.settings import Settings
from wildgit.adapters.upstream.installed_apps import InstalledApps, lock_of
from wildgit.adapters.upstream.wild_directory import Upstream
from wildgit.core.app.config_merge import app_sections
from wildgit.core.app.defaults import defaults_text, resolve_defaults
from wildgit.core.app.package import Package, PackageFile
from wildgit.core.app.package_lock import FILE as LOCK_FILE
from wildgit.core.app.package_lock import FOLDER as PACKAGE_FOLDER
from wildgit.core.app.package_lock import lock_text
from wildgit.core.app.render import build_world, read_values, render_package
from wildgit.core.app.requirements import refuse_cycle
from wildgit.core.app.secrets import SecretPath, missing_secrets
from wildgit.core.yaml_edit import add_defaults
from wildgit.core.yaml_values import load_mapping
from wildgit.errors import InputError


@dataclass(frozen=True)
class Installation:
    """What installing a package would write.

    Attributes:
        app: the installed name.
        package: what is installed.
        files: everything below apps/<app>, its `.package/` and lock included.
        defaults: YAML text of the app's part of config.yaml; only what is missing is added.
        secrets: what must be added to secrets.yaml.
        mapping: ref → installed app.
    """

    app: str
    package: Package
    files: Mapping[str, PackageFile]
    defaults: bytes
    secrets: Mapping[SecretPath, str]
    mapping: Mapping[str, str]


def plan_installation(
    instance: Instance,
    installed: InstalledApps,
    upstream: Upstream,
    settings: Settings,
    *,
    package_name: str,
    app: str,
    chosen: Mapping[str, str],
) -> Installation:
    """Return what installing a package as `app` would write.

    Args:
        instance: whose config.yaml and secrets.yaml the package is compiled with.
        installed: the apps that can serve its requirements.
        upstream: where the package is read from.
        settings: `wild.templateScope`.
        package_name: the package.
        app: the name it gets.
        chosen: ref → app, from the command line.

    Raises:
        InputError: the package is broken or hostile, or a requirement or a value is missing.
    """
    package = upstream.package(package_name)
    manifest = package.manifest
    if app != package_name and manifest.is_older_generation:
        raise InputError(
            f"{package_name} can't be installed as {app}: its templates read the name {package_name}",
            hint=f"only packages whose manifest has 'is:' take another name: git wild add {package_name}",
        )
    refuse_cycle(manifest.provides, upstream.manifest_of_type)
    mapping = installed.mapping(app, manifest, chosen)
    scope = settings.choice("wild.templateScope")
    defaults = _defaults(package, app, instance.config(), mapping, scope)
    filled = load_mapping(add_defaults(instance.config_text(), defaults, CONFIG), CONFIG)
    world = build_world(manifest, app, filled, mapping, scope=scope)
    pristine = render_package(package, world, app, mapping, scope=scope)
    _, reads = resolve_defaults(package, world, app)
    lock = lock_of(package, upstream.branch, read_values(world, pristine.reads | reads))
    files = {**pristine.files, LOCK_FILE: PackageFile(lock_text(lock), "")}
    files |= {f"{PACKAGE_FOLDER}/{path}": file for path, file in package.files.items()}
    secrets = missing_secrets(package, app, world, mapping, instance.secrets(), generate=generate_secret)
    return Installation(app, package, files, defaults, secrets, mapping)


def _defaults(
    package: Package, app: str, config: Mapping[str, object], mapping: Mapping[str, str], scope: str
) -> bytes:
    """Return the section of config.yaml that the package gives an app, as text."""
    manifest = package.manifest
    if app != manifest.name and manifest.default_config.get("namespace") == manifest.name:
        # Two installs of one package must not share a namespace, nor a host name made of it.
        config = _with_namespace(config, app)
    world = build_world(manifest, app, config, mapping, scope=scope)
    resolved, _ = resolve_defaults(package, world, app)
    resolved |= {key: value for key, value in section(config, "apps", app).items() if key == "namespace"}
    return app_sections([(app, defaults_text(package, resolved))])


def install(instance: Instance, installation: Installation) -> None:
    """Write the installation.

    Raises:
        InputError: apps/<app> exists already and is not empty.
    """
    folder = instance.app_folder(installation.app)
    remove_leftovers(instance)
    if folder.exists() and any(folder.iterdir()):
        raise InputError(
            f"{APPS}/{installation.app} exists and is not an installed app",
            hint=f"move it away: git mv {APPS}/{installation.app} elsewhere",
        )
    folder.parent.mkdir(exist_ok=True)
    temporary = folder.with_name(f".{installation.app}.{randomness.token_hex(4)}.tmp")
    try:
        _write_folder(temporary, installation.files)
        store_secrets(instance, installation.secrets)
        _store_defaults(instance, installation.defaults)
        temporary.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def adopt(
    instance: Instance, installed: InstalledApps, upstream: Upstream, settings: Settings, app: str
) -> str:
    """Write the lock of an app that has none, and return the upstream commit it was compiled from.

    `wild` keeps `.package/` too, but no lock. The commit is the newest of upstream whose package is
    `.package/` byte for byte; the values are today's.

    Raises:
        InputError: `.package/` is missing, or no commit of upstream has that package.
    """
    shown = f"{APPS}/{app}/{PACKAGE_FOLDER}"
    files = instance.package_files(app)
    if not files:
        raise InputError(
            "is missing, so nobody knows what the app was compiled from",
            source=shown,
            hint=f"move {APPS}/{app} away, git wild add {app}, and merge your edits in",
        )
    tree = upstream.repo.store_tree(files)
    name = installed.manifest(app).name
    path = upstream.path_of(name)
    for commit in upstream.repo.history_of(upstream.commit, path):
        if upstream.repo.tree_at(commit, path) == tree:
            break
    else:
        raise InputError(
            "is no version of the package that upstream ever had", source=shown, hint="git wild fetch"
        )
    package = upstream.repo.read_package(commit, path, tree)
    mapping = installed.mapping(app, package.manifest)
    scope = settings.choice("wild.templateScope")
    world = build_world(package.manifest, app, instance.config(), mapping, scope=scope)
    pristine = render_package(package, world, app, mapping, scope=scope)
    _, reads = resolve_defaults(package, world, app)
    lock = lock_of(package, upstream.branch, read_values(world, pristine.reads | reads))
    write_atomically(instance.app_folder(app) / LOCK_FILE, lock_text(lock))
    return commit


def complete(instance: Instance, installation: Installation) -> bool:
    """Add what config.yaml and secrets.yaml lack of an app whose folder is there; whether anything was."""
    before = instance.config_text(), instance.secrets_text()
    store_secrets(instance, installation.secrets)
    _store_defaults(instance, installation.defaults)
    return before != (instance.config_text(), instance.secrets_text())


def remove_leftovers(instance: Instance) -> None:
    """Remove what a killed `add` left beside its place; the caller holds the lock of the work tree."""
    for left in (instance.root / APPS).glob(".*.tmp"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
    for left in instance.root.glob(".*.yaml.*.tmp"):
        left.unlink(missing_ok=True)


def _with_namespace(config: Mapping[str, object], app: str) -> dict[str, object]:
    """config.yaml's values with the app's namespace set to its name, unless it is set already."""
    own = {"namespace": app, **section(config, "apps", app)}
    return {**config, "apps": {**section(config, "apps"), app: own}}


def _store_defaults(instance: Instance, defaults: bytes) -> None:
    with instance.config_locked():
        old = instance.config_text()
        new = add_defaults(old, defaults, CONFIG)
        if new != old:
            instance.write_config(new)


def _write_folder(folder: Path, files: Mapping[str, PackageFile]) -> None:
    mask = os.umask(0o022)
    os.umask(mask)
    for path, file in files.items():
        write_atomically(
            folder / path, file.data, mode=(0o777 if file.executable else 0o666) & ~mask, durable=False
        )
    for each in _folders(folder, files):
        sync_folder(each)


def _folders(folder: Path, files: Iterable[str]) -> set[Path]:
    return {(folder / path).parent for path in files}
