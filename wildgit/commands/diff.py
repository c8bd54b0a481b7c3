"""`git wild diff`: what we changed against the package, what upstream changed, what a deploy would change."""

from __future__ import annotations

import click

from wildgit.errors import NO, OK, UsageError


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("--custom", is_flag=True, help="What we changed against the pristine package (the default).")
@click.option("--upstream", is_flag=True, help="What upstream changed since we last merged it.")
@click.option("--cluster", is_flag=True, help="What a deploy would change in the cluster.")
@click.option("--env", "environment", metavar="NAME", help="With --cluster: the environment to compare with.")
@click.option(
    "--rev", metavar="REV", help="With --upstream: up to this revision instead of the branch's tip."
)
@click.option("--stat", is_flag=True, help="Only the files and how many lines changed.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if there are differences, as git diff does.")
def diff(
    *,
    apps: tuple[str, ...],
    custom: bool,
    upstream: bool,
    cluster: bool,
    environment: str | None,
    rev: str | None,
    stat: bool,
    exit_code: bool,
) -> int:
    """Show what we changed in apps, or what upstream did, as git shows a diff.

    Both sides are rendered, so a template that was rewritten and renders the same is no difference. With
    --cluster it is field by field what a deploy of the work tree would create, change and prune, as
    `deploy --dry-run` says it.
    """
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.upstream.pristine_diff import custom_sides, show_diff, upstream_sides

    if custom + upstream + cluster > 1:
        raise UsageError("--custom, --upstream and --cluster exclude each other")
    if cluster:
        return _against_cluster(apps, environment, stat=stat, exit_code=exit_code)
    if environment:
        raise UsageError("--env goes with --cluster")
    if rev and not upstream:
        raise UsageError("--rev goes with --upstream")
    instance = Instance.find()
    names = instance.require_apps(apps)
    repo = Repo(instance.root)
    sides = upstream_sides(instance, repo, names, rev) if upstream else custom_sides(instance, repo, names)
    differs = show_diff(instance.root, *sides, stat=stat)
    return NO if differs and exit_code else OK


def _against_cluster(apps: tuple[str, ...], environment: str | None, *, stat: bool, exit_code: bool) -> int:
    from wildgit.adapters.cluster.deploy_run import DeployRun, RunOptions
    from wildgit.adapters.instance import Instance

    if stat:
        raise UsageError("--stat does not go with --cluster")
    instance = Instance.find()
    run = DeployRun.open(instance, RunOptions(dry_run=True, environment=environment))
    plans = run.show_plans(instance.require_apps(apps))
    return NO if exit_code and any(plan.has_writes for plan in plans) else OK


command = diff
