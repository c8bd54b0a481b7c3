"""`git wild deploy`: make the cluster match."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wildgit.errors import OK, UsageError

if TYPE_CHECKING:
    from wildgit.adapters.instance import Instance


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("--all", "every", is_flag=True, help="All installed apps.")
@click.option("--changed", is_flag=True, help="The apps that git has otherwise than the cluster.")
@click.option("--with-dependencies", is_flag=True, help="First deploy what the apps require, in order.")
@click.option("--dry-run", is_flag=True, help="Say what would be created, changed and pruned; write nothing.")
@click.option("--offline", is_flag=True, help="With --dry-run: ask no cluster, and plan for an empty one.")
@click.option("--against", metavar="REV", help="With --offline: plan for a cluster that has what REV says.")
@click.option("--summary", metavar="FILE", help="With --dry-run: write the plan in Markdown; - is stdout.")
@click.option("--frozen", is_flag=True, help="Refuse if config.yaml moved since the last compile.")
@click.option("--wait", is_flag=True, help="Follow rollouts, jobs and claims to their end.")
@click.option(
    "--timeout", type=click.FloatRange(0), default=300, show_default=True, help="Seconds to wait for one app."
)
@click.option("--no-restart", is_flag=True, help="Leave workloads running with the secrets that they have.")
@click.option("--prune-data", is_flag=True, help="Prune claims, volumes and definitions, too.")
@click.option("--env", "environment", metavar="NAME", help="The environment to deploy to.")
@click.option("--json", "as_json", is_flag=True, help="Print what happens as JSON, one event a line.")
def deploy(
    *,
    apps: tuple[str, ...],
    every: bool,
    changed: bool,
    with_dependencies: bool,
    dry_run: bool,
    offline: bool,
    against: str | None,
    summary: str | None,
    frozen: bool,
    wait: bool,
    timeout: float,
    no_restart: bool,
    prune_data: bool,
    environment: str | None,
    as_json: bool,
) -> int:
    """Make the cluster match what git says.

    Nothing is written before the server has tried all of it. What was applied before and is no more in git
    goes away, but never a namespace, and no claim without --prune-data. What fails half-way stays as far as
    it came: run it again. Of several apps, one that fails holds up only those that require it. Secret values
    are never printed.

    With --changed it is the apps whose folder or part of config.yaml is not as in the commit that the
    cluster says was deployed, and those that were never deployed.
    """
    from wildgit.adapters.cluster.builds import start_build
    from wildgit.adapters.instance import Instance

    _refuse_nonsense(dry_run=dry_run, offline=offline, against=against, summary=summary, as_json=as_json)
    if changed and (apps or every or offline):
        raise UsageError("--changed finds the apps by itself: it goes with neither APP, --all nor --offline")
    instance = Instance.find()
    if offline:
        return _preview(instance, apps, every=every, against=against, summary=summary, as_json=as_json)
    builds = {app: start_build(instance, app) for app in _first(instance, apps)}
    # kubectl builds while we import: for a small app each takes as long as the other.
    from wildgit.adapters.cluster.deploy_run import DeployRun, RunOptions, named_apps

    named = [] if changed else named_apps(instance, apps, every=every)
    options = RunOptions(
        with_dependencies=with_dependencies,
        dry_run=dry_run,
        frozen=frozen,
        wait=wait,
        timeout_s=timeout,
        restart=not no_restart,
        prune_data=prune_data,
        environment=environment,
        as_json=as_json,
        summary=summary,
    )
    run = DeployRun.open(instance, options)
    for app, build in builds.items():
        run.use_build(app, build)
    if changed:
        run.deploy_changed()
    else:
        run.deploy(named)
    return OK


def _preview(
    instance: Instance,
    apps: tuple[str, ...],
    *,
    every: bool,
    against: str | None,
    summary: str | None,
    as_json: bool,
) -> int:
    from wildgit.adapters.cluster.deploy_preview import preview
    from wildgit.adapters.cluster.deploy_run import named_apps
    from wildgit.adapters.cluster.plan_output import PlanOutput

    named = named_apps(instance, apps, every=every)
    preview(instance, named, against=against, output=PlanOutput(summary, as_json))
    return OK


def _first(instance: Instance, apps: tuple[str, ...]) -> tuple[str, ...]:
    """Return the app that is built first for sure; none where that takes thought."""
    return apps if len(apps) == 1 and apps[0] in instance.app_names() else ()


def _refuse_nonsense(
    *, dry_run: bool, offline: bool, against: str | None, summary: str | None, as_json: bool
) -> None:
    if offline and not dry_run:
        raise UsageError("--offline only goes with --dry-run")
    if against is not None and not offline:
        raise UsageError("--against only goes with --offline: a cluster says itself what it has")
    if summary is not None and not dry_run:
        raise UsageError("--summary only goes with --dry-run: it is a plan")
    if summary == "-" and as_json:
        raise UsageError("--summary - and --json exclude each other: both are stdout")


command = deploy
