"""`git wild update`: fetch upstream and merge it."""

from __future__ import annotations

import click


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("--rev", metavar="REV", help="Merge this upstream revision instead of the branch's tip.")
@click.option(
    "-X", "favor", type=click.Choice(["ours", "theirs"]), help="Settle every conflict for one side."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing but the fetched commits.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON document.")
def update(apps: tuple[str, ...], rev: str | None, favor: str | None, dry_run: bool, as_json: bool) -> int:
    """Fetch upstream and merge it into config.yaml and the manifests.

    The same as `git wild fetch` and `git wild merge`. Exit code 1: conflicts are left to resolve.
    """
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.merge_run import merge_upstream
    from wildgit.adapters.upstream import fetch

    instance = Instance.find()
    instance.require_apps(apps)
    fetch(instance.root, quiet=True)
    return merge_upstream(instance, apps, revision=rev, favor=favor, dry_run=dry_run, as_json=as_json)


command = update
