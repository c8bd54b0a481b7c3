"""`git wild diff`: what we changed against the pristine package, and what upstream changed since."""

from __future__ import annotations

import click

from wildgit.errors import NO, OK, UsageError


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("--custom", is_flag=True, help="What we changed against the pristine package (the default).")
@click.option("--upstream", is_flag=True, help="What upstream changed since we last merged it.")
@click.option(
    "--rev", metavar="REV", help="With --upstream: up to this revision instead of the branch's tip."
)
@click.option("--stat", is_flag=True, help="Only the files and how many lines changed.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if there are differences, as git diff does.")
def diff(
    apps: tuple[str, ...], custom: bool, upstream: bool, rev: str | None, stat: bool, exit_code: bool
) -> int:
    """Show what we changed in apps, or what upstream did, as git shows a diff.

    Both sides are rendered, so a template that was rewritten and renders the same is no difference.
    """
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.pristine_diff import custom_sides, show_diff, upstream_sides

    if custom and upstream:
        raise UsageError("--custom and --upstream exclude each other")
    if rev and not upstream:
        raise UsageError("--rev goes with --upstream")
    instance = Instance.find()
    names = instance.require_apps(apps)
    repo = Repo(instance.root)
    sides = upstream_sides(instance, repo, names, rev) if upstream else custom_sides(instance, repo, names)
    differs = show_diff(instance.root, *sides, stat=stat)
    return NO if differs and exit_code else OK


command = diff
