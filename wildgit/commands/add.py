"""`git wild add`: compile a package into apps/<app>, and fill config.yaml and secrets.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wildgit.errors import OK, UsageError

if TYPE_CHECKING:
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.upstream.app_install import Installation
    from wildgit.adapters.upstream.installed_apps import InstalledApps


@click.command()
@click.argument("package", metavar="APP")
@click.option("--as", "name", metavar="NAME", help="Install it under another name.")
@click.option("--with", "chosen", metavar="REF=APP", multiple=True, help="The app that serves a requirement.")
@click.option("--rev", metavar="REV", help="Take it from this upstream revision instead of the branch's tip.")
def add(package: str, name: str | None, chosen: tuple[str, ...], rev: str | None) -> int:
    """Add a package of upstream as an app.

    Compiles it into apps/APP, fills config.yaml with its defaults and secrets.yaml with new secrets.
    What is set there already stays, and a secret that exists is never made again.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.git.merge_state import MergeState
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.instance import APPS, Instance
    from wildgit.adapters.settings import read_settings
    from wildgit.adapters.upstream import app_install
    from wildgit.adapters.upstream.installed_apps import InstalledApps
    from wildgit.adapters.upstream.wild_directory import find_upstream
    from wildgit.core.app.package import check_app_name

    app = check_app_name(name or package)
    check_app_name(package)
    instance = Instance.find()
    repo = Repo(instance.root)
    settings = read_settings(instance.root)
    upstream = find_upstream(repo, settings, rev)
    with MergeState(repo).exclusive():
        installed = InstalledApps(instance, repo)
        if app in installed.names and not installed.has_lock(app):
            commit = app_install.adopt(instance, installed, upstream, settings, app)
            terminal.say(f"adopted {APPS}/{app}, which was compiled from {commit[:7]}")
            terminal.remark(f"hint: git wild diff {app} shows what was changed since; commit the lock")
            return OK
        installation = app_install.plan_installation(
            instance, installed, upstream, settings, package_name=package, app=app, chosen=_pairs(chosen)
        )
        if app in installed.names:
            return _complete(instance, installed, installation)
        app_install.install(instance, installation)
    version = installation.package.manifest.version
    terminal.say(f"added {app} {version} from {upstream.commit[:7]} to {APPS}/{app}")
    for ref, serving in installation.mapping.items():
        terminal.say(f"  {ref} is served by {serving}")
    for owner, key in installation.secrets:
        terminal.say(f"  added the secret apps.{owner}.{key}")
    terminal.remark(
        f'hint: git add {APPS}/{app} config.yaml && git commit -m "feat({app}): add {app} {version}"'
    )
    return OK


def _complete(instance: Instance, installed: InstalledApps, installation: Installation) -> int:
    """The app is there: finish what an interrupted run left out, or say that there is nothing to do."""
    from wildgit.adapters import terminal
    from wildgit.adapters.upstream import app_install
    from wildgit.errors import InputError

    app, package = installation.app, installation.package
    lock = installed.lock(app)
    if lock.tree != package.tree:
        raise InputError(
            f"{app} is installed already, from another version of the package ({lock.commit[:7]})",
            hint=f"git wild update {app}; or once more: git wild add {package.manifest.name} --as NAME",
        )
    if app_install.complete(instance, installation):
        terminal.say(f"{app} was installed already; added what config.yaml and secrets.yaml lacked")
    else:
        terminal.say(f"{app} is installed already")
    return OK


def _pairs(chosen: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for item in chosen:
        ref, equals, app = item.partition("=")
        if not (ref and equals and app):
            raise UsageError(f"--with {item!r} is not REF=APP", hint="--with db=postgres")
        pairs[ref] = app
    return pairs


command = add
