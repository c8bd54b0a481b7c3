"""`git wild update`: fetch upstream and merge it."""

from __future__ import annotations

import click

from wildgit.errors import UsageError


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("--rev", metavar="REV", help="Merge this upstream revision instead of the branch's tip.")
@click.option(
    "-X", "favor", type=click.Choice(["ours", "theirs"]), help="Settle every conflict for one side."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing but the fetched commits.")
@click.option("--branch", is_flag=True, help="On a new branch, wild-directory-update-DATE, for a review.")
@click.option("--per-app", is_flag=True, help="A commit for each app that merges cleanly, then the merge.")
@click.option("--summary", metavar="FILE", help="Write a summary for the review, in Markdown; - is stdout.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON document.")
def update(
    apps: tuple[str, ...],
    rev: str | None,
    favor: str | None,
    dry_run: bool,
    branch: bool,
    per_app: bool,
    summary: str | None,
    as_json: bool,
) -> int:
    """Fetch upstream and merge it into config.yaml and the manifests.

    The same as `git wild fetch` and `git wild merge`. Exit code 1: conflicts are left to resolve.

    With --branch, no branch is made where there is nothing new, or where a branch waits with all of it that
    merges cleanly. With --per-app, apps come after those that they require, and what conflicts comes last.
    """
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.upstream.merge_run import MergeRequest, merge_upstream
    from wildgit.adapters.upstream.wild_directory import fetch

    if summary == "-" and as_json:
        raise UsageError("--summary - and --json exclude each other: both are stdout")
    instance = Instance.find()
    instance.require_apps(apps)
    fetch(instance.root, quiet=True)
    request = MergeRequest(
        apps, rev, favor, dry_run, as_json=as_json, branch=branch, per_app=per_app, summary=summary
    )
    return merge_upstream(instance, request)


command = update
