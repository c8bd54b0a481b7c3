"""`git wild fetch`: fetch upstream, and say what is new for each app."""

from __future__ import annotations

import click

from wildgit.errors import OK


@click.command()
@click.option("-q", "--quiet", is_flag=True, help="Fetch only; say nothing.")
def fetch(quiet: bool) -> int:
    """Fetch upstream, and say what is new for each app."""
    from wildgit.adapters import terminal
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.settings import read_settings
    from wildgit.adapters.upstream import wild_directory
    from wildgit.adapters.upstream.installed_apps import InstalledApps

    instance = Instance.find()
    wild_directory.fetch(instance.root, quiet=quiet)
    if quiet:
        return OK
    repo = Repo(instance.root)
    upstream = wild_directory.find_upstream(repo, read_settings(instance.root))
    installed = InstalledApps(instance, repo)
    rows = []
    for name in filter(installed.has_lock, installed.names):
        lock = installed.lock(name)
        package = lock.path.rpartition("/")[2]
        if upstream.tree_of(package) == lock.tree:
            continue
        manifest = upstream.manifest(package)
        version = installed.manifest(name).version or "?"
        news = "gone from upstream" if manifest is None else f"{version} → {manifest.version or '?'}"
        rows.append((terminal.style(name, "name"), news, f"{lock.commit[:7]}..{upstream.commit[:7]}"))
    if rows:
        terminal.say_table(rows)
        terminal.remark("hint: git wild diff --upstream, then git wild update")
    else:
        terminal.say(f"up to date with {upstream.branch} at {upstream.commit[:7]}")
    return OK


command = fetch
