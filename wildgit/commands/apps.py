"""`git wild apps`: the packages that upstream has, and which of them are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from wildgit.errors import OK

if TYPE_CHECKING:
    from wildgit.core.app.package import Manifest


@click.command()
@click.option("--rev", metavar="REV", help="Look at this upstream revision instead of the branch's tip.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def apps(rev: str | None, as_json: bool) -> int:
    """List the packages that upstream has, and which of them are installed."""
    from wildgit.adapters import terminal
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.settings import read_settings
    from wildgit.adapters.upstream.installed_apps import InstalledApps
    from wildgit.adapters.upstream.wild_directory import find_upstream

    instance = Instance.find()
    repo = Repo(instance.root)
    upstream = find_upstream(repo, read_settings(instance.root), rev)
    installed = InstalledApps(instance, repo)
    installs: dict[str, list[str]] = {}
    for name in filter(installed.has_lock, installed.names):
        package = installed.lock(name).path.rpartition("/")[2]
        installs.setdefault(package, []).append(name)
    found = [
        _Row(name, upstream.manifest(name), installs.get(name, [])) for name in sorted(upstream.packages)
    ]
    if as_json:
        terminal.say_json([each.described() for each in found])
    else:
        header = ("PACKAGE", "VERSION", "INSTALLED", "DESCRIPTION")
        terminal.say_table([each.cells() for each in found], header=header)
    return OK


class _Row(NamedTuple):
    """A package, its manifest if that can be read, and the apps that it is installed as."""

    name: str
    manifest: Manifest | None
    installs: list[str]

    @property
    def description(self) -> str:
        return self.manifest.description if self.manifest else "its manifest.yaml can't be read"

    def described(self) -> dict[str, object]:
        """Return it for scripts."""
        manifest = self.manifest
        return {
            "name": self.name,
            "version": manifest.version if manifest else None,
            "description": self.description,
            "requires": [each.name for each in manifest.requires] if manifest else [],
            "installed": self.installs,
        }

    def cells(self) -> tuple[str, ...]:
        """Return its line of the table."""
        from wildgit.adapters import terminal

        return (
            terminal.style(self.name, "name"),
            (self.manifest and self.manifest.version) or "?",
            terminal.style(f"as {', '.join(self.installs)}", "good") if self.installs else "",
            " ".join(self.description.split()),
        )


command = apps
