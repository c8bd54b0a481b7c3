"""`git wild apps`: the packages that upstream has, and which of them are installed."""

from __future__ import annotations

import click

from wildgit.errors import OK


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
    found = []
    for name in sorted(upstream.packages):
        manifest = upstream.manifest(name)
        found.append(
            {
                "name": name,
                "version": manifest.version if manifest else None,
                "description": manifest.description if manifest else "its manifest.yaml can't be read",
                "requires": [each.name for each in manifest.requires] if manifest else [],
                "installed": installs.get(name, []),
            }
        )
    if as_json:
        terminal.say_json(found)
        return OK
    rows = [
        (
            terminal.style(str(each["name"]), "name"),
            str(each["version"] or "?"),
            terminal.style(f"as {', '.join(installs[str(each['name'])])}", "good")
            if each["installed"]
            else "",
            " ".join(str(each["description"]).split()),
        )
        for each in found
    ]
    terminal.say_table(rows, header=("PACKAGE", "VERSION", "INSTALLED", "DESCRIPTION"))
    return OK


command = apps
