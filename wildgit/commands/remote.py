"""`git wild remote`: show or set the upstream."""

from __future__ import annotations

import click

from wildgit.errors import OK


@click.command()
@click.argument("url", required=False)
@click.option("--branch", metavar="NAME", help="The upstream branch to follow.")
@click.option("--packages-path", metavar="FOLDER", help="The folder of upstream that holds the packages.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def remote(url: str | None, branch: str | None, packages_path: str | None, as_json: bool) -> int:
    """Show or set the upstream: its URL, branch and folder.

    Without a branch, upstream's HEAD is followed, else main. Without a folder, packages are looked
    for in apps/ and at the root.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.git.process import run_git
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.instance_setup import absolute_url
    from wildgit.adapters.settings import REMOTE, read_settings
    from wildgit.adapters.upstream import wild_directory

    root = Instance.find().root
    if url is not None:
        wild_directory.add_remote(root, absolute_url(url))
    for key, value in (("wild.branch", branch), ("wild.packagesPath", packages_path)):
        if value is not None:
            run_git(["config", "--local", key, value], cwd=root)
    repo = Repo(root)
    found = repo.remote_url(REMOTE)
    shown: dict[str, str | None] = {
        "remote": REMOTE,
        "url": wild_directory.shown_url(found) if found else None,
    }
    if repo.remote_branches(REMOTE):
        upstream = wild_directory.find_upstream(repo, read_settings(root))
        shown |= {"branch": upstream.branch, "commit": upstream.commit, "packages": upstream.folder or "."}
    if as_json:
        terminal.say_json(shown)
    else:
        terminal.say_table([(name, value or "not set") for name, value in shown.items()])
        if shown["url"] is None:
            terminal.remark("hint: git wild remote URL")
        elif "commit" not in shown:
            terminal.remark("hint: git wild fetch")
    return OK


command = remote
